import { EventStoreUnavailable } from '#event-sourcing';

/** What may be in flight, and what may wait for it. */
export interface GateLimits {
  readonly concurrent: number;
  readonly waitingBytes: number;
}

/**
 * Lets tasks through in the order they come, so many at a time. The first one goes alone, until it succeeded: a
 * connection that is still being made hangs when many calls arrive at once, and one that just broke is being made again.
 */
export class Gate {
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  #running = 0;
  #waitingBytes = 0;
  #isWarm = false;

  constructor(private readonly limits: GateLimits) {}

  /** Throws {@link EventStoreUnavailable} at once when too much waits. */
  async run<T>(bytes: number, task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limit && this.#waiting.length === 0) this.#running += 1;
    else await this.#turn(bytes);
    try {
      const result = await task();
      this.#isWarm = true;
      return result;
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  /** The connection broke: the next task goes alone again. */
  cool(): void {
    this.#isWarm = false;
  }

  get #limit(): number {
    return this.#isWarm ? this.limits.concurrent : 1;
  }

  #turn(bytes: number): Promise<void> {
    if (this.#waitingBytes + bytes > this.limits.waitingBytes) {
      throw new EventStoreUnavailable('Too much waits to be stored already. Nothing of this append was stored.');
    }
    this.#waitingBytes += bytes;
    return new Promise((enter) => {
      this.#waiting.push({ bytes, enter });
    });
  }

  #next(): void {
    while (this.#running < this.#limit) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#waitingBytes -= next.bytes;
      this.#running += 1;
      next.enter();
    }
  }
}
