import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, EachBatchPayload, Kafka, Consumer as KafkaConsumer } from 'kafkajs';
import { FailingItems, FailureLog, type Log } from '#read-models';
import { type AssignedPartition, Assignment } from './assignment.js';
import type { Subscription } from './subscription.js';

export interface SessionOptions {
  readonly stuckAfterMs: number;
  readonly sessionTimeoutMs: number;
}

interface SessionHandlers {
  /** Fills a new assignment with these partitions, as far as each is. */
  open(
    assignment: Assignment,
    places: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<void>;
  eachBatch(payload: EachBatchPayload): Promise<void>;
  /** The partitions of an assignment are no longer ours. */
  left(assignment: Assignment): void;
}

/**
 * One life of a kafkajs consumer, from joining the group to its crash or end. kafkajs may restart itself after a crash
 * and then be there twice (tulios/kafkajs#1122); so it may not, and a new session begins instead.
 */
export class Session {
  readonly #consumer: KafkaConsumer;
  readonly #admin: Admin;
  readonly #ended = Promise.withResolvers<never>();
  #opening: Promise<Assignment> = Promise.resolve(new Assignment());
  #assignment = new Assignment();
  #places: { topic: string; partition: number }[] = [];
  #isClosed = false;
  readonly #ticks: FailingItems;
  readonly #commits: FailureLog;
  readonly #looks: FailureLog;

