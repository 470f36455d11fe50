import type { ConsumerStatus } from '#messaging';
import type { RunnerStatus } from '#read-models';
import type { CheckResult } from '../operations/health.js';

/**
 * Views and processes that have not been able to work for longer than `graceMs`: failing, or being rebuilt. A single failure
 * that the next try mends takes no process out of service. Standing by is fine.
 */
export function runnersCheck(
  statusOfAll: () => readonly RunnerStatus[],
  { graceMs = GRACE_MS, nowMs = () => performance.now() }: CheckTiming = {},
): () => CheckResult {
  const waiting = new Waiting(graceMs, nowMs);
  return () =>
    waiting.check(
      statusOfAll().map(({ name, ready, state, failures }) => ({
        name,
        isFine: ready,
        detail: failures > 0 ? `${state}, ${failures} failures in a row` : state,
      })),
    );
}

/** Consumers that have not been able to work for longer than `graceMs`: no connection, a partition that fails or is stuck. */
export function consumersCheck(
  statusOfAll: () => readonly ConsumerStatus[],
  { graceMs = GRACE_MS, nowMs = () => performance.now() }: CheckTiming = {},
): () => CheckResult {
  const waiting = new Waiting(graceMs, nowMs);
  return () =>
    waiting.check(statusOfAll().map((status) => ({ name: status.name, isFine: status.ready, detail: toldBy(status) })));
}

export interface CheckTiming {
  /** How long something may be unable to work before the process counts as not ready. */
  readonly graceMs?: number;
  readonly nowMs?: () => number;
}

const GRACE_MS = 30_000;

function toldBy({ state, partitions }: ConsumerStatus): string {
  const count = (is: (partition: ConsumerStatus['partitions'][number]) => boolean) => partitions.filter(is).length;
  const stuck = count((partition) => partition.stuck);
  const failing = count((partition) => partition.failures > 0);
  return `${state}${stuck > 0 ? `, ${stuck} partitions stuck` : ''}${failing > 0 ? `, ${failing} partitions failing` : ''}`;
}

/** Since when each of them is not fine. */
class Waiting {
  readonly #sinceMs = new Map<string, number>();

  constructor(
    private readonly graceMs: number,
    private readonly nowMs: () => number,
  ) {}

  check(all: readonly { readonly name: string; readonly isFine: boolean; readonly detail: string }[]): CheckResult {
    const nowMs = this.nowMs();
    const waiting = all.filter(({ isFine }) => !isFine);
    for (const name of this.#sinceMs.keys()) if (!waiting.some((one) => one.name === name)) this.#sinceMs.delete(name);
    for (const { name } of waiting) if (!this.#sinceMs.has(name)) this.#sinceMs.set(name, nowMs);
    return {
      healthy: waiting.every(({ name }) => nowMs - (this.#sinceMs.get(name) ?? nowMs) <= this.graceMs),
      detail: Object.fromEntries(waiting.map(({ name, detail }) => [name, detail])),
    };
  }
}
