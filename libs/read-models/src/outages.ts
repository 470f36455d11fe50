import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseError } from './database-error.js';

/**
 * Pauses of all that wait for the same database and event store. While one of them pauses, both are asked every second, and
 * when they answer after an outage nothing waits out its pause.
 */
export class Outages {
  readonly #probes: (() => Promise<unknown>)[];
  readonly #pausing = new Set<AbortController>();
  #isOut = false;
  #watching: Promise<void> | undefined;

  constructor(
    probe: () => Promise<unknown>,
    private readonly everyMs = 1_000,
  ) {
    this.#probes = [probe];
  }

  /** Something else that has to answer before an outage is over. */
  add(probe: () => Promise<unknown>): void {
    this.#probes.push(probe);
  }

  /** Whether everything answers now. */
  async isOver(): Promise<boolean> {
    const asked = this.#probes.map((probe) => within(probe(), LIMIT_MS));
    return (await Promise.allSettled(asked)).every(({ status }) => status === 'fulfilled');
  }

  /** Resolves after `pauseMs`, when the signal aborts, or at once when an outage ends. `error`: why there is a pause. */
  async pause(pauseMs: number, error: unknown, signal: AbortSignal): Promise<void> {
    if (isOutageOfOurs(error)) this.#isOut = true;
    const ended = new AbortController();
    this.#pausing.add(ended);
    if (pauseMs > this.everyMs) this.#watching ??= this.#watch();
    await delay(pauseMs, undefined, { signal: AbortSignal.any([signal, ended.signal]) }).catch(() => {});
    this.#pausing.delete(ended);
  }

  async #watch(): Promise<void> {
    while (this.#pausing.size > 0) {
      const isOver = await this.isOver();
      if (isOver && this.#isOut) for (const ended of this.#pausing) ended.abort();
      this.#isOut = !isOver;
      await delay(this.everyMs, undefined, { ref: false });
    }
    this.#watching = undefined;
  }
}

const LIMIT_MS = 2_000;

async function within(answer: Promise<unknown>, limitMs: number): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('No answer.')), limitMs);
  await Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
}

/** Whether the error, or what caused it, says that a server is away, full or closing: the same work may succeed later. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (isOutageOfOurs(error)) return true;
  if ('code' in error && typeof error.code === 'string' && OUTAGE_CODES.has(error.code)) return true;
  return isOutage(error.cause);
}

/** Of the database or the event store, and not of whatever else was called. */
function isOutageOfOurs(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof DatabaseError) return error.code === undefined || OUTAGE_STATES.test(error.code);
  return error.name === 'EventStoreUnavailable' || isOutageOfOurs(error.cause);
}

/**
 * Classes of SQLSTATE: connection, read-only transaction of a standby, serialisation and deadlock, resources, lock not had,
 * operator intervention, system error.
 */
const OUTAGE_STATES = /^(08|25006|40|53|55|57|58|E[A-Z]{3,})/;
const OUTAGE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
]);