  constructor(
    kafka: Kafka,
    private readonly subscription: Subscription,
    private readonly options: SessionOptions,
    log: Log,
    private readonly handlers: SessionHandlers,
  ) {
    this.#ended.promise.catch(() => {});
    const consumer = subscription.name;
    this.#ticks = new FailingItems(log, (place) => ({ consumer, place }));
    this.#commits = new FailureLog(log, { consumer, offsets: 'committed' });
    this.#looks = new FailureLog(log, { consumer, ends: 'of topics' });
    this.#admin = kafka.admin({ retry: { retries: 2 } });
    this.#consumer = kafka.consumer({
      groupId: subscription.name,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: options.sessionTimeoutMs * 2,
      heartbeatInterval: options.sessionTimeoutMs / 10,
      // Also how long kafkajs sleeps when all of its partitions are paused.
      maxWaitTimeInMs: 500,
      maxBytesPerPartition: BYTES_PER_PARTITION,
      allowAutoTopicCreation: false,
      retry: { retries: 5, restartOnFailure: async () => false },
    });
    this.#consumer.on('consumer.crash', ({ payload }) => this.#ended.reject(payload.error));
    this.#consumer.on('consumer.group_join', ({ payload }) => this.#joined(payload.memberAssignment));
  }

  get assignment(): Assignment {
    return this.#assignment;
  }

  async start(): Promise<void> {
    await Promise.all([this.#consumer.connect(), this.#admin.connect()]);
    await this.#consumer.subscribe({ topics: [...this.subscription.topics], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.subscription.concurrency ?? DEFAULT_CONCURRENCY,
      eachBatch: this.handlers.eachBatch,
    });
  }

  /** Works until `stopping` aborts; rejects when the client crashed or a partition is stuck. */
  async untilEnd(stopping: AbortSignal): Promise<void> {
    for (let ticks = 1; !stopping.aborted; ticks += 1) {
      await Promise.race([this.#ended.promise, delay(TICK_MS, undefined, { signal: stopping }).catch(() => {})]);
      if (!stopping.aborted) await Promise.race([this.#ended.promise, this.#tick(ticks)]);
    }
  }

  async close(): Promise<void> {
    await this.#commitOffsets();
    await withLimit(this.#consumer.disconnect());
    this.#leave();
    this.#isClosed = true;
    await withLimit(this.#admin.disconnect());
  }

  pause(): void {
    this.#consumer.pause(this.subscription.topics.map((topic) => ({ topic })));
  }

  resume(): void {
    this.#consumer.resume(this.subscription.topics.map((topic) => ({ topic })));
  }

  /** Reads the partition from its checkpoint on. */
  seek({ topic, partition, work }: AssignedPartition): void {
    this.#consumer.seek({ topic, partition, offset: String(work.checkpoint.nextOffset) });
  }

  /** Reads all checkpoints again: another process moved one. */
  reopen(): void {
    this.#openPlaces();
  }

  /** The partitions of this generation, as soon as their checkpoints are read. */
  assignmentWith(heartbeat: () => Promise<void>): Promise<Assignment> {
    return this.alive(heartbeat, this.#opening);
  }

  /** Waits for `work` and tells the group meanwhile that we live. A lost membership shows at the next heartbeat after. */
  async alive<T>(heartbeat: () => Promise<void>, work: Promise<T>): Promise<T> {
    const timer = setInterval(() => heartbeat().catch(() => {}), this.options.sessionTimeoutMs / 10);
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }

  #joined(memberAssignment: Readonly<Record<string, readonly number[]>>): void {
    this.#places = Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    this.#openPlaces();
  }

  #openPlaces(): void {
    this.#leave();
    const assignment = new Assignment();
    this.#assignment = assignment;
    this.#opening = this.#open(assignment);
    this.#opening.catch((error: unknown) => this.#ended.reject(error));
  }

  async #open(assignment: Assignment): Promise<Assignment> {
    await this.handlers.open(assignment, this.#places);
    if (assignment.isOver || this.#isClosed) return assignment;
    for (const assigned of assignment) this.seek(assigned);
    return assignment;
  }

  #leave(): void {
    if (this.#assignment.isOver) return;
    this.#assignment.end();
    this.handlers.left(this.#assignment);
  }

  async #tick(ticks: number): Promise<void> {
    for (const { work, topic, partition } of this.#assignment) {
      const place = `${topic}/${partition}`;
      await work.tick().then(
        () => this.#ticks.succeeded(place),
        (error: unknown) => this.#ticks.failed(place, error, 'a tick failed'),
      );
    }
    if (ticks % TICKS_PER_COMMIT === 0) await this.#commitOffsets();
    if (ticks % TICKS_PER_LOOK === 0) await this.#watch();
  }

  /** For tools that show the lag of a group; we never start from these. */
  async #commitOffsets(): Promise<void> {
    const offsets = [...this.#assignment].map(({ topic, partition, work }) => ({
      topic,
      partition,
      offset: String(work.checkpoint.nextOffset),
    }));
    if (offsets.length === 0 || this.#assignment.isOver) return;
    await withLimit(this.#consumer.commitOffsets(offsets)).then(
      () => this.#commits.succeeded(),
      (error: unknown) => this.#commits.failed(error, 'offsets were not committed to Kafka'),
    );
  }

  /** kafkajs can hold a partition and not fetch it (tulios/kafkajs#1456): asks Kafka itself what there is. */
  async #watch(): Promise<void> {
    for (const topic of this.subscription.topics) {
      try {
        for (const { partition, high } of await this.#admin.fetchTopicOffsets(topic)) {
          const assigned = this.#assignment.get(topic, partition);
          if (assigned) assigned.endOffset = Number(high);
        }
        this.#looks.succeeded();
      } catch (error) {
        this.#looks.failed(error, 'the end of the topic is not known', { topic });
      }
    }
    const stuck = [...this.#assignment].find((assigned) => assigned.isNotFetched(this.options.stuckAfterMs));
    if (stuck) throw new Error(`Partition ${stuck.partition} of ${stuck.topic} is not fetched.`);
  }
}

const DEFAULT_CONCURRENCY = 4;
const TICK_MS = 1_000;
const TICKS_PER_COMMIT = 5;
const TICKS_PER_LOOK = 2;
const BYTES_PER_PARTITION = 2_097_152;
const LIMIT_MS = 3_000;

/** kafkajs waits without end for brokers that are gone. */
async function withLimit(work: Promise<unknown>): Promise<void> {
  await Promise.race([work, delay(LIMIT_MS, undefined, { ref: false })]);
}
