import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { ReadModels } from '#read-models';
import { describeWithKafka, eventually, killHard, sharedKafka, spawnTypeScript } from '#testing';
import { countedOn, note } from '../test/counting.js';
import { MessagingTest } from '../test/messaging-test.js';

const CHILD = new URL('../test/consumer-process.ts', import.meta.url);

await describeWithKafka('relay and consumer', () => {
  let test: MessagingTest;

  beforeEach(async () => {
    test = await MessagingTest.onSharedBrokers();
  });
  afterEach(() => test.close());

  it('carry what is published from the store into rows, and nothing else', async () => {
    await test.store.append([countedOn('a', 0, 'Ignored')]);
    await test.append(300);
    const relay = test.relay();
    relay.start();
    const consumer = test.consumer();
    consumer.start();
    await test.untilSeen(300);
    await relay.runner.waitFor(301, 10_000);

    expect(await test.messagesInTopic()).toBe(300);
    expect(await test.seen()).toBe(300);
    expect(consumer.status()).toMatchObject({ ready: true, messages: 300, repeats: 0, parked: 0 });
  });

  it('lose and double nothing when the relay crashes between Kafka and its checkpoint', async () => {
    await test.append(400);
    const crashing = test.relay({ pageSize: 50, name: 'relay' }, test.store, forgetful(test.readModels));
    crashing.start();
    await eventually(async () => (await test.messagesInTopic()) >= 150);
    expect(crashing.runner.position).toBe(0);
    await crashing.stop();

    test.relay({ pageSize: 50, name: 'relay' }).start();
    const consumer = test.consumer();
    consumer.start();
    await test.untilSeen(400);
    await eventually(() => consumer.status().partitions.every(({ lag }) => lag === 0));

    expect(await test.messagesInTopic()).toBeGreaterThanOrEqual(500);
    expect(await test.seen()).toBe(400);
    expect(consumer.status().repeats).toBeGreaterThanOrEqual(100);
    expect(consumer.status()).toMatchObject({ messages: 400, parked: 0 });
  });

  it('hand the work of a stopped relay to the one that stands by', async () => {
    const [first, second] = [test.relay(), test.relay()];
    first.start();
    await eventually(() => first.runner.status().state === 'running');
    second.start();
    await eventually(() => second.runner.status().state === 'standby');
    await test.append(10);
    await first.runner.waitFor(10, 10_000);
    await first.stop();
    await test.append(10);
    await second.runner.waitFor(20, 10_000);

    expect(await test.messagesInTopic()).toBe(20);
  });

  it('give a page its effect once when the consumer is killed in the middle of it', async () => {
    await test.append(200);
    test.relay().start();
    const child = spawnTypeScript(CHILD, [(await sharedKafka()).join(','), test.topic, test.database.url]);
    if (!child.stdout) throw new Error('The process has no output.');
    await once(child.stdout, 'data');
    await killHard(child);
    expect(await test.seen()).toBeLessThan(200);

    const consumer = test.consumer();
    consumer.start();
    await test.untilSeen(200);
    expect(await test.seen()).toBe(200);
    expect(consumer.status().messages).toBeLessThan(200);
    expect(consumer.status().parked).toBe(0);
  });

  it('share the partitions of two consumers, and lose and double nothing while they change hands', async () => {
    const relay = test.relay({ pageSize: 100 });
    relay.start();
    const first = test.consumer({ pageSize: 20 });
    first.start();
    await test.append(500, 40);
    await test.untilSeen(100);
    const second = test.consumer({ pageSize: 20 });
    second.start();
    await eventually(async () => {
      await test.append(50, 40);
      return first.status().partitions.length === 2 && second.status().partitions.length === 2;
    });
    await first.stop();
    await eventually(async () => {
      await test.append(50, 40);
      return second.status().partitions.length === 4;
    });
    const total = await test.store.head();
    await test.untilSeen(total);
    await eventually(() => second.status().partitions.every(({ lag }) => lag === 0));

    expect(await test.seen()).toBe(total);
    expect(first.status().messages + second.status().messages).toBe(total);
    expect(second.status()).toMatchObject({ ready: true, parked: 0 });
  });

  it('read everything again under another name, in the order of each stream', async () => {
    await test.append(300);
    test.relay().start();
    test.consumer().start();
    await test.untilSeen(300);
    const replayed: string[] = [];
    const consumer = test.consumer({
      name: `${test.topic}.replay`,
      handle: async (page) => {
        replayed.push(...page.map(({ stream, revision }) => `${stream} ${revision}`));
      },
    });
    consumer.start();
    await eventually(() => consumer.status().messages === 300);

    const log = await test.store.readAll({ after: 0 });
    const ofStream = (lines: readonly string[], stream: string) =>
      lines.filter((line) => line.startsWith(`${stream} `));
    const expected = log.events.map(({ stream, revision }) => `${stream} ${revision}`);
    for (const stream of new Set(log.events.map((event) => event.stream)))
      expect(ofStream(replayed, stream)).toEqual(ofStream(expected, stream));
    expect(replayed).toHaveLength(300);
  });

  it('begin at the checkpoint of the database and not at the offsets of Kafka', async () => {
    await test.append(100);
    test.relay().start();
    const consumer = test.consumer();
    consumer.start();
    await test.untilSeen(100);
    await consumer.stop();
    await test.readModels.execute('delete from counting.seen; delete from messaging.checkpoints');

    test.consumer().start();
    await test.untilSeen(100);
    expect(await test.seen()).toBe(100);
  });

  it('count what Kafka deleted before it was read, and go on', async () => {
    test.relay().start();
    const first = test.consumer({ handle: async () => {} });
    first.start();
    await test.append(40);
    await eventually(() => first.status().messages === 40);
    await first.stop();
    await test.append(30);
    await eventually(async () => (await test.messagesInTopic()) === 70);
    await test.deleteMessages();
    await test.append(20);

    const second = test.consumer({ handle: async () => {} });
    second.start();
    await eventually(() => second.status().messages === 20);
    expect(second.status()).toMatchObject({ missing: 30, parked: 0 });
  });

  it('wait while paused, and go on when resumed', async () => {
    test.relay().start();
    const consumer = test.consumer();
    consumer.start();
    await test.append(20);
    await test.untilSeen(20);
    consumer.pause();
    await test.append(20);
    await eventually(() => consumer.status().partitions.some(({ lag = 0 }) => lag > 0));
    expect(consumer.status()).toMatchObject({ state: 'paused', ready: true, messages: 20 });
    consumer.resume();
    await test.untilSeen(40);
    expect(await test.seen()).toBe(40);
  });

  it('connect again when the client holds a partition and does not fetch it', async () => {
    const clients: ReturnType<MessagingTest['kafka']['consumer']>[] = [];
    const consumer = test.consumer({}, { stuckAfterMs: 2_000 }, recording(test.kafka, clients));
    test.relay().start();
    consumer.start();
    await test.append(20);
    await test.untilSeen(20);
    clients[0]?.pause([{ topic: test.topic }]);
    await test.append(20);
    await test.untilSeen(40);

    expect(consumer.status().restarts).toBeGreaterThanOrEqual(1);
    expect(clients).toHaveLength(consumer.status().restarts + 1);
    expect(await test.seen()).toBe(40);
  });

  it('try a page again until the handler succeeds, without parking what the database refused', async () => {
    let failures = 0;
    const consumer = test.consumer(
      {
        handle: async (page, tx) => {
          await note(page, tx);
          if (failures < 5) {
            failures += 1;
            throw new Error('not now');
          }
        },
      },
      { attempts: 2 },
    );
    await test.append(40, 40);
    test.relay().start();
    consumer.start();
    await test.untilSeen(40);
    expect(await test.seen()).toBe(40);
    expect(consumer.status()).toMatchObject({ parked: 0 });
  });
});

/** The read models of a relay that dies each time before it stores its checkpoint. */
function forgetful(readModels: ReadModels): ReadModels {
  return new Proxy(readModels, {
    get: (target, name) => {
      if (name !== 'execute') return bound(target, name);
      return (sql: string, parameters?: readonly unknown[]) =>
        sql.includes('update read_models.checkpoints')
          ? Promise.reject(new Error('killed'))
          : target.execute(sql, parameters);
    },
  });
}

type Kafka = MessagingTest['kafka'];

function recording(kafka: Kafka, clients: ReturnType<Kafka['consumer']>[]): Kafka {
  return new Proxy(kafka, {
    get: (target, name) => {
      if (name !== 'consumer') return bound(target, name);
      return (options: Parameters<Kafka['consumer']>[0]) => {
        const client = target.consumer(options);
        clients.push(client);
        return client;
      };
    },
  });
}

function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === 'function' ? value.bind(target) : value;
}
