/** Where something stands that only goes forward, and who waits for it to get further. */
export class PositionGate {
  #position: number;
  #isClosed = false;
  readonly #waiters = new Set<Waiter>();

  constructor(position = 0) {
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Lets go who waits for a position up to here. A smaller one than before changes nothing. */
  advance(position: number): void {
    this.#position = Math.max(this.#position, position);
    for (const waiter of this.#waiters) if (waiter.position <= this.#position) waiter.end(true);
  }

  /** What was reached is not of this log: nobody is let go, and who comes next waits. */
  reset(position = 0): void {
    this.#position = position;
  }

  /** Resolves with true when the position is reached; with false after `timeoutMs`, when the signal aborts, or when the gate closes. */
  waitFor(position: number, limits: WaitLimits = {}): Promise<boolean> {
    return this.#wait(position, false, limits);
  }

  /** Resolves when the position is greater than this one, when it is {@link stir}red, or as {@link waitFor} does. */
  waitUntilPast(position: number, limits: WaitLimits = {}): Promise<boolean> {
    return this.#wait(position + 1, true, limits);
  }

  #wait(position: number, past: boolean, { timeoutMs, signal }: WaitLimits): Promise<boolean> {
    if (this.#position >= position) return Promise.resolve(true);
    if (this.#isClosed || signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const giveUp = (): void => waiter.end(false);
      const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
      const waiter: Waiter = {
        position,
        past,
        end: (reached) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', giveUp);
          this.#waiters.delete(waiter);
          resolve(reached);
        },
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** Something is new although the position is the same: lets go who waits to get past it. */
  stir(): void {
    for (const waiter of this.#waiters) if (waiter.past) waiter.end(true);
  }

  /** Lets everybody go, now and from here on, who waits for more. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiters) waiter.end(false);
  }
}

interface WaitLimits {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

interface Waiter {
  readonly position: number;
  readonly past: boolean;
  readonly end: (reached: boolean) => void;
}
