import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { AvailabilityChange } from '#contracts';
import { describeWithKafka, eventually } from '#testing';
import { MessagingTest } from '../test/messaging-test.js';
import { AvailabilityRelay } from './availability-relay.js';
import { KafkaAvailabilityFeed } from './kafka-availability-feed.js';

await describeWithKafka('the availability feed over Kafka', () => {
  let test: MessagingTest;
  let relay: AvailabilityRelay;

  beforeAll(async () => {
    test = await MessagingTest.onSharedBrokers({ partitions: 3 });
    relay = new AvailabilityRelay(
      test.kafka,
      test.readModels,
      { follow: ({ signal }) => changesOf(SKUS, signal) },
      { topic: test.topic },
    );
    relay.start();
    await eventually(() => relay.status().messages === SKUS.length);
  });
  afterAll(async () => {
    await relay.stop();
    await test.close();
  });

  const feedOf = (name: string) => new KafkaAvailabilityFeed(test.kafka, test.readModels, name, { topic: test.topic });
  const storedFor = async (name: string) => {
    const [row] = await test.readModels.query<{ messages: number }>(
      'select coalesce(sum(messages), 0)::bigint as messages from messaging.checkpoints where consumer = $1',
      [name],
    );
    return row?.messages ?? 0;
  };

  it('brings the number of every SKU, and counts no batch as dealt with before the next one is asked for', async () => {
    const feed = feedOf('spec.all');
    const stop = new AbortController();
    const skus: string[] = [];
    for await (const batch of feed.follow({ signal: stop.signal })) {
      expect(await storedFor('spec.all')).toBeLessThanOrEqual(skus.length);
      expect(feed.status()).toMatchObject({ name: 'spec.all', state: 'running' });
      skus.push(...batch.map(({ sku }) => sku));
      if (skus.length === SKUS.length)
        setTimeout(
          () => void eventually(async () => (await storedFor('spec.all')) === SKUS.length).finally(() => stop.abort()),
        );
    }
    expect(skus.toSorted()).toEqual(SKUS);
    expect(await storedFor('spec.all')).toBe(SKUS.length);
    expect(feed.status()).toBeUndefined();
  });

  it('brings a batch again to one who left in the middle of it', async () => {
    const first: string[] = [];
    for await (const batch of feedOf('spec.again').follow({ signal: new AbortController().signal })) {
      first.push(...batch.map(({ sku }) => sku));
      break;
    }
    expect(await storedFor('spec.again')).toBe(0);
    const stop = new AbortController();
    const seen = new Set<string>();
    for await (const batch of feedOf('spec.again').follow({ signal: stop.signal })) {
      for (const { sku } of batch) seen.add(sku);
      if (seen.size === SKUS.length) stop.abort();
    }
    expect([...seen]).toEqual(expect.arrayContaining(first));
  });

  it('ends at once for one who does not want it any more', async () => {
    const batches: unknown[] = [];
    for await (const batch of feedOf('spec.none').follow({ signal: AbortSignal.abort() })) batches.push(batch);
    expect(batches).toEqual([]);
  });
});

const SKUS = Array.from({ length: 30 }, (_, index) => `SKU-${String(index).padStart(2, '0')}`);

/** A number for each, and then nothing any more. */
async function* changesOf(skus: readonly string[], signal: AbortSignal): AsyncIterable<readonly AvailabilityChange[]> {
  yield skus.map((sku, index) => ({
    sequence: index + 1,
    sku,
    stockRevision: 0,
    available: { amazon: index },
    receivedAt: '2026-01-01T00:00:00.000Z',
  }));
  if (!signal.aborted) await once(signal, 'abort');
}
