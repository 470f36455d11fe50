import { setTimeout as delay } from 'node:timers/promises';
import { isOutage, type Outages } from './outages.js';
import type { Log } from './read-models.js';

/**
 * Tells the log of changes: that something fails, for another reason, that it lasts, that it works again. What fails a hundred
 * times a minute for the same reason is one line.
 */
export class FailureLog {
  #failures = 0;
  #sinceMs = 0;
  #saidAtMs = 0;
  readonly #reasons = new Set<string>();

  /** `who`: fields that name what fails, such as `{ runner: 'stock' }`. */
  constructor(
    private readonly log: Log,
    private readonly who: object,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Failures since it last worked. */
  get failures(): number {
    return this.#failures;
  }

  /** A failed attempt. `fields` and `message` are for the lines that are written. */
  failed(error: unknown, message: string, fields: object = {}): void {
    const nowMs = this.nowMs();
    const reason = reasonOf(error);
    if (this.#failures === 0) this.#sinceMs = nowMs;
    this.#failures += 1;
    const isNew = this.#reasons.size < REASONS_MAX && !this.#reasons.has(reason);
    if (!isNew && nowMs - this.#saidAtMs < REMIND_MS) return;
    this.#reasons.add(reason);
    this.#saidAtMs = nowMs;
    const line = { ...this.who, ...fields, failures: this.#failures, error: reason };
    // Where a server is away the place in our code says nothing.
    this.log.error(isNew && !isOutage(error) ? { ...line, err: error } : line, message);
  }

  /** It works. Does nothing unless it failed before. */
  succeeded(message = 'works again'): void {
    if (this.#failures === 0) return;
    const lastedMs = Math.round(this.nowMs() - this.#sinceMs);
    this.log.info({ ...this.who, failures: this.#failures, lastedMs }, message);
    this.#failures = 0;
    this.#reasons.clear();
  }
}

const REASONS_MAX = 5;
const REMIND_MS = 600_000;

export interface RetryTiming {
  /** First pause after a failure; doubles up to `backoffMsMax`. */
  readonly backoffMsMin?: number;
  readonly backoffMsMax?: number;
  /** From 0 to 1: a pause is up to a quarter longer by it, so that those who failed together do not come back together. */
  readonly random?: () => number;
}

/** What a loop does about failures: counts them, logs changes, and pauses longer each time, but no longer than an outage lasts. */
export class Retries {
  readonly #log: FailureLog;
  readonly #outages: Outages | undefined;
  readonly #timing: Required<RetryTiming>;
  #error: string | undefined;

  constructor(
    { log, outages }: { readonly log: Log; readonly outages?: Outages },
    who: object,
    timing: RetryTiming = {},
  ) {
    this.#log = new FailureLog(log, who);
    this.#outages = outages;
    this.#timing = { backoffMsMin: 100, backoffMsMax: 30_000, random: () => Math.random(), ...timing };
  }

  /** Failed attempts in a row. */
  get failures(): number {
    return this.#log.failures;
  }

  /** Why the last attempt failed, until one succeeds. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Counts a failed attempt, and resolves when it is time for the next or when the signal aborts. */
  async pauseAfter(error: unknown, message: string, signal: AbortSignal, fields: object = {}): Promise<void> {
    this.#error = reasonOf(error);
    this.#log.failed(error, message, fields);
    const { backoffMsMin, backoffMsMax, random } = this.#timing;
    const pauseMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(30, this.failures - 1));
    const jitteredMs = pauseMs * (1 + JITTER * random());
    if (this.#outages) await this.#outages.pause(jitteredMs, error, signal);
    else await delay(jitteredMs, undefined, { signal }).catch(() => {});
  }

  succeeded(): void {
    this.#error = undefined;
    this.#log.succeeded();
  }

  /** Work that ends only at the end or by failing: it has succeeded when it has lasted a second, whether or not there was anything to do. */
  async lasting(work: () => Promise<void>): Promise<void> {
    const lasted = setTimeout(() => this.succeeded(), LASTING_MS);
    try {
      await work();
    } finally {
      clearTimeout(lasted);
    }
  }
}

const LASTING_MS = 1_000;
const JITTER = 0.25;

/**
 * What fails among many, so that it stops no others: each has its pause and its lines in the log. `who` names one for the log.
 */
export class FailingItems {
  readonly #items = new Map<string, { readonly log: FailureLog; retryAtMs: number; reason: string }>();

  constructor(
    private readonly log: Log,
    private readonly who: (key: string) => object,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Keys of those that are not to be tried yet. */
  get pausing(): readonly string[] {
    const nowMs = this.nowMs();
    return [...this.#items].filter(([, { retryAtMs }]) => retryAtMs > nowMs).map(([key]) => key);
  }

  /** What failed at its last attempt, with the reason. */
  get failing(): Readonly<Record<string, string>> {
    return Object.fromEntries(Array.from(this.#items, ([key, { reason }]) => [key, reason]));
  }

  failed(key: string, error: unknown, message: string): void {
    const item = this.#items.get(key) ?? {
      log: new FailureLog(this.log, this.who(key), this.nowMs),
      retryAtMs: 0,
      reason: '',
    };
    this.#items.set(key, item);
    item.log.failed(error, message);
    item.reason = reasonOf(error);
    item.retryAtMs =
      this.nowMs() + Math.min(ITEM_PAUSE_MS_MAX, ITEM_PAUSE_MS * 2 ** Math.min(30, item.log.failures - 1));
  }

  succeeded(key: string): void {
    this.#items.get(key)?.log.succeeded();
    this.#items.delete(key);
  }

  /** It is no longer there. */
  forget(key: string): void {
    this.#items.delete(key);
  }
}

const ITEM_PAUSE_MS = 1_000;
const ITEM_PAUSE_MS_MAX = 300_000;

/** What an error and its causes say, in a line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : reasonOf(error.cause);
  return cause === '' || error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}
