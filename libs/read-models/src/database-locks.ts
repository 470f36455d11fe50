import { ProcessLocks, type StreamLocks } from '#event-sourcing';
import type { ReadModels } from './read-models.js';

/** One command over several streams at a time on each of them, over all processes on this database; one that dies holds none. */
export class DatabaseLocks implements StreamLocks {
  /** So that those of this process wait without a connection each. */
  private readonly own = new ProcessLocks();

  constructor(private readonly readModels: Pick<ReadModels, 'transaction'>) {}

  hold<Result>(streams: readonly string[], work: () => Promise<Result>): Promise<Result> {
    return this.own.hold(streams, () =>
      this.readModels.transaction(async (tx) => {
        // In the same order everywhere, so that none waits for one that waits for it.
        for (const stream of streams.toSorted()) await tx.query(LOCK, [stream]);
        return work();
      }),
    );
  }
}

const LOCK = "select pg_advisory_xact_lock(hashtextextended('einklang.stream.' || $1, 0))";
