import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  createTestDatabase,
  describeWithKafka,
  eventually,
  InMemoryEventStore,
  type KafkaCluster,
  startKafka,
} from '#testing';
import { MessagingTest } from '../test/messaging-test.js';
import type { Consumer } from './consumer.js';
import type { Relay } from './relay.js';

await describeWithKafka(
  'with three brokers, relay and consumer lose and double nothing',
  () => {
    let cluster: KafkaCluster;
    let test: MessagingTest;
    let relay: Relay;
    let consumer: Consumer;

    beforeAll(async () => {
      cluster = await startKafka({ nodes: 3 });
      test = await MessagingTest.open({
        store: new InMemoryEventStore(),
        database: await createTestDatabase(),
        settings: { brokers: cluster.brokers, clientId: 'spec' },
        partitions: 6,
        replication: 3,
      });
      relay = test.relay({ pageSize: 50 });
      relay.start();
      consumer = test.consumer({ pageSize: 50 });
      consumer.start();
      await test.append(200, 40);
      await test.untilSeen(200);
    }, 300_000);
    afterAll(async () => {
      await test?.close();
      await cluster?.stop();
    });

    it('when the leader of some partitions is killed under load, and comes back', async () => {
      expect(await leaders()).toEqual(new Set([1, 2, 3]));
      await whileAppending(() => cluster.kill(0));
      await untilEqual();
      expect(await leaders()).toEqual(new Set([2, 3]));

      await whileAppending(() => cluster.restart(0));
      await untilEqual();
    });

    it('when all brokers are killed and come back', async () => {
      await Promise.all([0, 1, 2].map((node) => cluster.kill(node)));
      await test.append(200, 40);
      await eventually(() => relay.runner.status().state === 'retrying');
      await Promise.all([0, 1, 2].map((node) => cluster.restart(node)));
      await untilEqual();
      expect(relay.runner.status()).toMatchObject({ state: 'running', parked: 0 });
      expect(consumer.status()).toMatchObject({ ready: true, parked: 0 });
    });

    /** Appends all along, and some at the end. */
    async function whileAppending(work: () => Promise<void>): Promise<void> {
      let isOver = false;
      const worked = work().finally(() => {
        isOver = true;
      });
      await eventually(async () => {
        await test.append(10, 40);
        return isOver;
      });
      await worked;
      await test.append(50, 40);
    }

    async function untilEqual(): Promise<void> {
      const total = await test.store.head();
      await test.untilSeen(total);
      await relay.runner.waitFor(total, 10_000);
      expect(await test.seen()).toBe(total);
      expect(consumer.status().parked).toBe(0);
    }

    async function leaders(): Promise<Set<number>> {
      const admin = test.kafka.admin();
      await admin.connect();
      const { topics } = await admin.fetchTopicMetadata({ topics: [test.topic] });
      await admin.disconnect();
      return new Set(topics.flatMap(({ partitions }) => partitions.map(({ leader }) => leader)));
    }
  },
  { ownCluster: true },
);
