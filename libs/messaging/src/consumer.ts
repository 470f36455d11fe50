import type { EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { type Log, type ReadModels, Retries, reasonOf, superviseLoop } from '#read-models';
import { AssignedPartition, type Assignment } from './assignment.js';
import { PartitionMoved } from './checkpoints.js';
import { type ConsumerOptions, withDefaults } from './consumer-options.js';
import type { ConsumerState, ConsumerStatus } from './consumer-status.js';
import { Partition } from './partition.js';
import { MessageReader } from './reading.js';
import { Session } from './session.js';
import type { Subscription } from './subscription.js';
import { createMessagingTables } from './tables.js';

/**
 * Reads the topics of a subscription as one of its consumer group and hands pages to it. Rows, checkpoint and what is
 * parked commit together, and every commit compares the checkpoint: a page has its effect once, whatever dies when, and
 * a second owner of a partition has none. Kafka's own offsets are written afterwards, for tools only.
 */
export class Consumer {
  readonly #subscription: Subscription;
  readonly #options: Required<ConsumerOptions>;
  readonly #reader: MessageReader;
  #stopping = new AbortController();
  #loop: Promise<void> | undefined;
  #session: Session | undefined;
  #state: ConsumerState = 'starting';
  #isPaused = false;
  #missing = 0;
  #joins = 0;
  #restarts = 0;
  readonly #retries: Retries;
  #error: string | undefined;
  /** Of partitions that are no longer ours. */
  readonly #past = { messages: 0, pages: 0, repeats: 0, skipped: 0 };

  constructor(
    private readonly kafka: Kafka,
    private readonly readModels: ReadModels,
    subscription: Subscription,
    options: ConsumerOptions = {},
  ) {
    this.#subscription = subscription;
    this.#options = withDefaults(options);
    this.#retries = new Retries(readModels, { consumer: subscription.name }, this.#options);
    this.#reader = new MessageReader(subscription, this.#options.registry);
  }

  /** Starts working in the background; errors show in the log and in {@link status}. */
  start(): void {
    if (this.#loop !== undefined) return;
    this.#stopping = new AbortController();
    this.#loop = this.#run(this.#stopping.signal);
  }

  /** Resolves when the pages in hand are done and the partitions are given back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    this.#loop = undefined;
    this.#state = 'stopped';
  }

  /** Takes no more pages until {@link resume}; stays in the group. */
  pause(): void {
    this.#isPaused = true;
    this.#session?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#session?.resume();
  }

  status(): ConsumerStatus {
    const assigned = [...(this.#session?.assignment ?? [])];
    const partitions = assigned.map((partition) => partition.status(this.#options.stuckAfterMs));
    const counts = { ...this.#past };
    for (const { work } of assigned) addTo(counts, work.counts);
    const state = this.#state === 'running' && this.#isPaused ? 'paused' : this.#state;
    return {
      name: this.#subscription.name,
      state,
      ready:
        (state === 'running' || state === 'paused') &&
        !partitions.some(({ failures, stuck }) => failures > 0 || (stuck && !this.#isPaused)),
      ...counts,
      parked: partitions.reduce((sum, { parked }) => sum + parked, 0),
      missing: this.#missing,
      rebalances: Math.max(0, this.#joins - 1),
      restarts: this.#restarts,
      ...(this.#error !== undefined && { error: this.#error }),
      partitions,
    };
  }

  #run(stopping: AbortSignal): Promise<void> {
    return superviseLoop(stopping, {
      retries: this.#retries,
      failed: 'the consumer failed, will connect again',
      turn: async (signal) => {
        this.#state = 'starting';
        await createMessagingTables(this.readModels);
        await this.#subscription.prepare?.(this.readModels);
        await this.#runSession(signal);
      },
      onFailure: (error) => {
        this.#restarts += 1;
        this.#state = 'retrying';
        this.#error = reasonOf(error);
        return error;
      },
    });
  }

  async #runSession(stopping: AbortSignal): Promise<void> {
    const session = new Session(this.kafka, this.#subscription, this.#options, this.#log, {
      open: (assignment, places) => this.#open(assignment, places),
      eachBatch: (payload) => this.#eachBatch(payload),
      left: (assignment) => {
        for (const { work } of assignment) addTo(this.#past, work.counts);
      },
    });
    this.#session = session;
    try {
      await session.start();
      if (this.#isPaused) session.pause();
      await session.untilEnd(stopping);
    } finally {
      await session.close();
      this.#session = undefined;
    }
  }

  /** The group gave us these partitions: finds out how far each is. */
  async #open(
    assignment: Assignment,
    places: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<void> {
    for (const place of places) {
      const key = { consumer: this.#subscription.name, ...place };
      const work = await Partition.open(key, this.readModels, this.#subscription, this.#reader, this.#options);
      const retries = new Retries(this.readModels, key, this.#options);
      assignment.add(new AssignedPartition(work, retries));
    }
    this.#joins += 1;
    this.#state = 'running';
    this.#retries.succeeded();
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, isRunning, isStale, resolveOffset } = payload;
    const session = this.#session;
    const assignment = await session?.assignmentWith(heartbeat);
    const assigned = assignment?.get(batch.topic, batch.partition);
    if (!session || !assignment || !assigned) return;
    assigned.endOffset = Number(batch.highWatermark);
    if (isStale() || !this.#isComplete(assigned, Number(batch.firstOffset() ?? 0), session)) return;
    for (const messages of pagesOf(batch.messages, this.#subscription)) {
      if (!isRunning() || isStale() || assignment.isOver || this.#isPaused || this.#stopping.signal.aborted) return;
      try {
        await session.alive(heartbeat, assigned.take(messages));
      } catch (error) {
        this.#failed(error, assigned, payload);
        return;
      }
      this.#error = undefined;
      resolveOffset(messages.at(-1)?.offset ?? batch.lastOffset());
      await heartbeat();
    }
  }

  /** Nothing may be passed over unnoticed: not by a fault of the client, and not because Kafka deleted it too early. */
  #isComplete(assigned: AssignedPartition, firstOffset: number, session: Session): boolean {
    if (this.#subscription.latestWins) return true;
    const missing = assigned.missingBefore(firstOffset);
    if (missing === undefined) {
      session.seek(assigned);
      return false;
    }
    if (missing > 0) {
      const { topic, partition } = assigned;
      this.#missing += missing;
      this.#log.error(
        { consumer: this.#subscription.name, topic, partition, missing },
        'messages are gone from Kafka that were not read',
      );
    }
    return true;
  }

  #failed(error: unknown, assigned: AssignedPartition, { pause }: EachBatchPayload): void {
    const { topic, partition } = assigned;
    this.#error = reasonOf(error);
    if (error instanceof PartitionMoved) {
      this.#log.warn({ consumer: this.#subscription.name, topic, partition }, 'another process had the partition');
      this.#session?.reopen();
      return;
    }
    const resume = pause();
    assigned.backOff(error, this.#stopping.signal, () => {
      if (!this.#isPaused) resume();
    });
  }

  get #log(): Log {
    return this.readModels.log;
  }
}

/** A message may hold a thousand lines: so much of them is worked on at once. */
const PAGE_BYTES = 1_048_576;

/** At most so many messages a page, and none after those that make it heavy enough. */
export function* pagesOf(
  messages: readonly KafkaMessage[],
  { pageSize = 5_000, pageBytes = PAGE_BYTES }: Pick<Subscription, 'pageSize' | 'pageBytes'>,
): Iterable<readonly KafkaMessage[]> {
  let page: KafkaMessage[] = [];
  let bytesLeft = pageBytes;
  for (const message of messages) {
    page.push(message);
    bytesLeft -= message.value?.length ?? 0;
    if (page.length < pageSize && bytesLeft > 0) continue;
    yield page;
    page = [];
    bytesLeft = pageBytes;
  }
  if (page.length > 0) yield page;
}

type Counts = Partition['counts'];

function addTo(sum: Counts, counts: Counts): void {
  sum.messages += counts.messages;
  sum.pages += counts.pages;
  sum.repeats += counts.repeats;
  sum.skipped += counts.skipped;
}
