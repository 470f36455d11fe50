import { continueTrace, type Span, type SpanOptions, WakeSignal } from '#event-sourcing';
import type { Clock } from '#kernel';
import { type ReadModels, Retries, superviseLoop } from '#read-models';
import { backOffMs } from '../back-off.js';
import type { ChannelConnector, PushResult } from '../connectors/connector.js';
import type { ChannelGate } from './channel-gate.js';
import { DueListings, type Sending, type WantedListing } from './due-listings.js';
import { LastWrite } from './last-write.js';
import type { AcknowledgedPush, FailedPush, PushLedger } from './push-ledger.js';

/** Told of every push, for metrics. */
export interface PushObserver {
  lag(channel: string, lagMs: number): void;
  request(channel: string, outcome: PushResult['kind'], listings: number): void;
}

export interface ChannelPusherOptions {
  readonly channel: string;
  readonly connector: ChannelConnector;
  readonly gate: ChannelGate;
  readonly ledger: PushLedger;
  readonly observer: PushObserver;
  readonly clock: Clock;
  readonly readModels: Pick<ReadModels, 'log' | 'outages'>;
  readonly random: () => number;
  /** Listings kept in memory at most; the ledger has the rest. */
  readonly maxInMemory: number;
  /** How often the ledger is read although no change was reported. */
  readonly rereadMs: number;
  /** True once what the channel sold until now is in the numbers of the ledger; false or an error where that cannot be had now. */
  readonly readSales?: (signal: AbortSignal) => Promise<boolean>;
  /** Told whether the channel gave an answer to a push. */
  readonly reach?: { succeeded(): void; failed(reason: string): void };
}

/**
 * Tells one channel its numbers, one request after the other: as soon as something is due, as many listings as one
 * request takes. What changes meanwhile gathers for the next request, so a slow channel gets fewer and larger ones.
 *
 * The due listings are in memory and in the ledger. The ledger is read at the start, when memory did not hold all, and
 * once in a while; in between, {@link want} brings the changes.
 */
export class ChannelPusher {
  readonly #due: DueListings;
  readonly #wakeSignal = new WakeSignal();
  #readAtMs = 0;
  readonly #lastWrite = new LastWrite();
  /** Sales of the channel could not be read: what goes up waits until then. */
  #increasesFromMs = 0;
  #unreadInARow = 0;
  /** An acknowledgement could not be stored: the ledger may take a number that goes up for one that goes down. */
  #uncertain = false;

  constructor(private readonly options: ChannelPusherOptions) {
    this.#due = new DueListings(options.maxInMemory);
  }

  /** Rows of the ledger that have become due. */
  want(listings: readonly WantedListing[]): void {
    for (const listing of listings) this.#due.want(listing);
    this.#wakeSignal.notify();
  }

  /** Changes may have been missed: the ledger is read again. */
  reread(): void {
    this.#due.incomplete = true;
    this.#wakeSignal.notify();
  }

  status() {
    const { gate, clock } = this.options;
    const since = this.#due.oldestSinceMs;
    return {
      circuit: gate.state,
      waiting: this.#due.size,
      ...(since !== undefined && { oldestWaitingMs: Math.max(0, clock.now() - since) }),
    };
  }

  /** Pushes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const retries = new Retries(this.options.readModels, { channel: this.options.channel });
    await superviseLoop(signal, {
      retries,
      failed: 'the push ledger could not be used, will retry',
      turn: (stopping) => this.#turn(stopping),
      onFailure: (error) => {
        this.#due.incomplete = true;
        return error;
      },
    });
    await this.#lastWrite.done().catch(() => {});
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { gate, clock } = this.options;
    await this.#readLedgerWhenDue();
    const nowMs = clock.now();
    if (this.#due.size === 0) this.#uncertain = false;
    const waitsForSales = this.#uncertain && nowMs < this.#increasesFromMs;
    const dueInMs = waitsForSales ? this.#increasesFromMs - nowMs : this.#due.dueInMs(nowMs, this.#increasesFromMs);
    const waitMs = dueInMs === undefined ? this.options.rereadMs : Math.max(dueInMs, gate.waitMs(nowMs));
    if (waitMs > 0) await this.#wakeSignal.wait(Math.min(waitMs, this.options.rereadMs), signal);
    else await this.#push(signal);
  }

  async #readLedgerWhenDue(): Promise<void> {
    const { ledger, channel, clock, maxInMemory, rereadMs } = this.options;
    const nowMs = clock.now();
    const refill = this.#due.incomplete && this.#due.size <= maxInMemory / 2;
    if (!refill && nowMs - this.#readAtMs < rereadMs) return;
    await this.#lastWrite.done();
    this.#due.incomplete = false;
    this.#readAtMs = nowMs;
    const listings = await ledger.due(channel, maxInMemory);
    for (const listing of listings) this.#due.want(listing);
    if (listings.length === maxInMemory) this.#due.incomplete = true;
  }

  async #push(signal: AbortSignal): Promise<void> {
    const { gate, connector, channel, clock, observer } = this.options;
    await this.#readSales(signal);
    const startedAtMs = clock.now();
    if (signal.aborted || (this.#uncertain && startedAtMs < this.#increasesFromMs)) return;
    if (this.#due.dueInMs(startedAtMs, this.#increasesFromMs) !== 0) return;
    const limit = gate.start(connector.batchSize, startedAtMs);
    const batch = this.#due.take(limit, startedAtMs, this.#increasesFromMs);
    const result = await this.#send(batch, signal);
    const nowMs = clock.now();
    observer.request(channel, result.kind, batch.length);
    if (result.kind !== 'failed') this.options.reach?.succeeded();
    else if (!signal.aborted) this.options.reach?.failed(result.reason);
    switch (result.kind) {
      case 'answered':
        gate.succeeded(connector.batchSize);
        return this.#answered(batch, result, nowMs);
      case 'throttled':
        gate.throttled(nowMs, result.retryAfterMs);
        for (const sent of batch) this.#due.putBack(sent);
        return;
      case 'refused':
        gate.refused(batch.length);
        // Only a listing that was refused on its own is at fault itself.
        return batch.length > 1
          ? this.#failed(batch, result.reason, () => nowMs)
          : this.#failed(batch, result.reason, this.#ownPause(nowMs), true);
      case 'failed':
        gate.failed(nowMs);
        return this.#failed(batch, result.reason, () => nowMs + gate.waitMs(nowMs));
      default:
        return result satisfies never;
    }
  }

  /**
   * A number from before a sale that was not read yet would raise what the channel shows. Where sales cannot be read, what goes
   * down goes down all the same, and what goes up waits.
   */
  async #readSales(signal: AbortSignal): Promise<void> {
    const { readSales = async () => true, clock, random } = this.options;
    if (clock.now() < this.#increasesFromMs) return;
    // Why a channel cannot be read is said where that is tried.
    const areRead = await readSales(signal).catch(() => false);
    this.#unreadInARow = areRead ? 0 : this.#unreadInARow + 1;
    this.#increasesFromMs = areRead ? 0 : clock.now() + Math.max(100, backOffMs(this.#unreadInARow, random, 1_000));
  }

