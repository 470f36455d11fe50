/**
 * One command over several streams at a time on each of them, where the store commits one stream at a time. A process
 * that dies holds none. Commands on a single stream do not ask: their appends are fenced by the revision.
 */
export interface StreamLocks {
  /** Waits until no other command holds any of the streams. */
  hold<Result>(streams: readonly string[], work: () => Promise<Result>): Promise<Result>;
}

/** Among the commands of one process. All queues are joined at one instant, so they have the same order everywhere. */
export class ProcessLocks implements StreamLocks {
  private readonly last = new Map<string, Promise<void>>();

  async hold<Result>(streams: readonly string[], work: () => Promise<Result>): Promise<Result> {
    const before = streams.map((stream) => this.last.get(stream));
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const stream of streams) this.last.set(stream, promise);
    await Promise.all(before);
    try {
      return await work();
    } finally {
      for (const stream of streams) if (this.last.get(stream) === promise) this.last.delete(stream);
      resolve();
    }
  }
}
