import { JsonClient } from '#client';
import { newId } from '#kernel';
import { demoCatalogue } from './demo-catalogue.js';
import { type Figures, readFigures } from './demo-metrics.js';
import { CHANNELS, LOCATIONS, type StockPlan, stockPlanFor } from './demo-plan.js';
import { count, type DemoOutput, DemoScreen } from './demo-screen.js';
import { type DemoTime, realTime } from './demo-time.js';
import { Einklang } from './einklang.js';
import { partsOf, setUp } from './set-up.js';
import { Shops } from './shops.js';

export interface DemoOptions {
  /** Where Einklang answers, such as http://127.0.0.1:3000. */
  readonly baseUrl: string;
  /** Where the simulated shop answers; a channel is below it. */
  readonly shopUrl: string;
  /** What Einklang and the shop share. */
  readonly secret: string;
  readonly screen: DemoOutput;
  /** Ends the demo: shoppers stop, and what was shown last stays. */
  readonly signal?: AbortSignal;
  /** Ends by itself after so long, with a summary. */
  readonly seconds?: number;
  /** Over all channels; 40 unless given, at most 5,000. */
  readonly ordersPerSecond?: number;
  readonly time?: DemoTime;
}

export interface DemoResult {
  readonly orders: number;
  readonly units: number;
  readonly oversoldUnits: number;
  /** Sold by the channels and not recorded by Einklang in time. Unknown where the demo was ended by the signal. */
  readonly missingOrders?: number;
  /** 0, or 1 when something was oversold or is missing. */
  readonly exitCode: 0 | 1;
}

/**
 * Sells on five channels of the simulated shop until it has to end, and shows what happens. Speaks to Einklang
 * through its public REST API only. Throws where the set-up fails or `ordersPerSecond` is out of range.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { ordersPerSecond = DEFAULT_ORDERS_PER_SECOND } = options;
  if (!(ordersPerSecond > 0 && ordersPerSecond <= MOST_ORDERS_PER_SECOND)) {
    throw new RangeError(`The rate must be above 0 and at most ${MOST_ORDERS_PER_SECOND} orders per second.`);
  }
  return new Demo(options, ordersPerSecond).run();
}

const DEFAULT_ORDERS_PER_SECOND = 40;
const MOST_ORDERS_PER_SECOND = 5_000;
const REFRESH_MS = 1_000;
/** Between two lines where there is no terminal. */
const PLAIN_LINE_MS = 5_000;
const REPLENISH_MS = 5_000;
const SETTLE_POLL_MS = 500;
/** Longer than it takes until Einklang pulls orders whose webhooks were lost. */
const SETTLE_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 3_000;
const RECEIPTS_PER_REQUEST = 500;

interface Earlier {
  readonly shortUnits: number;
  /** Per channel, the recorded ones that the shop knows nothing of. */
  readonly foreignOrders: ReadonlyMap<string, number>;
}

class Demo {
  readonly #options: DemoOptions;
  readonly #ordersPerSecond: number;
  readonly #plan: StockPlan;
  readonly #signal: AbortSignal;
  readonly #time: DemoTime;
  readonly #screen: DemoScreen;
  readonly #einklang: Einklang;
  readonly #shops: Shops;
  readonly #rows = demoCatalogue();
  /** What the data directory held before this demo, a replay for example, counts neither for it nor against it. */
  #before: Earlier = { shortUnits: 0, foreignOrders: new Map() };

