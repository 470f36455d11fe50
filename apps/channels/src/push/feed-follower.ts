import type { AvailabilityChange, AvailabilityFeed } from '#contracts';
import { FailingItems, isOutage, type ReadModels, Retries, superviseLoop } from '#read-models';
import { FeedMoved, type PushLedger, type WantedOnChannel } from './push-ledger.js';

export interface FeedFollowerOptions {
  readonly feed: AvailabilityFeed;
  readonly ledger: Pick<PushLedger, 'sequence' | 'want' | 'keptBack' | 'keepBack' | 'forgetKeptBack'>;
  /** Listings that have become due, right after they are durable. */
  readonly onWanted: (listings: readonly WantedOnChannel[]) => void;
  /** Some of them may not have been told. */
  readonly onInterrupted: () => void;
  readonly readModels: Pick<ReadModels, 'log' | 'outages'>;
}

/**
 * Takes the availability feed over into the push ledger, from the stored sequence on. The numbers of a SKU that the ledger does not
 * take are kept back and tried again with the next batches, also by the next process; those of all others go on.
 */
export class FeedFollower {
  readonly #retries: Retries;
  readonly #failing: FailingItems;
  readonly #keptBack = new Map<string, AvailabilityChange>();

  constructor(private readonly options: FeedFollowerOptions) {
    this.#retries = new Retries(options.readModels, { work: 'availability feed' });
    this.#failing = new FailingItems(options.readModels.log, (sku) => ({ work: 'availability feed', sku }));
  }

  /** SKUs whose newest numbers are not in the ledger, and why; the feed itself where it broke off. */
  get failing(): Readonly<Record<string, string>> {
    const { error } = this.#retries;
    return { ...(error !== undefined && { 'all of it': error }), ...this.#failing.failing };
  }

  /** Follows until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return superviseLoop(signal, {
      retries: this.#retries,
      failed: 'the availability feed broke off, will retry',
      turn: async (stopping) => {
        const after = await this.options.ledger.sequence();
        await this.#retries.lasting(() => this.#follow(after, stopping));
        // A feed that ends of itself is asked again, and not in a circle.
        return ENDED_PAUSE_MS;
      },
      onFailure: (error) => {
        this.options.onInterrupted();
        return error;
      },
    });
  }

  async #follow(from: number, signal: AbortSignal): Promise<void> {
    const { feed, ledger } = this.options;
    let after = from;
    for (const change of await ledger.keptBack()) this.#keptBack.set(change.sku, change);
    const due = this.#dueOfKeptBack([]);
    if (due.length > 0) await this.#take(due, after, after);
    for await (const batch of feed.follow({ after, signal })) {
      const to = batch.reduce((highest, { sequence }) => Math.max(highest, sequence), after);
      const changes = [...this.#dueOfKeptBack(batch), ...batch];
      for (let start = 0; start < changes.length; start += CHANGES_PER_STATEMENT) {
        const last = start + CHANGES_PER_STATEMENT >= changes.length;
        // Changes may share a sequence, so it moves with the last part of the batch only.
        await this.#take(changes.slice(start, start + CHANGES_PER_STATEMENT), after, last ? to : after);
      }
      after = to;
      this.#retries.succeeded();
    }
  }

  /** Those that are to be tried again and that the batch does not replace. */
  #dueOfKeptBack(batch: readonly AvailabilityChange[]): AvailabilityChange[] {
    if (this.#keptBack.size === 0) return [];
    const waiting = new Set([...this.#failing.pausing, ...batch.map(({ sku }) => sku)]);
    return [...this.#keptBack.values()].filter(({ sku }) => !waiting.has(sku));
  }

  async #take(changes: readonly AvailabilityChange[], after: number, to: number): Promise<void> {
    const { ledger, onWanted, readModels } = this.options;
    try {
      onWanted(await ledger.want(changes, after, to));
      await this.#taken(changes);
    } catch (error) {
      const isOfNoChange = isOutage(error) || error instanceof FeedMoved || !(await readModels.outages.isOver());
      const [change] = changes;
      if (isOfNoChange || !change || this.#keptBack.size >= KEPT_BACK_MAX) throw error;
      if (changes.every(({ sku }) => sku === change.sku)) {
        const newest = changes.at(-1) ?? change;
        await ledger.keepBack(newest);
        // Where not even nothing is taken, it is no fault of the change.
        await this.#take([], after, to);
        this.#failing.failed(change.sku, error, 'the numbers of a SKU were not taken over, will retry');
        this.#keptBack.set(change.sku, newest);
        return;
      }
      const middle = Math.ceil(changes.length / 2);
      await this.#take(changes.slice(0, middle), after, after);
      await this.#take(changes.slice(middle), after, to);
    }
  }

  async #taken(changes: readonly AvailabilityChange[]): Promise<void> {
    if (this.#keptBack.size === 0) return;
    const skus = changes.map(({ sku }) => sku).filter((sku) => this.#keptBack.has(sku));
    if (skus.length === 0) return;
    for (const sku of skus) {
      this.#failing.succeeded(sku);
      this.#keptBack.delete(sku);
    }
    await this.options.ledger.forgetKeptBack(skus);
  }
}

const ENDED_PAUSE_MS = 50;
/** Few enough that acknowledgements, which take turns with these statements, do not wait long. */
const CHANGES_PER_STATEMENT = 500;
/** Where more fail it is the ledger, and the feed waits. */
const KEPT_BACK_MAX = 100;
