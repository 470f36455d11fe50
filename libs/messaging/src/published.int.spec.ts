import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type AvailabilityChange, allEvents, isOfProcesses } from '#contracts';
import {
  describeWithKafka,
  eventually,
  kafkaJars,
  kafkaVersion,
  killHard,
  sharedKafka,
  spawnTypeScript,
} from '#testing';
import { messageSchemas } from '../test/message-schemas.js';
import { MessagingTest } from '../test/messaging-test.js';
import { AVAILABILITY_CHANGED, availabilityIn } from './availability-message.js';
import { AvailabilityRelay } from './availability-relay.js';

const SAMPLES = new URL('../../../docs/samples/', import.meta.url);

await describeWithKafka('what is published', () => {
  let test: MessagingTest;
  let samples: { name: string; data: object }[];

  beforeAll(async () => {
    test = await MessagingTest.onSharedBrokers();
    const published = Object.keys(allEvents).filter((type) => !isOfProcesses(type));
    samples = published.flatMap((name) => golden(name).map((data) => ({ name, data })));
    for (const { name, data } of samples)
      await test.store.append([{ stream: `golden-${name}`, expected: 'any', events: [newEvent(name, data)] }]);
    const all = test.outgoings(published);
    test.relay({ pageSize: 10 }, test.store, test.readModels, all).start();
    await eventually(async () => (await test.messagesInTopic()) === samples.length);
  });
  afterAll(() => test.close());

  it('validates against asyncapi.json, every sample of every event, as it comes from Kafka', async () => {
    const messages = await test.readTopic(samples.length);
    const found = messages.map(({ headers, value }) => {
      const name = headers.ce_type ?? '';
      const schemas = messageSchemas.of(name);
      schemas.headers.parse(headers);
      return { name, data: schemas.payload.parse(JSON.parse(value)) };
    });
    const sorted = (list: readonly { name: string; data: unknown }[]) =>
      list.map((one) => JSON.stringify(one)).toSorted();
    expect(sorted(found)).toEqual(sorted(samples));
  });

  it.each([
    [
      'TypeScript',
      (brokers: string, topic: string) =>
        spawnTypeScript(new URL('consume-events.ts', SAMPLES), [brokers, topic, `${topic}.ts`]),
    ],
    [
      'Java',
      async (brokers: string, topic: string) => {
        const jars = await kafkaJars(kafkaVersion());
        const source = new URL('ConsumeEvents.java', SAMPLES).pathname;
        const classPath = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', join(jars, '*')];
        return spawn('java', [...classPath, source, brokers, topic, `${topic}.java`], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
      },
    ],
  ])('is read by the sample in %s', async (_, start) => {
    const lines = await linesOf(await start((await sharedKafka()).join(','), test.topic), samples.length);
    const { events } = await test.store.readAll({ after: 0 });
    expect(lines.toSorted()).toEqual(
      events
        .map(
          ({ position, stream, revision, type, data }) =>
            `${position} ${stream} ${revision} ${type} ${JSON.stringify(data)}`,
        )
        .toSorted(),
    );
  });

  it('has the newest number of every SKU, which a consumer gets again after a repeat', async () => {
    const availability = await MessagingTest.onSharedBrokers();
    const changes = ['A', 'B', 'A'].map((sku, index) => changeOf(sku, index + 1));
    const feed = {
      follow: async function* ({ after, signal }: { after: number; signal: AbortSignal }) {
        for (const change of changes) if (change.sequence > after) yield [change];
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    };
    const relay = new AvailabilityRelay(availability.kafka, availability.readModels, feed, {
      topic: availability.topic,
    });
    const newest = new Map<string, AvailabilityChange>();
    const consumer = availability.consumer({
      types: [AVAILABILITY_CHANGED],
      latestWins: true,
      handle: async (page) => {
        for (const change of page.map(availabilityIn)) newest.set(change.sku, change);
      },
    });
    relay.start();
    consumer.start();
    await eventually(() => relay.status().sequence === 3 && consumer.status().messages === 3);
    await relay.stop();
    await availability.readModels.execute(
      "update messaging.checkpoints set position = 0 where consumer like 'relay-%'",
    );
    relay.start();
    await eventually(() => consumer.status().messages === 6);
    await relay.stop();

    expect(relay.status()).toMatchObject({ state: 'stopped', sequence: 3, failures: 0 });
    expect(newest).toEqual(
      new Map([
        ['A', changeOf('A', 3)],
        ['B', changeOf('B', 2)],
      ]),
    );
    await availability.close();
  });
});

const golden = (name: string): object[] =>
  JSON.parse(readFileSync(new URL(`../../contracts/golden/${name}.json`, import.meta.url), 'utf8'));

function newEvent(type: string, data: object) {
  const metadata = {
    commandId: randomUUID(),
    correlationId: 'c',
    actor: 'spec',
    occurredAt: '2026-01-31T12:00:00.000Z',
  };
  return { id: randomUUID(), type, data, metadata };
}

const changeOf = (sku: string, sequence: number): AvailabilityChange => ({
  sequence,
  sku,
  stockRevision: sequence,
  available: { amazon: sequence },
  receivedAt: '2026-01-31T12:00:00.000Z',
});

async function linesOf(child: ChildProcess, count: number): Promise<string[]> {
  if (!child.stdout) throw new Error('The process has no output.');
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (lines.length === count) break;
  }
  await killHard(child);
  return lines;
}
