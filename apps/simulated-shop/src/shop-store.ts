import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { z } from 'zod';

export interface Listing {
  readonly externalId: string;
  readonly sku: string;
  readonly title: string;
  readonly priceMinor: number;
  readonly currency: string;
}

export interface ListedStock {
  readonly externalId: string;
  readonly sku: string;
  /** Units the shop shows and sells. */
  readonly quantity: number;
}

/** What a channel counts and remembers besides its listings and orders. */
export type ChannelState = z.output<typeof channelState>;

const count = z.int().min(0).default(0);
const channelState = z.object({
  /** Of the newest order change; the next one gets one more. */
  sequence: count,
  soldUnits: count,
  orders: count,
  soldOutAttempts: count,
  stockWrites: count,
  webhooksSent: count,
  webhooksFailed: count,
  webhookUrl: z.string().optional(),
});

/** Everything the shop remembers, in one SQLite file or, for `:memory:`, for as long as it runs. */
export class ShopStore {
  readonly #database: DatabaseSync;
  readonly #statements: Record<keyof typeof SQL, StatementSync>;

  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec(SCHEMA);
    const prepare = (name: keyof typeof SQL) => this.#database.prepare(SQL[name]);
    this.#statements = {
      channels: prepare('channels'),
      saveChannel: prepare('saveChannel'),
      putListing: prepare('putListing'),
      listing: prepare('listing'),
      externalIds: prepare('externalIds'),
      setQuantity: prepare('setQuantity'),
      takeUnits: prepare('takeUnits'),
      stockAfter: prepare('stockAfter'),
      putOrder: prepare('putOrder'),
      order: prepare('order'),
      ordersAfter: prepare('ordersAfter'),
      forgetOrders: prepare('forgetOrders'),
    };
  }

  /** Runs `work` so that all of its writes are kept, or none where it throws. */
  transaction<Result>(work: () => Result): Result {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  channels(): ReadonlyMap<string, ChannelState> {
    return new Map(
      this.#statements.channels
        .all()
        .map((row) => [text(row.channel), channelState.parse(JSON.parse(text(row.state)))]),
    );
  }

  saveChannel(channel: string, state: ChannelState): void {
    this.#statements.saveChannel.run(channel, JSON.stringify(state));
  }

  /** A new listing shows 0 units; an existing one keeps its number. */
  putListing(channel: string, { externalId, sku, title, priceMinor, currency }: Listing): void {
    this.#statements.putListing.run(channel, externalId, sku, title, priceMinor, currency);
  }

  listing(channel: string, externalId: string): (Listing & ListedStock) | undefined {
    const row = this.#statements.listing.get(channel, externalId);
    return row && listingFrom(row);
  }

  /** External id and SKU of every listing of the channel. */
  externalIds(channel: string): { externalId: string; sku: string }[] {
    return this.#statements.externalIds
      .all(channel)
      .map((row) => ({ externalId: text(row.external_id), sku: text(row.sku) }));
  }

  /** False for an unknown listing. */
  setQuantity(channel: string, externalId: string, quantity: number, revision: number): boolean {
    return changedOne(this.#statements.setQuantity, quantity, revision, channel, externalId);
  }

  /** False where the listing does not show that many units. */
  takeUnits(channel: string, externalId: string, units: number): boolean {
    return changedOne(this.#statements.takeUnits, units, channel, externalId, units);
  }

  /** By external id, ascending. */
  stockAfter(channel: string, externalId: string, limit: number): ListedStock[] {
    return this.#statements.stockAfter.all(channel, externalId, limit).map((row) => ({
      externalId: text(row.external_id),
      sku: text(row.sku),
      quantity: integer(row.quantity),
    }));
  }

  /** `order` is JSON. A changed order moves to its new sequence. */
  putOrder(channel: string, externalOrderId: string, sequence: number, order: string): void {
    this.#statements.putOrder.run(channel, externalOrderId, sequence, order);
  }

  /** JSON of the order as it is now. */
  order(channel: string, externalOrderId: string): string | undefined {
    const row = this.#statements.order.get(channel, externalOrderId);
    return row && text(row.content);
  }

  /** JSON of each order whose last change came after the sequence, oldest change first. */
  ordersAfter(channel: string, sequence: number, limit: number): { sequence: number; order: string }[] {
    return this.#statements.ordersAfter
      .all(channel, sequence, limit)
      .map((row) => ({ sequence: integer(row.sequence), order: text(row.content) }));
  }

  forgetOrders(channel: string, upToSequence: number): void {
    this.#statements.forgetOrders.run(channel, upToSequence);
  }

  close(): void {
    this.#database.close();
  }
}

