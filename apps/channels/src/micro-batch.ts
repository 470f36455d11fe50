import { Overloaded } from '#event-sourcing';

export interface MicroBatchOptions<Item, Result> {
  /** Said to callers who are refused. */
  readonly name: string;
  /** Handles all items at once; a result per item, in their order. */
  readonly flush: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Items that may wait; one more is refused with `Overloaded`. */
  readonly maxWaiting: number;
  readonly maxPerFlush: number;
}

/**
 * Merges calls that come while one flush is in flight into the next flush. No timers: under light load a flush is one
 * item. When a flush fails, each of its callers gets the error.
 */
export class MicroBatch<Item, Result> {
  #waiting: Waiting<Item, Result>[] = [];
  #flushing = false;
  #msPerItem = 0.1;

  constructor(private readonly options: MicroBatchOptions<Item, Result>) {}

  add(item: Item): Promise<Result> {
    if (this.#waiting.length >= this.options.maxWaiting) {
      return Promise.reject(new Overloaded(this.options.name, this.#waiting.length * this.#msPerItem));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#flushing) void this.#flushAll();
    });
  }

  async #flushAll(): Promise<void> {
    this.#flushing = true;
    // Callers of the same turn of the event loop share the first flush.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#flush(this.#waiting.splice(0, this.options.maxPerFlush));
    this.#flushing = false;
  }

  async #flush(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    const startedAt = performance.now();
    try {
      const results = await this.options.flush(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#msPerItem += ((performance.now() - startedAt) / batch.length - this.#msPerItem) * 0.1;
  }
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}
