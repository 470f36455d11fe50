import type { IncomingHttpHeaders } from 'node:http';
import type { ChannelSale } from '#contracts';

/** A listing and the number to show for it. */
export interface ListingStock {
  /** Id the channel gave the listing. */
  readonly externalId: string;
  /** Units to show. */
  readonly quantity: number;
  /** Revision of the SKU's stock the number was computed from. */
  readonly stockRevision: number;
}

/** What a channel said about one order, as it said it. Holds clear-text customers. */
export interface RawMessage {
  /** Id the channel gave the message, or one that is the same whenever the same is said: printable ASCII, at most 256. */
  readonly messageId: string;
  readonly via: 'webhook' | 'poll';
  readonly body: Buffer;
}

/** What a message comes to. */
export type Reading =
  /** `sales` carry clear-text customers and must be hashed before they are stored. */
  | { readonly kind: 'sales'; readonly sales: readonly ChannelSale[] }
  /** About something we do not follow: acknowledged, so that the channel does not send it again. */
  | { readonly kind: 'unsupported'; readonly topic: string }
  | UnreadableMessage;

/** Not understood: kept whole until it is. */
export interface UnreadableMessage {
  readonly kind: 'unreadable';
  /** Names fields and no values. */
  readonly reason: string;
  /** Where it can be found in spite of that. */
  readonly externalOrderId?: string | undefined;
}

export type PushResult =
  /** The channel answered for each listing. A listing that is missing here was not taken. */
  | { readonly kind: 'answered'; readonly listings: ReadonlyMap<string, ListingPushResult> }
  /** Too many requests; `retryAfterMs` is absent when the channel did not say. */
  | { readonly kind: 'throttled'; readonly retryAfterMs?: number }
  /** The channel understood the request and refuses it as a whole, so one listing in it may be at fault. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** No usable answer (time-out, server error, connection lost): the numbers may or may not have been taken. */
  | { readonly kind: 'failed'; readonly reason: string };

export type ListingPushResult =
  | { readonly ok: true }
  /** `gone`: the channel does not know the listing, so it shows nothing of it. */
  | { readonly ok: false; readonly reason: string; readonly gone?: boolean };

export interface StockPage {
  readonly items: readonly { readonly externalId: string; readonly quantity: number }[];
  /** What to read on from; undefined at the end. */
  readonly next: string | undefined;
}

export interface OrdersPage {
  readonly messages: readonly RawMessage[];
  /** Watermark to store with the messages; the same as `after` when there was nothing new. */
  readonly next: string;
  /** True when more may follow at once. */
  readonly more: boolean;
}

/** One channel as its connector reaches it. Every method has a time-out and reads bounded answers. */
export interface ChannelConnector {
  /** Listings per push at most. */
  readonly batchSize: number;
  /** Whether {@link pullOrders} and {@link readStock} exist on this kind of channel. */
  readonly capabilities: { readonly pullsOrders: boolean; readonly readsStock: boolean };
  /** The message of a webhook; undefined when the signature over the raw bytes, compared in constant time, is wrong. */
  verify(rawBody: Buffer, headers: IncomingHttpHeaders): RawMessage | undefined;
  /** Never throws: what makes no sense is unreadable, and may be read by a later version. */
  read(message: RawMessage): Reading;
  /** Never throws for what the channel or the network do. `traceparent` goes along as the header of that name. */
  pushStock(listings: readonly ListingStock[], signal: AbortSignal, traceparent?: string): Promise<PushResult>;
  /** Throws {@link ChannelUnreachable}. */
  readStock(after: string | undefined, signal: AbortSignal): Promise<StockPage>;
  /** Throws {@link ChannelUnreachable}. */
  pullOrders(after: string | undefined, signal: AbortSignal): Promise<OrdersPage>;
}

/** Where a channel is, from its settings. */
export interface ChannelAddress {
  readonly channel: string;
  readonly baseUrl: string;
}

/** One kind of channel. `connect` only derives keys and addresses; it makes no request. */
export interface ConnectorKind {
  readonly name: string;
  connect(address: ChannelAddress): ChannelConnector;
}

/** Reading from a channel failed; trying later may help. */
export class ChannelUnreachable extends Error {
  override readonly name = 'ChannelUnreachable';
}
