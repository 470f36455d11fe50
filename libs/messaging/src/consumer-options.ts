import { eventRegistry } from '#contracts';
import type { EventRegistry } from '#event-sourcing';

export interface ConsumerOptions {
  readonly registry?: EventRegistry;
  /** Failed attempts of a page after which its messages are tried one by one, and parked where they fail. */
  readonly attempts?: number;
  /** Messages of one partition that may be parked; beyond that the partition waits. */
  readonly parkedMax?: number;
  /** First pause after a failure; doubles up to `backoffMsMax`. */
  readonly backoffMsMin?: number;
  readonly backoffMsMax?: number;
  /** A partition with messages that has not moved for so long is stuck; if the client does not fetch it, it connects again. */
  readonly stuckAfterMs?: number;
  /** A process that Kafka has not heard of for so long loses its partitions. */
  readonly sessionTimeoutMs?: number;
}

/** For every option that is not given what suits production. */
export const withDefaults = (options: ConsumerOptions): Required<ConsumerOptions> => ({
  registry: eventRegistry,
  attempts: 8,
  parkedMax: 10_000,
  backoffMsMin: 100,
  backoffMsMax: 30_000,
  stuckAfterMs: 60_000,
  sessionTimeoutMs: 30_000,
  ...options,
});
