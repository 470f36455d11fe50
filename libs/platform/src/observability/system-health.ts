import type { AvailabilityRelayStatus, ConsumerStatus } from '#messaging';
import type { RunnerStatus } from '#read-models';
import type { CheckResult } from '../operations/health.js';

/**
 * Degraded while a view or process fails, is rebuilt or has parked events, and not healthy once one has not been able to work for
 * longer than `graceMs`: a failure that the next try mends takes no process out of service, and neither does a parked event.
 */
export function runnersCheck(
  statusOfAll: () => readonly RunnerStatus[],
  { graceMs = GRACE_MS, nowMs = () => performance.now() }: CheckTiming = {},
): () => CheckResult {
  const waiting = new Waiting(graceMs, nowMs);
  return () =>
    waiting.check(
      statusOfAll().map(({ name, ready, state, failures, error, parked, firstParked }) => ({
        name,
        works: ready,
        detail: listed([
          state,
          failures > 0 && `${failures} failures in a row`,
          error,
          parked > 0 && `${parked} events parked`,
          firstParked,
        ]),
        isFine: ready && parked === 0,
      })),
    );
}

/** The same for consumers: no connection, a partition that fails or is stuck, dead letters. */
export function consumersCheck(
  statusOfAll: () => readonly ConsumerStatus[],
  { graceMs = GRACE_MS, nowMs = () => performance.now() }: CheckTiming = {},
): () => CheckResult {
  const waiting = new Waiting(graceMs, nowMs);
  return () =>
    waiting.check(
      statusOfAll().map((status) => ({
        name: status.name,
        works: status.ready,
        detail: toldBy(status),
        isFine: status.ready && status.parked === 0,
      })),
    );
}

/** The same for the relay of availability, where there is one. */
export function availabilityRelayCheck(
  status: () => AvailabilityRelayStatus | undefined,
  { graceMs = GRACE_MS, nowMs = () => performance.now() }: CheckTiming = {},
): () => CheckResult {
  const waiting = new Waiting(graceMs, nowMs);
  return () => {
    const relay = status();
    if (!relay) return { healthy: true };
    const { state, failures, error } = relay;
    const works = state !== 'retrying' && failures === 0;
    const detail = listed([state, failures > 0 && `${failures} failures in a row`, error]);
    return waiting.check([{ name: 'relay-availability-to-kafka', works, detail, isFine: works }]);
  };
}

export interface CheckTiming {
  /** How long something may be unable to work before the process counts as not ready. */
  readonly graceMs?: number;
  readonly nowMs?: () => number;
}

const GRACE_MS = 30_000;

function toldBy({ state, partitions, parked, error }: ConsumerStatus): string {
  const count = (is: (partition: ConsumerStatus['partitions'][number]) => boolean) => partitions.filter(is).length;
  const stuck = count((partition) => partition.stuck);
  const failing = count((partition) => partition.failures > 0);
  return listed([
    state,
    stuck > 0 && `${stuck} partitions stuck`,
    failing > 0 && `${failing} partitions failing`,
    error,
    parked > 0 && `${parked} messages parked`,
  ]);
}

const listed = (parts: readonly (string | false | undefined)[]): string => parts.filter(Boolean).join(', ');

interface Looked {
  readonly name: string;
  readonly works: boolean;
  /** Works, and nothing waits for a person. */
  readonly isFine: boolean;
  readonly detail: string;
}

/** Since when each of them has not been able to work. */
class Waiting {
  readonly #sinceMs = new Map<string, number>();

  constructor(
    private readonly graceMs: number,
    private readonly nowMs: () => number,
  ) {}

  check(all: readonly Looked[]): CheckResult {
    const nowMs = this.nowMs();
    const waiting = all.filter(({ works }) => !works);
    for (const name of this.#sinceMs.keys()) if (!waiting.some((one) => one.name === name)) this.#sinceMs.delete(name);
    for (const { name } of waiting) if (!this.#sinceMs.has(name)) this.#sinceMs.set(name, nowMs);
    const troubled = all.filter(({ isFine }) => !isFine);
    return {
      healthy: waiting.every(({ name }) => nowMs - (this.#sinceMs.get(name) ?? nowMs) <= this.graceMs),
      ...(troubled.length > 0 && { degraded: true }),
      detail: Object.fromEntries(troubled.map(({ name, detail }) => [name, detail])),
    };
  }
}
