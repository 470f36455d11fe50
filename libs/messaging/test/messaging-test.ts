import { randomBytes } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import type { EventStore } from '#event-sourcing';
import { openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, eventually, InMemoryEventStore, sharedKafka } from '#testing';
import { Consumer } from '../src/consumer.js';
import type { ConsumerOptions } from '../src/consumer-options.js';
import { openKafka } from '../src/kafka-client.js';
import type { KafkaSettings } from '../src/kafka-settings.js';
import { type Outgoings, Relay, type RelayOptions } from '../src/relay.js';
import type { Subscription } from '../src/subscription.js';
import { applyTopics } from '../src/topics.js';
import { countedOn, note, registry } from './counting.js';

/** A database of its own for a spec. */
interface Database {
  readonly url: string;
  drop(): Promise<void>;
}

/** What a spec about relay and consumers works with: a log, a topic of its own, a database of its own. */
export class MessagingTest {
  readonly #running: { stop(): Promise<void> }[] = [];
  #admin: ReturnType<Kafka['admin']> | undefined;

  private constructor(
    readonly store: EventStore,
    readonly kafka: Kafka,
    readonly topic: string,
    readonly database: Database,
    readonly readModels: ReadModels,
  ) {}

  /** On a log in memory, on the brokers of this run and a database of its own. */
  static async onSharedBrokers(options: { readonly partitions?: number } = {}): Promise<MessagingTest> {
    return MessagingTest.open({
      store: new InMemoryEventStore(),
      database: await createTestDatabase(),
      settings: { brokers: await sharedKafka(), clientId: 'spec' },
      ...options,
    });
  }

  static async open({
    store,
    database,
    settings,
    partitions = 4,
    replication = 1,
  }: {
    readonly store: EventStore;
    readonly database: Database;
    readonly settings: KafkaSettings;
    readonly partitions?: number;
    readonly replication?: number;
  }): Promise<MessagingTest> {
    const readModels = await openReadModels({ url: database.url });
    const kafka = openKafka(settings, readModels.log);
    const topic = `spec.${randomBytes(6).toString('hex')}.events`;
    await applyTopics(kafka, [{ ...TOPIC, name: topic, partitions, replication }]);
    await readModels.execute(
      'create schema counting; create table counting.seen (stream text, revision bigint, position bigint, primary key (stream, revision))',
    );
    return new MessagingTest(store, kafka, topic, database, readModels);
  }

  /** These events as they are stored, on the topic of the spec. */
  outgoings(names: readonly string[] = ['Counted']): Outgoings {
    return { topic: this.topic, messages: new Map(names.map((name) => [name, { name, from: (data) => data }])) };
  }

  relay(
    options: RelayOptions = {},
    store = this.store,
    readModels = this.readModels,
    outgoings: Outgoings = this.outgoings(),
  ): Relay {
    const relay = new Relay(this.kafka, readModels, store, outgoings, {
      runner: { backoffMsMin: 10, backoffMsMax: 200, standbyMs: 20 },
      ...options,
    });
    this.#running.push(relay);
    return relay;
  }

  /** A consumer that notes every event in `counting.seen`, whose primary key refuses one that comes twice. */
  consumer(subscription: Partial<Subscription> = {}, options: ConsumerOptions = {}, kafka = this.kafka): Consumer {
    const consumer = new Consumer(
      kafka,
      this.readModels,
      { name: this.topic, topics: [this.topic], types: ['Counted'], handle: note, ...subscription },
      { registry, backoffMsMin: 10, backoffMsMax: 200, sessionTimeoutMs: 6_000, ...options },
    );
    this.#running.push(consumer);
    return consumer;
  }

  /** Appends `count` events, dealt out to `streams` streams in turn. */
  async append(count: number, streams = 10): Promise<void> {
    for (let index = 0; index < count; index += 1) await this.store.append([countedOn(index % streams, index)]);
  }

  async untilSeen(count: number): Promise<void> {
    await eventually(async () => (await this.seen()) >= count);
  }

  /** How many messages Kafka was given, repeats included. */
  async messagesInTopic(): Promise<number> {
    const partitions = await this.#offsets();
    return partitions.reduce((sum, { high }) => sum + Number(high), 0);
  }

  /** As retention does with all there is. */
  async deleteMessages(): Promise<void> {
    const admin = await this.#connectedAdmin();
    const partitions = await this.#offsets();
    await admin.deleteTopicRecords({
      topic: this.topic,
      partitions: partitions.map(({ partition, high }) => ({ partition, offset: high })),
    });
  }

  /** A topic that was just made may have no leader yet. */
  async #offsets() {
    const admin = await this.#connectedAdmin();
    let offsets: Awaited<ReturnType<typeof admin.fetchTopicOffsets>> = [];
    await eventually(async () => {
      try {
        offsets = await admin.fetchTopicOffsets(this.topic);
        return true;
      } catch (error) {
        if (error instanceof Error && 'retriable' in error && error.retriable === true) return false;
        throw error;
      }
    });
    return offsets;
  }

  async #connectedAdmin() {
    this.#admin ??= this.kafka.admin();
    await this.#admin.connect();
    return this.#admin;
  }

  /** The first `count` messages of the topic as Kafka hands them to anybody, in text. */
  async readTopic(count: number): Promise<{ headers: Record<string, string>; value: string }[]> {
    const consumer = this.kafka.consumer({ groupId: `${this.topic}.reader`, maxWaitTimeInMs: 200 });
    const messages: { headers: Record<string, string>; value: string }[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic: this.topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message: { headers = {}, value } }) => {
        const text = Object.entries(headers).map(([name, header]) => [name, String(header)]);
        messages.push({ headers: Object.fromEntries(text), value: String(value) });
      },
    });
    await eventually(() => messages.length >= count);
    await consumer.disconnect();
    return messages;
  }

  async seen(): Promise<number> {
    const [row] = await this.readModels.query<{ seen: number }>('select count(*) as seen from counting.seen');
    return row?.seen ?? 0;
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map((one) => one.stop()));
    await this.#admin?.disconnect();
    await this.readModels.close();
    await this.database.drop();
  }
}

const TOPIC = {
  owner: 'spec',
  content: 'Events of a spec.',
  key: 'stream',
  cleanup: 'delete',
  retentionDays: null,
  maxMessageBytes: 2_097_152,
} as const;
