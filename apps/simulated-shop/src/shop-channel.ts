import { toIso } from '#kernel';
import { credentialsOf } from './credentials.js';
import { somebody } from './people.js';
import type { Random } from './random.js';
import type { ShopClock } from './shop-clock.js';
import { ShopError } from './shop-error.js';
import { type ShopOrder, shopOrder } from './shop-order.js';
import type { ChannelState, ListedStock, Listing, ShopStore } from './shop-store.js';
import { type BasketLine, Shoppers } from './shoppers.js';
import { type WebhookBehaviour, type WebhookMessage, type WebhookOutcome, WebhookQueue } from './webhook-queue.js';
import type { WebhookSender } from './webhook-sender.js';

/** How the channel misbehaves on purpose. Percentages are of requests, or of messages. */
export interface ChannelBehaviour extends WebhookBehaviour {
  readonly answer429Percent: number;
  readonly answer500Percent: number;
  readonly retryAfterSeconds: number;
  /** The seller's requests take effect at once and are answered this much later. */
  readonly latencyMs: number;
  /** The next so many of the seller's requests are answered with this status. */
  readonly failNext: { readonly count: number; readonly status: number };
}

export interface ShopStatistics {
  readonly orders: number;
  readonly soldUnits: number;
  /** Order lines that found nothing left to buy. */
  readonly soldOutAttempts: number;
  /** Numbers set from outside. */
  readonly stockWrites: number;
  readonly webhooksSent: number;
  readonly webhooksFailed: number;
  readonly webhooksWaiting: number;
  readonly shoppersPerSecond: number;
}

export interface ShopChannelOptions {
  readonly store: ShopStore;
  readonly state: ChannelState;
  readonly secret: string;
  readonly clock: ShopClock;
  readonly random: Random;
  readonly sender: WebhookSender;
}

/** One sales channel: its own number per listing, its orders and its shoppers. Every public method is one transaction. */
export class ShopChannel {
  readonly apiToken: string;
  behaviour: ChannelBehaviour = WELL_BEHAVED;
  readonly #channel: string;
  readonly #options: ShopChannelOptions;
  readonly #webhookSecret: string;
  readonly #webhooks: WebhookQueue;
  readonly #shoppers: Shoppers;
  #state: ChannelState;
  #webhookUrl: URL | undefined;

