/**
 * - `starting`: not run yet, or joining the group
 * - `running`
 * - `paused`: by request
 * - `retrying`: lost Kafka or the database, waits and connects again
 * - `stopped`
 */
export type ConsumerState = 'starting' | 'running' | 'paused' | 'retrying' | 'stopped';

/** Plain numbers for health checks, metrics and the operator. Counts are of this process. */
export interface ConsumerStatus {
  readonly name: string;
  readonly state: ConsumerState;
  /** Running or paused, and no partition is failing or stuck. */
  readonly ready: boolean;
  /** Messages that had an effect or were parked. */
  readonly messages: number;
  readonly pages: number;
  /** Messages dropped because their position was dealt with before. */
  readonly repeats: number;
  /** Messages of types the subscription does not want. */
  readonly skipped: number;
  /** Messages that Kafka deleted before they were read. More than 0 asks for a rebuild, and for longer retention. */
  readonly missing: number;
  /** In the partitions of this process. */
  readonly parked: number;
  /** Joins of the group after the first. */
  readonly rebalances: number;
  /** New connections after a crash of the client or a stuck partition. */
  readonly restarts: number;
  /** Message of the last failure, until the next success. */
  readonly error?: string;
  /** Those of this process. */
  readonly partitions: readonly PartitionStatus[];
}

export interface PartitionStatus {
  readonly topic: string;
  readonly partition: number;
  /** Where Kafka is read on. */
  readonly nextOffset: number;
  /** Greatest position of the store that was dealt with. */
  readonly position: number;
  /** Messages in Kafka ahead of this consumer, as last seen; absent until they have been. */
  readonly lag?: number;
  readonly parked: number;
  /** Failed attempts in a row. */
  readonly failures: number;
  /** There are messages, and for `stuckAfterMs` none was dealt with. */
  readonly stuck: boolean;
}