  constructor(options: DemoOptions, ordersPerSecond: number) {
    this.#options = options;
    this.#ordersPerSecond = ordersPerSecond;
    this.#plan = stockPlanFor(ordersPerSecond);
    this.#signal = options.signal ?? new AbortController().signal;
    this.#time = options.time ?? realTime;
    this.#screen = new DemoScreen(options.screen);
    const client = { signal: this.#signal, connectAttempts: 20 };
    this.#einklang = new Einklang(new JsonClient(options.baseUrl, client));
    this.#shops = new Shops(new JsonClient(options.shopUrl, client), options.secret);
  }

  async run(): Promise<DemoResult> {
    let first: Figures | undefined;
    let last: Figures | undefined;
    try {
      await this.#setUp();
      this.#before = await this.#earlier();
      first = await this.#read();
      last = first;
      await this.#startShoppers();
      last = await this.#watch(first, (figures) => {
        last = figures;
      });
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    } finally {
      await this.#stopShoppers();
    }
    return this.#signal.aborted ? summaryOf(first, last) : this.#settle(first);
  }

  #setUp(): Promise<void> {
    return setUp({
      einklang: this.#einklang,
      shops: this.#shops,
      shopUrl: this.#options.shopUrl,
      rows: this.#rows,
      plan: this.#plan,
      time: this.#time,
      signal: this.#signal,
      tell: (line) => this.#screen.tell(line),
    });
  }

  async #read(): Promise<Figures> {
    const figures = await readFigures(this.#einklang, this.#shops, this.#time.now());
    return { ...figures, oversoldUnits: Math.max(0, figures.oversoldUnits - this.#before.shortUnits) };
  }

  async #earlier(): Promise<Earlier> {
    const surplus = await this.#surplusPerChannel();
    return {
      shortUnits: await this.#einklang.oversoldUnits(),
      foreignOrders: new Map(surplus.map(([channel, orders]) => [channel, Math.max(0, orders)])),
    };
  }

  async #startShoppers(channels = CHANNELS.map(({ channel }) => channel)): Promise<void> {
    const perSecond = this.#ordersPerSecond / CHANNELS.length;
    for (const channel of channels) {
      const seed = 1 + CHANNELS.findIndex((each) => each.channel === channel);
      await this.#shops.startShoppers(channel, perSecond, seed, this.#webhookUrl(channel));
    }
  }

  /** Shows the figures until the time is up; a moment without an answer is shown as such and is not the end. */
  async #watch(first: Figures, onFigures: (figures: Figures) => void): Promise<Figures> {
    const startedAtMs = this.#time.now();
    const endMs = startedAtMs + (this.#options.seconds ?? Number.POSITIVE_INFINITY) * 1_000;
    let shown = first;
    let replenishAtMs = startedAtMs;
    for (;;) {
      const remainingMs = endMs - this.#time.now();
      if (remainingMs <= 0) return shown;
      await this.#time.pause(Math.min(remainingMs, this.#screen.isLive ? REFRESH_MS : PLAIN_LINE_MS), this.#signal);
      let figures = shown;
      let note: string | undefined;
      try {
        figures = await this.#read();
        onFigures(figures);
        await this.#startShoppers(figures.channels.filter(isIdle).map(({ channel }) => channel));
        if (this.#time.now() >= replenishAtMs) {
          await this.#replenish();
          replenishAtMs = this.#time.now() + REPLENISH_MS;
        }
      } catch (error) {
        this.#signal.throwIfAborted();
        note = `No figures right now: ${error instanceof Error ? error.message : String(error)}`;
      }
      const docsUrl = `${this.#options.baseUrl}/docs`;
      this.#screen.show({ figures, before: shown, startedAtMs, docsUrl, ...(note !== undefined && { note }) });
      shown = figures;
    }
  }

  /** Every channel shows about the same, so one of them tells what runs low. */
  async #replenish(): Promise<void> {
    const shown = await this.#shops.shownUnits(CHANNELS[0]?.channel ?? '');
    const low = this.#rows.filter(({ sku }) => (shown.get(sku) ?? 0) < this.#plan.low);
    const receipts = low.map(({ sku }, index) => ({
      commandId: `demo/delivery/${newId()}`,
      sku,
      locationId: LOCATIONS[index % LOCATIONS.length]?.locationId ?? LOCATIONS[0].locationId,
      units: this.#plan.delivery,
    }));
    for (const part of partsOf(receipts, RECEIPTS_PER_REQUEST)) await this.#einklang.receive(part);
  }

  /** Also when the demo has to end: nothing may be sold unseen. */
  async #stopShoppers(): Promise<void> {
    const shops = new Shops(
      new JsonClient(this.#options.shopUrl, { signal: AbortSignal.timeout(STOP_LIMIT_MS) }),
      this.#options.secret,
    );
    const stops = CHANNELS.map(({ channel }) => shops.startShoppers(channel, 0, 0, this.#webhookUrl(channel)));
    const failed = (await Promise.allSettled(stops)).some(({ status }) => status === 'rejected');
    if (failed) this.#screen.tell('The simulated shop could not be told to stop selling.');
  }

  /** Waits until everything that was sold is recorded, decided and shown, and only then counts. */
  async #settle(first: Figures | undefined): Promise<DemoResult> {
    this.#screen.tell('Shoppers are gone. Waiting until every sale is recorded.');
    const untilMs = this.#time.now() + SETTLE_LIMIT_MS;
    for (;;) {
      const missingOrders = await this.#missingOrders();
      const { caughtUp } = await this.#einklang.status();
      const isLate = this.#time.now() >= untilMs;
      if ((missingOrders === 0 && caughtUp) || isLate) {
        const result = summaryOf(first, await this.#read(), missingOrders);
        this.#screen.tell(sentenceFor(result));
        return result;
      }
      await this.#time.pause(SETTLE_POLL_MS, this.#signal);
    }
  }

  async #missingOrders(): Promise<number> {
    const { foreignOrders } = this.#before;
    const missing = ([channel, surplus]: readonly [string, number]): number =>
      Math.max(0, (foreignOrders.get(channel) ?? 0) - surplus);
    return (await this.#surplusPerChannel()).reduce((sum, each) => sum + missing(each), 0);
  }

  /** Per channel, how many more orders are recorded than the shop has sold; below 0 while some are on their way. */
  #surplusPerChannel(): Promise<(readonly [channel: string, orders: number])[]> {
    return Promise.all(
      CHANNELS.map(async ({ channel }) => {
        const { orders } = await this.#shops.statistics(channel);
        return [channel, (await this.#einklang.recordedOrders(channel)) - orders] as const;
      }),
    );
  }

  #webhookUrl(channel: string): string {
    return `${this.#options.baseUrl}/v1/channels/${channel}/webhooks`;
  }
}

/** The shop was started again: its shoppers did not come back by themselves. */
const isIdle = ({ shoppersPerSecond }: { readonly shoppersPerSecond: number }): boolean => shoppersPerSecond === 0;

function summaryOf(first: Figures | undefined, last: Figures | undefined, missingOrders?: number): DemoResult {
  const oversoldUnits = last?.oversoldUnits ?? 0;
  return {
    orders: (last?.orders ?? 0) - (first?.orders ?? 0),
    units: (last?.units ?? 0) - (first?.units ?? 0),
    oversoldUnits,
    ...(missingOrders !== undefined && { missingOrders }),
    exitCode: oversoldUnits > 0 || (missingOrders ?? 0) > 0 ? 1 : 0,
  };
}

const sentenceFor = ({ orders, units, oversoldUnits, missingOrders = 0 }: DemoResult): string =>
  `Sold ${count(orders)} orders with ${count(units)} units; oversells ${count(oversoldUnits)}` +
  (missingOrders > 0
    ? `; ${count(missingOrders)} orders of the channels were not recorded in time.`
    : '; every order is recorded.');
