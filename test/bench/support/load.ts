import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from './statistics.js';

export interface LoadResult {
  /** Operations that came back, per second, from the first start to the last answer. */
  readonly perSecond: number;
  readonly count: number;
  readonly refused: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One operation for a caller, numbered from 0. Resolves with false when it was answered, and the answer was no. */
export type Operation = (caller: number) => Promise<unknown>;

/** A fixed number of callers, each of whom asks again as soon as it is answered. */
export async function closedLoop({
  inFlight,
  seconds,
  operation,
}: {
  readonly inFlight: number;
  readonly seconds: number;
  readonly operation: Operation;
}): Promise<LoadResult> {
  const meter = new Meter();
  const endsAt = performance.now() + seconds * 1_000;
  const caller = async (number: number): Promise<void> => {
    for (let now = performance.now(); now < endsAt; ) {
      const accepted = await operation(number);
      const answeredAt = performance.now();
      meter.add(answeredAt - now, accepted !== false);
      now = answeredAt;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, number) => caller(number)));
  return meter.result();
}

/**
 * A fixed rate, whatever the answers do. Latency counts from the moment at which the operation was meant to start: a
 * system that stalls is charged for everybody who came meanwhile.
 */
export async function openLoop({
  perSecond,
  seconds,
  operation,
  signal,
}: {
  readonly perSecond: number;
  readonly seconds: number;
  readonly operation: Operation;
  /** Ends it before its time. */
  readonly signal?: AbortSignal;
}): Promise<LoadResult> {
  const meter = new Meter();
  const startedAt = performance.now();
  const total = Math.round(perSecond * seconds);
  const answers: Promise<void>[] = [];
  const start = async (intendedAt: number): Promise<void> => {
    const accepted = await operation(0);
    meter.add(performance.now() - intendedAt, accepted !== false);
  };
  for (let sent = 0; sent < total && !signal?.aborted; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000) + 1);
    for (; sent < due; sent += 1) answers.push(start(startedAt + (sent * 1_000) / perSecond));
    await delay(1);
  }
  await Promise.all(answers);
  return meter.result();
}

class Meter {
  readonly #startedAt = performance.now();
  readonly #latenciesMs: number[] = [];
  #refused = 0;

  add(latencyMs: number, accepted: boolean): void {
    this.#latenciesMs.push(latencyMs);
    if (!accepted) this.#refused += 1;
  }

  result(): LoadResult {
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const count = this.#latenciesMs.length;
    return {
      perSecond: count / seconds,
      count,
      refused: this.#refused,
      p50Ms: percentile(this.#latenciesMs, 0.5),
      p99Ms: percentile(this.#latenciesMs, 0.99),
    };
  }
}
