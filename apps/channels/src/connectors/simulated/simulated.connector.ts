import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import { type BoundedAnswer, boundedFetch, retryAfterMs } from '../bounded-fetch.js';
import {
  type ChannelAddress,
  type ChannelConnector,
  ChannelUnreachable,
  type ConnectorKind,
  type ListingPushResult,
  type ListingStock,
  type OrdersPage,
  type PushResult,
  type RawMessage,
  type Reading,
  type StockPage,
} from '../connector.js';
import {
  externalOrderIdIn,
  orderOf,
  ordersAnswer,
  pushAnswer,
  saleFrom,
  stateOf,
  stockAnswer,
  webhookMessage,
} from './simulated.messages.js';

/**
 * Channels that the simulated shop plays. Token and webhook key of each derive from the one secret, so neither is
 * stored anywhere.
 */
export const simulatedConnector = (secret: string, timeoutMs = 10_000): ConnectorKind => ({
  name: 'simulated',
  connect: (address) => new SimulatedChannel(address, secret, timeoutMs),
});

/** What both sides derive from the secret: HMAC-SHA-256 in hex. */
export const derivedKey = (secret: string, purpose: 'api' | 'webhook', channel: string): string =>
  createHmac('sha256', secret).update(`${purpose}:${channel}`).digest('hex');

/** Signature of a webhook: HMAC-SHA-256 over the raw body, base64. */
export const webhookSignature = (rawBody: Buffer, key: string): string =>
  createHmac('sha256', key).update(rawBody).digest('base64');

/** One channel that the simulated shop plays. */
export class SimulatedChannel implements ChannelConnector {
  readonly batchSize = 250;
  readonly capabilities = { pullsOrders: true, readsStock: true };
  readonly #channel: string;
  readonly #url: string;
  readonly #token: string;
  readonly #webhookKey: string;

  constructor(
    { channel, baseUrl }: ChannelAddress,
    secret: string,
    private readonly timeoutMs: number,
  ) {
    this.#channel = channel;
    this.#url = `${baseUrl.replace(/\/+$/, '')}/${encodeURIComponent(channel)}`;
    this.#token = derivedKey(secret, 'api', channel);
    this.#webhookKey = derivedKey(secret, 'webhook', channel);
  }

  verify(rawBody: Buffer, headers: IncomingHttpHeaders): RawMessage | undefined {
    if (!isEqual(headers['x-simulated-signature'], webhookSignature(rawBody, this.#webhookKey))) return undefined;
    const given = headers['x-simulated-message-id'];
    const messageId = typeof given === 'string' && /^[\x21-\x7e]{1,200}$/.test(given) ? given : this.#idOf(rawBody);
    return { messageId, via: 'webhook', body: rawBody };
  }

  read({ messageId, via, body }: RawMessage): Reading {
    const text = body.toString('utf8');
    const message = via === 'webhook' ? webhookMessage(text) : orderOf(text);
    if (message.kind === 'unsupported') return message;
    const sale = message.kind === 'order' ? saleFrom(message.order, this.#channel, messageId) : message;
    return sale.kind === 'sales' ? sale : { ...sale, externalOrderId: externalOrderIdIn(text) };
  }

  async pushStock(listings: readonly ListingStock[], signal: AbortSignal, traceparent?: string): Promise<PushResult> {
    const updates = listings.map(({ externalId, quantity, stockRevision }) => ({
      externalId,
      quantity,
      revision: stockRevision,
    }));
    try {
      return pushResultOf(await this.#request('PUT', '/stock', signal, JSON.stringify({ updates }), traceparent));
    } catch (error) {
      return { kind: 'failed', reason: reasonOf(error) };
    }
  }

  async readStock(after: string | undefined, signal: AbortSignal): Promise<StockPage> {
    const { items, next } = await this.#read('/stock', 1_000, after, signal, stockAnswer);
    return { items, next: next ?? undefined };
  }

  async pullOrders(after: string | undefined, signal: AbortSignal): Promise<OrdersPage> {
    const { orders, next } = await this.#read('/orders', PULL_LIMIT, after ?? '0', signal, ordersAnswer);
    return {
      messages: orders.map((order) => this.#pulled(order)),
      next: String(next ?? after ?? '0'),
      more: orders.length === PULL_LIMIT,
    };
  }

  /** The same order in the same state is the same message at every pull. */
  #pulled(order: unknown): RawMessage {
    const body = Buffer.from(JSON.stringify(order));
    return { messageId: `pull:${stateOf(order) ?? this.#idOf(body)}`, via: 'poll', body };
  }

  /** For a message without a usable id of its own. */
  #idOf(body: Buffer): string {
    return createHmac('sha256', this.#webhookKey).update(body).digest('hex');
  }

  async #read<Schema extends z.ZodType>(
    path: string,
    limit: number,
    after: string | undefined,
    signal: AbortSignal,
    answer: Schema,
  ): Promise<z.output<Schema>> {
    const query = new URLSearchParams({ limit: String(limit), ...(after !== undefined && { after }) });
    try {
      const { status, text } = await this.#request('GET', `${path}?${query}`, signal);
      if (status !== 200) throw new Error(`The channel answered ${status}.`);
      return answer.parse(JSON.parse(text));
    } catch (error) {
      throw new ChannelUnreachable(`${this.#channel}: ${reasonOf(error)}`, { cause: error });
    }
  }

  #request(
    method: 'GET' | 'PUT',
    path: string,
    signal: AbortSignal,
    body?: string,
    traceparent?: string,
  ): Promise<BoundedAnswer> {
    return boundedFetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(traceparent !== undefined && { traceparent }),
      },
      ...(body !== undefined && { body }),
      timeoutMs: this.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      signal,
    });
  }
}

const PULL_LIMIT = 250;
const MAX_ANSWER_BYTES = 4_194_304;
const RETRY_AFTER_MS_MAX = 300_000;

function pushResultOf({ status, headers, text }: BoundedAnswer): PushResult {
  if (status === 429) {
    const waitMs = retryAfterMs(headers, Date.now(), RETRY_AFTER_MS_MAX);
    return { kind: 'throttled', ...(waitMs !== undefined && { retryAfterMs: waitMs }) };
  }
  if (status === 200) return { kind: 'answered', listings: listingResultsOf(text) };
  return {
    kind: [400, 409, 413, 422].includes(status) ? 'refused' : 'failed',
    reason: `The channel answered ${status}.`,
  };
}

function listingResultsOf(text: string): Map<string, ListingPushResult> {
  const { results } = pushAnswer.parse(JSON.parse(text));
  return new Map(
    results.map(({ externalId, status }) => [
      externalId,
      status === 'ok' ? { ok: true } : { ok: false, reason: status, gone: status === 'unknown-listing' },
    ]),
  );
}

/** Compares in a time that does not depend on where the texts differ. */
function isEqual(given: unknown, expected: string): boolean {
  if (typeof given !== 'string') return false;
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** In a few words and without addresses: it is stored and shown. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if (error.name === 'TimeoutError') return 'The channel did not answer in time.';
  if (error.name === 'ZodError' || error instanceof SyntaxError) return 'The answer has an unknown form.';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause
    ? `No connection (${String(cause.code)}).`
    : error.message.slice(0, 200);
}