  constructor(channel: string, options: ShopChannelOptions) {
    const { apiToken, webhookSecret } = credentialsOf(options.secret, channel);
    this.apiToken = apiToken;
    this.#channel = channel;
    this.#options = options;
    this.#webhookSecret = webhookSecret;
    this.#state = { ...options.state };
    this.#webhookUrl = options.state.webhookUrl === undefined ? undefined : new URL(options.state.webhookUrl);
    this.#webhooks = new WebhookQueue({
      clock: options.clock,
      random: options.random,
      behaviour: () => this.behaviour,
      send: (message) => this.#send(message),
      onSent: () => this.#state.webhooksSent++,
      onFailed: () => this.#state.webhooksFailed++,
    });
    this.#shoppers = new Shoppers({
      clock: options.clock,
      offers: () => options.store.externalIds(channel),
      buy: (baskets, random) => this.#sellWhatIsThere(baskets, random),
    });
  }

  putListings(listings: readonly Listing[]): void {
    this.#change(() => {
      for (const listing of listings) this.#options.store.putListing(this.#channel, listing);
    });
    this.#shoppers.offersChanged();
  }

  /** Sets the numbers as told, whatever they were before. A result per update: whether the listing exists. */
  setStock(updates: readonly { externalId: string; quantity: number; revision: number }[]): boolean[] {
    return this.#change((state) => {
      const known = updates.map(({ externalId, quantity, revision }) =>
        this.#options.store.setQuantity(this.#channel, externalId, quantity, revision),
      );
      state.stockWrites += known.filter(Boolean).length;
      return known;
    });
  }

  stockAfter(externalId: string, limit: number): ListedStock[] {
    return this.#options.store.stockAfter(this.#channel, externalId, limit);
  }

  /** JSON of the orders that changed after the sequence, and the sequence to go on from. */
  ordersAfter(sequence: number, limit: number): { readonly orders: readonly string[]; readonly next: number } {
    const rows = this.#options.store.ordersAfter(this.#channel, sequence, limit);
    return { orders: rows.map(({ order }) => order), next: rows.at(-1)?.sequence ?? sequence };
  }

  /** A shopper buys all of it or, where the shop does not show enough of something, nothing (409 sold-out). */
  buy(lines: readonly BasketLine[]): ShopOrder {
    try {
      return (
        this.#sell((state) => [
          this.#place(
            state,
            lines.map((line) => this.#take(line)),
            this.#options.random,
          ),
        ])[0] ?? unreachable()
      );
    } catch (error) {
      if (error instanceof ShopError && error.code === 'sold-out') this.#change((state) => state.soldOutAttempts++);
      throw error;
    }
  }

  /** The order's next revision says that it is cancelled. The shop's own number waits for the next push. */
  cancel(externalOrderId: string): ShopOrder {
    return (
      this.#sell((state) => {
        const stored = this.#options.store.order(this.#channel, externalOrderId);
        if (stored === undefined)
          throw new ShopError(404, 'unknown-order', `This channel has no order "${externalOrderId}".`);
        const order = shopOrder.parse(JSON.parse(stored));
        if (order.cancelled)
          throw new ShopError(409, 'already-cancelled', `Order "${externalOrderId}" is cancelled already.`);
        return [this.#store(state, { ...order, cancelled: true, revision: order.revision + 1 })];
      })[0] ?? unreachable()
    );
  }

  startShoppers(perSecond: number, seed: number, webhookUrl: URL): void {
    this.#change((state) => {
      state.webhookUrl = webhookUrl.href;
    });
    this.#webhookUrl = webhookUrl;
    this.#shoppers.start(perSecond, seed);
  }

  statistics(): ShopStatistics {
    const { orders, soldUnits, soldOutAttempts, stockWrites, webhooksSent, webhooksFailed } = this.#state;
    const now = { webhooksWaiting: this.#webhooks.waiting, shoppersPerSecond: this.#shoppers.perSecond };
    return { orders, soldUnits, soldOutAttempts, stockWrites, webhooksSent, webhooksFailed, ...now };
  }

  /** Saves what only memory knows. */
  close(): void {
    this.#shoppers.stop();
    this.#webhooks.close();
    this.#change(() => {});
  }

  #sellWhatIsThere(baskets: readonly (readonly BasketLine[])[], random: Random): void {
    this.#sell((state) =>
      baskets.flatMap((basket) => {
        const lines = this.#takeWhatIsThere(basket);
        state.soldOutAttempts += basket.length - lines.length;
        return lines.length === 0 ? [] : [this.#place(state, lines, random)];
      }),
    );
  }

  #takeWhatIsThere(basket: readonly BasketLine[]): SoldLine[] {
    const sold: SoldLine[] = [];
    for (const { externalId, units } of basket) {
      const listing = this.#options.store.listing(this.#channel, externalId);
      if (
        listing === undefined ||
        listing.quantity === 0 ||
        listing.currency !== (sold[0]?.listing ?? listing).currency
      )
        continue;
      sold.push(this.#take({ externalId, units: Math.min(units, listing.quantity) }));
    }
    return sold;
  }

  #take({ externalId, units }: BasketLine): SoldLine {
    const listing = this.#options.store.listing(this.#channel, externalId);
    if (listing === undefined)
      throw new ShopError(404, 'unknown-listing', `This channel has no listing "${externalId}".`);
    if (!this.#options.store.takeUnits(this.#channel, externalId, units)) {
      throw new ShopError(409, 'sold-out', `${units} of "${externalId}" are wanted and ${listing.quantity} are left.`);
    }
    return { listing, units };
  }

  #place(state: ChannelState, sold: readonly SoldLine[], random: Random): ShopOrder {
    const currency = sold[0]?.listing.currency ?? unreachable();
    if (sold.some(({ listing }) => listing.currency !== currency)) {
      throw new ShopError(400, 'mixed-currencies', 'All listings of one order must have the same currency.');
    }
    const now = this.#options.clock.now();
    state.orders += 1;
    state.soldUnits += sold.reduce((sum, { units }) => sum + units, 0);
    return this.#store(state, {
      // The time keeps ids unique even where a new shop takes the place of one whose file is gone.
      externalOrderId: `${now.toString(36)}-${state.sequence + 1}`.toUpperCase(),
      revision: 0,
      placedAt: toIso(now),
      currency,
      cancelled: false,
      lines: sold.map(({ listing, units }, index) => ({
        lineId: String(index + 1),
        externalId: listing.externalId,
        sku: listing.sku,
        units,
        unitPriceMinor: listing.priceMinor,
      })),
      customer: somebody(random, this.#channel),
    });
  }

  /** Gives the order its place in the sequence of changes, and forgets orders that are not asked for any more. */
  #store(state: ChannelState, change: Omit<ShopOrder, 'sequence'>): ShopOrder {
    state.sequence += 1;
    const order = { ...change, sequence: state.sequence };
    this.#options.store.putOrder(this.#channel, order.externalOrderId, order.sequence, JSON.stringify(order));
    if (state.sequence % FORGET_EVERY === 0)
      this.#options.store.forgetOrders(this.#channel, state.sequence - KEPT_ORDERS);
    return order;
  }

  /** A change that webhooks tell about, once it is kept. */
  #sell(work: (state: ChannelState) => readonly ShopOrder[]): readonly ShopOrder[] {
    const orders = this.#change(work);
    if (this.#webhookUrl !== undefined) for (const order of orders) this.#webhooks.offer(messageFor(order));
    return orders;
  }

  #change<Result>(work: (state: ChannelState) => Result): Result {
    const state = { ...this.#state };
    const result = this.#options.store.transaction(() => {
      const result = work(state);
      this.#options.store.saveChannel(this.#channel, state);
      return result;
    });
    this.#state = state;
    return result;
  }

  async #send(message: WebhookMessage): Promise<WebhookOutcome> {
    if (this.#webhookUrl === undefined) return { delivered: false };
    return this.#options.sender.send(this.#webhookUrl, this.#webhookSecret, message);
  }
}

export const WELL_BEHAVED: ChannelBehaviour = {
  webhookDelayMs: 0,
  duplicatePercent: 0,
  outOfOrder: false,
  loseWebhookPercent: 0,
  answer429Percent: 0,
  answer500Percent: 0,
  retryAfterSeconds: 1,
  latencyMs: 0,
  failNext: { count: 0, status: 500 },
};

interface SoldLine {
  readonly listing: Listing;
  readonly units: number;
}

/** Changes of orders that can still be pulled, per channel. */
const KEPT_ORDERS = 250_000;
const FORGET_EVERY = 1_000;

const messageFor = (order: ShopOrder): WebhookMessage => ({
  messageId: `${order.externalOrderId}/${order.revision}`,
  body: JSON.stringify({ topic: topicOf(order), order }),
});

const topicOf = (order: ShopOrder): string =>
  order.cancelled ? 'order.cancelled' : order.revision === 0 ? 'order.created' : 'order.updated';

function unreachable(): never {
  throw new Error('An order without lines cannot be placed.');
}
