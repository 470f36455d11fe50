import { hash } from 'node:crypto';
import { integerBetween, type Random, seededRandom } from './random.js';
import type { ShopClock } from './shop-clock.js';

export interface BasketLine {
  readonly externalId: string;
  readonly units: number;
}

export interface ShoppersOptions {
  readonly clock: ShopClock;
  /** What is on offer, in any order. Asked once per change. */
  readonly offers: () => readonly { readonly externalId: string; readonly sku: string }[];
  /** Takes what these shoppers want to buy, in the order they came. */
  readonly buy: (baskets: readonly (readonly BasketLine[])[], random: Random) => void;
}

/** Shoppers of one channel: they come as a Poisson process and choose popular goods more often, decided by a seed alone. */
export class Shoppers {
  readonly #options: ShoppersOptions;
  #perSecond = 0;
  #random: Random = seededRandom(0);
  #nextAt = 0;
  #shelf: Shelf | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(options: ShoppersOptions) {
    this.#options = options;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** Replaces the shoppers there are. 0 per second: no shopper comes any more. */
  start(perSecond: number, seed: number): void {
    this.stop();
    if (perSecond === 0) return;
    this.#perSecond = perSecond;
    this.#random = seededRandom(seed);
    this.#nextAt = this.#options.clock.now() + this.#gapMs();
    this.#wait();
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#perSecond = 0;
  }

  /** The listings changed. */
  offersChanged(): void {
    this.#shelf = undefined;
  }

  #wait(): void {
    const untilNextMs = this.#nextAt - this.#options.clock.now();
    this.#cancelTimer = this.#options.clock.after(Math.max(LEAST_PAUSE_MS, Math.ceil(untilNextMs)), () => this.#shop());
  }

  /** All who came since the last time buy in one go: one transaction however many they are. */
  #shop(): void {
    const now = this.#options.clock.now();
    this.#nextAt = Math.max(this.#nextAt, now - MOST_CATCH_UP_MS);
    this.#shelf ??= shelfOf(this.#options.offers());
    const baskets: BasketLine[][] = [];
    for (; this.#nextAt <= now; this.#nextAt += this.#gapMs()) {
      if (this.#shelf.externalIds.length > 0) baskets.push(fillBasket(this.#shelf, this.#random));
    }
    if (baskets.length > 0) this.#options.buy(baskets, this.#random);
    this.#wait();
  }

  #gapMs(): number {
    return (-Math.log(1 - this.#random()) / this.#perSecond) * 1_000;
  }
}

const LEAST_PAUSE_MS = 10;
/** After a standstill the shoppers of the last moments come, not those of an hour. */
const MOST_CATCH_UP_MS = 500;
const MOST_LINES = 3;
const MOST_UNITS = 2;
/** Larger: the most popular goods stand out less. */
const POPULARITY_OFFSET = 10;

interface Shelf {
  readonly externalIds: readonly string[];
  /** Per listing, the weight of it and of all before it. */
  readonly weights: readonly number[];
}

/** Popularity follows Zipf. Its order comes from the SKU, so a SKU is as popular on every channel. */
function shelfOf(offers: readonly { readonly externalId: string; readonly sku: string }[]): Shelf {
  const ranked = offers
    .map(({ externalId, sku }) => ({ externalId, rank: hash('sha1', sku) }))
    .sort((left, right) => (left.rank < right.rank ? -1 : left.rank > right.rank ? 1 : 0));
  let total = 0;
  const weights = ranked.map((_, index) => (total += 1 / (index + POPULARITY_OFFSET)));
  return { externalIds: ranked.map(({ externalId }) => externalId), weights };
}

function fillBasket(shelf: Shelf, random: Random): BasketLine[] {
  const wanted = integerBetween(random, 1, MOST_LINES);
  const basket = new Map<string, BasketLine>();
  for (let line = 0; line < wanted; line++) {
    const externalId = chooseFrom(shelf, random);
    basket.set(externalId, { externalId, units: integerBetween(random, 1, MOST_UNITS) });
  }
  return [...basket.values()];
}

function chooseFrom({ externalIds, weights }: Shelf, random: Random): string {
  const target = random() * (weights.at(-1) ?? 0);
  let low = 0;
  let high = weights.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((weights[middle] ?? 0) <= target) low = middle + 1;
    else high = middle;
  }
  return externalIds[low] ?? '';
}
