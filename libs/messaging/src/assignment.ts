import type { KafkaMessage } from 'kafkajs';
import type { Retries } from '#read-models';
import type { PartitionStatus } from './consumer-status.js';
import type { Partition } from './partition.js';

/** A partition in the hands of this process, with what the watchdog needs to know about it. */
export class AssignedPartition {
  /** End of the partition in Kafka, as last seen. */
  endOffset: number | undefined;
  #isBusy = false;
  #isWaiting = false;
  #movedAtMs = Date.now();
  #gapAt: number | undefined;

  constructor(
    readonly work: Partition,
    private readonly retries: Retries,
  ) {}

  get topic(): string {
    return this.work.key.topic;
  }

  get partition(): number {
    return this.work.key.partition;
  }

  /** Undefined until the end has been seen. */
  get lag(): number | undefined {
    return this.endOffset === undefined ? undefined : Math.max(0, this.endOffset - this.work.checkpoint.nextOffset);
  }

  async take(messages: readonly KafkaMessage[]): Promise<void> {
    this.#isBusy = true;
    try {
      await this.work.take(messages);
      this.#movedAtMs = Date.now();
      this.retries.succeeded();
    } finally {
      this.#isBusy = false;
    }
  }

  /**
   * How many messages are gone from Kafka before `offset`, with which a batch begins. Undefined when that is not sure yet:
   * then the partition has to be read once more from its checkpoint.
   */
  missingBefore(offset: number): number | undefined {
    const { nextOffset } = this.work.checkpoint;
    if (offset <= nextOffset || nextOffset === 0) return 0;
    if (this.#gapAt === nextOffset) return offset - nextOffset;
    this.#gapAt = nextOffset;
    return undefined;
  }

  /** Leaves the partition alone for a while after a failure; `resume` then has it fetched again. */
  backOff(error: unknown, stopping: AbortSignal, resume: () => void): void {
    this.#isWaiting = true;
    void this.retries.pauseAfter(error, 'a page of messages failed, will retry', stopping).then(() => {
      this.#isWaiting = false;
      this.#movedAtMs = Date.now();
      if (!stopping.aborted) resume();
    });
  }

  isStuck(stuckAfterMs: number): boolean {
    if (!this.lag) this.#movedAtMs = Date.now();
    return Date.now() - this.#movedAtMs > stuckAfterMs && !this.#isWaiting;
  }

  /** Stuck, and not because its handler takes so long: Kafka's client does not fetch it. */
  isNotFetched(stuckAfterMs: number): boolean {
    return this.isStuck(stuckAfterMs) && !this.#isBusy;
  }

  status(stuckAfterMs: number): PartitionStatus {
    const { topic, partition, lag, work } = this;
    const { parked, failures } = work;
    return {
      topic,
      partition,
      ...work.checkpoint,
      ...(lag !== undefined && { lag }),
      parked,
      failures,
      stuck: this.isStuck(stuckAfterMs),
    };
  }
}

/** The partitions one generation of the group gave to this process. */
export class Assignment {
  readonly #partitions = new Map<string, AssignedPartition>();
  #isOver = false;

  add(partition: AssignedPartition): void {
    this.#partitions.set(`${partition.topic}/${partition.partition}`, partition);
  }

  get(topic: string, partition: number): AssignedPartition | undefined {
    return this.#isOver ? undefined : this.#partitions.get(`${topic}/${partition}`);
  }

  /** From now on its partitions belong to another process. */
  end(): void {
    this.#isOver = true;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  [Symbol.iterator](): IterableIterator<AssignedPartition> {
    return this.#partitions.values();
  }
}