  async #send(batch: readonly Sending[], signal: AbortSignal): Promise<PushResult> {
    const listings = batch.map(({ externalId, quantity, revision }) => ({
      externalId,
      quantity,
      stockRevision: revision,
    }));
    const spans = this.#spansOf(batch);
    const result = await this.options.connector
      .pushStock(listings, signal, spans[0]?.traceparent)
      .catch((error: unknown) => ({
        kind: 'failed' as const,
        reason: error instanceof Error ? error.message : String(error),
      }));
    for (const span of spans) {
      const attributes = { 'einklang.outcome': result.kind };
      span.end({ attributes, ...(result.kind === 'failed' && { error: 'failed' }) });
    }
    return result;
  }

  /** One request tells of several changes: each trace gets a span of its own, and the request carries the first. */
  #spansOf(batch: readonly Sending[]): Span[] {
    const causes = new Set(batch.map(({ traceparent }) => traceparent));
    const options = (): SpanOptions => ({
      name: `push ${this.options.channel}`,
      kind: 'client',
      attributes: { 'einklang.channel': this.options.channel, 'einklang.listings': batch.length },
    });
    return [...causes].flatMap((cause) => continueTrace(cause, options) ?? []);
  }

  async #answered(
    batch: readonly Sending[],
    { listings }: Extract<PushResult, { kind: 'answered' }>,
    nowMs: number,
  ): Promise<void> {
    const taken: AcknowledgedPush[] = [];
    const refused: FailedPush[] = [];
    for (const sent of batch) {
      const result = listings.get(sent.externalId);
      const isOver = sent.ending && result?.ok === false && result.gone === true;
      if (result?.ok || isOver) taken.push(...this.#acknowledged(sent, nowMs));
      else
        refused.push(this.#refusedAlone(sent, result?.reason ?? 'The channel gave no result for this listing.', nowMs));
    }
    await this.#store(taken, refused);
  }

  #acknowledged(sent: Sending, nowMs: number): AcknowledgedPush[] {
    const { channel, observer } = this.options;
    const acknowledged = this.#due.acknowledged(sent, nowMs);
    if (!acknowledged) return [];
    const { lagMs, nextSinceMs } = acknowledged;
    observer.lag(channel, lagMs);
    return [{ channel, sent, atMs: nowMs, ...(nextSinceMs !== undefined && { nextSinceMs }) }];
  }

  #refusedAlone(sent: Sending, error: string, nowMs: number): FailedPush {
    const nextAttemptMs = this.#ownPause(nowMs)(sent);
    this.#due.failed(sent, nextAttemptMs);
    return { channel: this.options.channel, sent, error, nextAttemptMs, refused: true };
  }

  async #failed(
    batch: readonly Sending[],
    error: string,
    nextAttemptOf: (sent: Sending) => number,
    refused = false,
  ): Promise<void> {
    const failed = batch.map((sent) => ({
      channel: this.options.channel,
      sent,
      error,
      nextAttemptMs: nextAttemptOf(sent),
      refused,
    }));
    for (const { sent, nextAttemptMs } of failed) this.#due.failed(sent, nextAttemptMs);
    await this.#store([], failed);
  }

  readonly #ownPause =
    (nowMs: number) =>
    ({ attempts }: Sending): number =>
      nowMs + Math.max(1, backOffMs(attempts + 1, this.options.random, LISTING_PAUSE_MS, LISTING_PAUSE_MS_MAX));

  /** The next request does not wait for the disk, the one after it does: at most one answer is not stored yet. */
  async #store(taken: readonly AcknowledgedPush[], failed: readonly FailedPush[]): Promise<void> {
    await this.#lastWrite.done();
    const { ledger } = this.options;
    const stored = Promise.all([taken.length > 0 ? ledger.acknowledge(taken) : undefined, ledger.fail(failed)]);
    this.#lastWrite.begin(stored);
    stored.catch(() => {
      this.#due.incomplete = true;
      this.#uncertain = true;
    });
  }
}

const LISTING_PAUSE_MS = 1_000;
const LISTING_PAUSE_MS_MAX = 600_000;
