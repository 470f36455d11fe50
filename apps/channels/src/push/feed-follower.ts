import type { AvailabilityFeed } from '#contracts';
import type { Log } from '#read-models';
import { backOffMs } from '../back-off.js';
import { Bell } from '../bell.js';
import type { PushLedger, WantedOnChannel } from './push-ledger.js';

export interface FeedFollowerOptions {
  readonly feed: AvailabilityFeed;
  readonly ledger: PushLedger;
  /** Listings that have become due, right after they are durable. */
  readonly onWanted: (listings: readonly WantedOnChannel[]) => void;
  /** Some of them may not have been told. */
  readonly onInterrupted: () => void;
  readonly log: Log;
  readonly random: () => number;
}

/** Takes the availability feed over into the push ledger, from the stored sequence on. */
export class FeedFollower {
  #failures = 0;

  constructor(private readonly options: FeedFollowerOptions) {}

  /** Follows until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const pause = new Bell();
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#failures += 1;
        this.options.log.error({ err: error, failures: this.#failures }, 'the availability feed broke off, will retry');
        this.options.onInterrupted();
      }
      if (!signal.aborted) await pause.wait(Math.max(50, backOffMs(this.#failures, this.options.random)), signal);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { feed, ledger, onWanted } = this.options;
    let after = await ledger.sequence();
    for await (const batch of feed.follow({ after, signal })) {
      const to = batch.reduce((highest, { sequence }) => Math.max(highest, sequence), after);
      for (let start = 0; start < batch.length; start += CHANGES_PER_STATEMENT) {
        const last = start + CHANGES_PER_STATEMENT >= batch.length;
        // Changes may share a sequence, so it moves with the last part of the batch only.
        onWanted(await ledger.want(batch.slice(start, start + CHANGES_PER_STATEMENT), after, last ? to : after));
      }
      after = to;
      this.#failures = 0;
    }
  }
}

/** Few enough that acknowledgements, which take turns with these statements, do not wait long. */
const CHANGES_PER_STATEMENT = 500;