// Synchronous NORMAL in WAL mode: a killed process loses nothing, a power cut may lose the last moments.
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS channels (channel TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS listings (
    channel TEXT NOT NULL, external_id TEXT NOT NULL, sku TEXT NOT NULL, title TEXT NOT NULL,
    price_minor INTEGER NOT NULL, currency TEXT NOT NULL,
    quantity INTEGER NOT NULL DEFAULT 0 CHECK (quantity >= 0), stock_revision INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel, external_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS orders (
    channel TEXT NOT NULL, external_order_id TEXT NOT NULL, sequence INTEGER NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (channel, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX IF NOT EXISTS orders_by_id ON orders (channel, external_order_id);
`;

const SQL = {
  channels: 'SELECT channel, state FROM channels',
  saveChannel:
    'INSERT INTO channels (channel, state) VALUES (?, ?) ON CONFLICT (channel) DO UPDATE SET state = excluded.state',
  putListing: `INSERT INTO listings (channel, external_id, sku, title, price_minor, currency) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (channel, external_id) DO UPDATE
    SET sku = excluded.sku, title = excluded.title, price_minor = excluded.price_minor, currency = excluded.currency`,
  listing:
    'SELECT external_id, sku, title, price_minor, currency, quantity FROM listings WHERE channel = ? AND external_id = ?',
  externalIds: 'SELECT external_id, sku FROM listings WHERE channel = ? ORDER BY external_id',
  setQuantity: 'UPDATE listings SET quantity = ?, stock_revision = ? WHERE channel = ? AND external_id = ?',
  takeUnits: 'UPDATE listings SET quantity = quantity - ? WHERE channel = ? AND external_id = ? AND quantity >= ?',
  stockAfter:
    'SELECT external_id, sku, quantity FROM listings WHERE channel = ? AND external_id > ? ORDER BY external_id LIMIT ?',
  putOrder: `INSERT INTO orders (channel, external_order_id, sequence, content) VALUES (?, ?, ?, ?)
    ON CONFLICT (channel, external_order_id) DO UPDATE SET sequence = excluded.sequence, content = excluded.content`,
  order: 'SELECT content FROM orders WHERE channel = ? AND external_order_id = ?',
  ordersAfter: 'SELECT sequence, content FROM orders WHERE channel = ? AND sequence > ? ORDER BY sequence LIMIT ?',
  forgetOrders: 'DELETE FROM orders WHERE channel = ? AND sequence <= ?',
} as const;

const listingFrom = (row: Record<string, SQLOutputValue>): Listing & ListedStock => ({
  externalId: text(row.external_id),
  sku: text(row.sku),
  title: text(row.title),
  priceMinor: integer(row.price_minor),
  currency: text(row.currency),
  quantity: integer(row.quantity),
});

const changedOne = (statement: StatementSync, ...values: SQLInputValue[]): boolean =>
  statement.run(...values).changes === 1;

function text(value: SQLOutputValue | undefined): string {
  if (typeof value !== 'string') throw new TypeError(`The shop's file holds ${typeof value} where text is expected.`);
  return value;
}

function integer(value: SQLOutputValue | undefined): number {
  if (typeof value !== 'number')
    throw new TypeError(`The shop's file holds ${typeof value} where a number is expected.`);
  return value;
}
