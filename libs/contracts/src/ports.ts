import type { ChannelSale } from './channel-sale.js';

// How one service reaches another without knowing it. One process binds them directly; services of their own bind them
// to the messages that carry the same shapes.

export type SaleStatus = 'recorded' | 'amended' | 'duplicate' | 'outdated' | 'repeated';

export interface SaleResult {
  readonly orderId: string;
  readonly status: SaleStatus;
}

/** Takes facts about sales. A result per sale, in their order: what became of it, or why it cannot be recorded. */
export interface SalesIntake {
  record(sales: readonly ChannelSale[]): Promise<readonly (SaleResult | Error)[]>;
}

/** Token of the {@link SalesIntake} provider. */
export const SALES_INTAKE = 'SALES_INTAKE';

/** What every channel may show of one SKU as of one revision of its stock. */
export interface AvailabilityChange {
  /** Place in the feed, strictly increasing. */
  readonly sequence: number;
  readonly sku: string;
  /** Revision of the SKU's stream: the newest number is the one with the highest. */
  readonly stockRevision: number;
  /** Units available to sell, per channel. */
  readonly available: Readonly<Record<string, number>>;
  /** When we learned of what changed it, ISO 8601 in UTC: lag is measured from here. */
  readonly receivedAt: string;
  /** W3C trace context of the newest change in it that is traced: the push to the channels continues that trace. */
  readonly traceparent?: string;
}

/** The numbers to show, latest wins: a SKU that changed twice since `after` comes once. */
export interface AvailabilityFeed {
  /** Batches after a sequence, then live until the signal aborts. */
  follow(options: {
    readonly after: number;
    readonly signal: AbortSignal;
  }): AsyncIterable<readonly AvailabilityChange[]>;
  /**
   * Resolves when what the log holds now is in the feed; answers the sequence of the newest change. Throws when that takes longer
   * than `timeoutMs`. Absent where the feed cannot know.
   */
  settled?(timeoutMs: number): Promise<number>;
}

/** Token of the {@link AvailabilityFeed} provider. */
export const AVAILABILITY_FEED = 'AVAILABILITY_FEED';
