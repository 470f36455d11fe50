import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventRegistry } from '#contracts';
import { type EventStore, type RecordedEvent, withRegistry } from '#event-sourcing';
import { PostgresEventStore } from '#event-store-postgres';
import {
  applyTopics,
  Consumer,
  encodeEvent,
  openKafka,
  Relay,
  type Subscription,
  type TopicDefinition,
} from '#messaging';
import { column, defineTable, openReadModels, type ReadModels } from '#read-models';
// Not by the name of the library: that would load jest.
import { startKafka } from '../../libs/testing/src/kafka/kafka-cluster.js';
import { type Bench, type Benchmark, interleaved, type Result } from './support/benchmark.js';
import { fillWithDeliveries } from './support/kafka-deliveries.js';

const PARTITIONS = 12;
const BATCH = 1_000;
const EVENTS_PER_SECOND_EXPECTED = 30_000;

export const kafka: Benchmark = {
  name: 'kafka',
  summary: 'store, relay, Kafka, consumer with inbox and rows, beside a bare kafkajs loop',
  run: async (bench) => {
    const folder = join(bench.database.folder, 'kafka');
    const broker = await startKafka({ folder });
    const readModels = await openReadModels({ url: await bench.database.createDatabase('read_models') });
    const store = await PostgresEventStore.open({ url: bench.database.url, writer: true, holder: 'benchmark' });
    try {
      const client = openKafka({ brokers: broker.brokers, clientId: 'benchmark' }, readModels.log);
      const events = Math.round(bench.seconds * EVENTS_PER_SECOND_EXPECTED);
      bench.progress(`filling the log with ${events} events`);
      await fillWithDeliveries(store, events);
      const setting: Setting = { bench, client, readModels, store: withRegistry(store, eventRegistry), events };
      await measurePipeline(setting, 'warm-up');
      await interleaved(bench, [
        { name: 'pipeline', measure: (round) => measurePipeline(setting, `pipeline-${round}`) },
        { name: 'bare kafkajs', measure: (round) => measureBareLoop(setting, `bare-${round}`) },
      ]);
    } finally {
      await store.close();
      await readModels.close();
      await broker.stop();
      await rm(folder, { recursive: true, force: true });
    }
    return resultOf(bench);
  },
};

type Client = ReturnType<typeof openKafka>;

interface Setting {
  readonly bench: Bench;
  readonly client: Client;
  readonly readModels: ReadModels;
  readonly store: EventStore;
  readonly events: number;
}

/** From the first event read in the store until the commit of the last row. */
async function measurePipeline({ client, readModels, store, events, bench }: Setting, topic: string) {
  await createTopic(client, topic);
  await readModels.execute(
    'drop table if exists public.deliveries; create table public.deliveries (stream text primary key, units bigint not null, revision bigint not null)',
  );
  const consumer = new Consumer(client, readModels, deliveries(topic));
  const messages = new Map([['StockReceived', { name: 'StockReceived', from: (data: object) => data }]]);
  const relay = new Relay(client, readModels, store, { topic, messages }, { name: topic });
  try {
    consumer.start();
    await looking(bench, () => consumer.status().state === 'running');
    const measured = await measure(events, async () => {
      relay.start();
      await looking(bench, () => consumer.status().messages >= events);
    });
    return { pipelinePerSecond: measured.perSecond, pipelineCpuUsPerMessage: measured.cpuUsPerMessage };
  } finally {
    await relay.stop();
    await consumer.stop();
  }
}

/** The same messages, made beforehand, produced and consumed by kafkajs in this process; they are only counted. */
async function measureBareLoop({ client, store, events, bench }: Setting, topic: string) {
  await createTopic(client, topic);
  const messages = (await readLog(store)).map(encodeEvent);
  const producer = client.producer({ maxInFlightRequests: 1, allowAutoTopicCreation: false });
  const consumer = client.consumer({ groupId: topic, maxWaitTimeInMs: 500, maxBytesPerPartition: 2_097_152 });
  let consumed = 0;
  try {
    await Promise.all([producer.connect(), consumer.connect()]);
    await consumer.subscribe({ topic, fromBeginning: true });
    const joined = Promise.withResolvers<void>();
    consumer.on('consumer.group_join', () => joined.resolve());
    await consumer.run({
      partitionsConsumedConcurrently: 4,
      eachBatch: async ({ batch }) => {
        consumed += batch.messages.length;
      },
    });
    await joined.promise;
    const measured = await measure(events, async () => {
      for (let from = 0; from < messages.length; from += BATCH)
        await producer.send({ topic, acks: -1, messages: messages.slice(from, from + BATCH) });
      await looking(bench, () => consumed >= events);
    });
    return { bareKafkajsPerSecond: measured.perSecond, bareKafkajsCpuUsPerMessage: measured.cpuUsPerMessage };
  } finally {
    await consumer.disconnect();
    await producer.disconnect();
  }
}

const createTopic = (client: Client, name: string) => applyTopics(client, [{ ...TOPIC, name }], { replicationMax: 1 });

const TOPIC: Omit<TopicDefinition, 'name'> = {
  owner: 'benchmark',
  content: 'Deliveries of stock.',
  key: 'stream',
  partitions: PARTITIONS,
  replication: 1,
  cleanup: 'delete',
  retentionDays: null,
  maxMessageBytes: 2_097_152,
};

const deliveriesTable = defineTable({
  name: 'deliveries',
  columns: {
    stream: column.code('Of the deliveries'),
    units: column.units('Delivered'),
    revision: column.count('Events of the stream'),
  },
  key: ['stream'],
});

/** A view as services have them: a row per stream, folded in memory and written with one statement per page. */
const deliveries = (topic: string): Subscription => ({
  name: topic,
  topics: [topic],
  types: ['StockReceived'],
  handle: async (page, tx) => {
    const rows = new Map<string, { stream: string; units: number; revision: number }>();
    for (const { stream, revision, data } of page) {
      const units = 'units' in data && typeof data.units === 'number' ? data.units : 0;
      rows.set(stream, { stream, units: (rows.get(stream)?.units ?? 0) + units, revision });
    }
    await deliveriesTable.upsert(tx, [...rows.values()], { add: ['units'] });
  },
});

async function readLog(store: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (let after = 0, caughtUp = false; !caughtUp; ) {
    const page = await store.readAll({ after, limit: 5_000 });
    events.push(...page.events);
    after = page.position;
    caughtUp = page.caughtUp;
  }
  return events;
}

/** Every few milliseconds, until it is so. */
async function looking(bench: Bench, condition: () => boolean): Promise<void> {
  while (!condition()) {
    bench.signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Processor time is that of this process: it tells them apart where the machine is busy with other things. */
async function measure(messages: number, work: () => Promise<void>) {
  const [startedMs, cpuBefore] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    perSecond: (messages * 1_000) / (performance.now() - startedMs),
    cpuUsPerMessage: (user + system) / messages,
  };
}

function resultOf({ measurements }: Bench): Result {
  const bars = ['pipelinePerSecond', 'bareKafkajsPerSecond'].map((metric) => measurements.figure(metric));
  return {
    ratios: [
      measurements.ratio('vsBareKafkajs', 'pipelinePerSecond', 'bareKafkajsPerSecond'),
      measurements.ratio('bareCpuVsPipelineCpu', 'bareKafkajsCpuUsPerMessage', 'pipelineCpuUsPerMessage'),
    ],
    charts: [{ title: 'Messages through Kafka per second', bars }],
  };
}
