import { randomUUID } from 'node:crypto';
import {
  BACKWARDS,
  END,
  EventStoreDBClient,
  eventTypeFilter,
  jsonEvent,
  NO_STREAM,
  PARK,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  RETRY,
  START,
} from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventStoreDbDouble } from './eventstoredb-double.js';

/** The double as the client of EventStoreDB sees it, method by method. */
describe('EventStoreDbDouble', () => {
  let double: EventStoreDbDouble;
  let client: EventStoreDBClient;

  beforeEach(async () => {
    double = await EventStoreDbDouble.start();
    client = EventStoreDBClient.connectionString(double.url());
  });

  afterEach(async () => {
    await double.stop();
  });

  it.each([
    ['Append', { credentials: { username: 'makes the client append', password: 'by calls of their own' } }],
    ['BatchAppend', {}],
  ])('takes appends by %s, checks their revision and knows a repeat', async (_, options) => {
    const stream = `thing-${randomUUID()}`;
    const batch = events(2);
    const first = await client.appendToStream(stream, batch, { expectedRevision: NO_STREAM, ...options });
    expect(first.nextExpectedRevision).toBe(1n);
    expect(await client.appendToStream(stream, batch, { expectedRevision: NO_STREAM, ...options })).toEqual(first);
    await expect(client.appendToStream(stream, events(1), { expectedRevision: 0n, ...options })).rejects.toMatchObject({
      type: 'wrong-expected-version',
      actualVersion: 1n,
    });
    await expect(
      client.appendToStream(stream, jsonEvent({ type: 'Large', data: { text: 'x'.repeat(1_048_577) } }), options),
    ).rejects.toMatchObject({ type: 'maximum-append-size-exceeded' });
    expect((await read(client, stream)).map(({ id }) => id)).toEqual(batch.map(({ id }) => id));
  });

  it('forgets the ids of older events where any revision is expected, as a server does', async () => {
    const [event] = events(1);
    if (!event) throw new Error('no event');
    await client.appendToStream('thing-1', event);
    await client.appendToStream('thing-1', event);
    expect(await read(client, 'thing-1')).toHaveLength(1);
    await client.appendToStream('thing-2', events(600));
    await client.appendToStream('thing-1', event);
    expect(await read(client, 'thing-1')).toHaveLength(2);
  });

  it('hides what was deleted, closes what was tombstoned, and keeps as many events as the metadata says', async () => {
    await client.appendToStream('thing-1', events(3));
    await client.deleteStream('thing-1');
    await expect(read(client, 'thing-1')).rejects.toMatchObject({ type: 'stream-not-found' });
    const again = await client.appendToStream('thing-1', events(1), { expectedRevision: NO_STREAM });
    expect(again.nextExpectedRevision).toBe(3n);
    await client.tombstoneStream('thing-1');
    await expect(read(client, 'thing-1')).rejects.toMatchObject({ type: 'stream-deleted' });
    await expect(client.appendToStream('thing-1', events(1))).rejects.toMatchObject({ type: 'stream-deleted' });

    await client.setStreamMetadata('thing-2', { maxCount: 2 });
    await client.appendToStream('thing-2', events(5));
    expect((await read(client, 'thing-2')).map(({ revision }) => revision)).toEqual([3n, 4n]);
    expect((await client.getStreamMetadata('thing-2')).metadata).toEqual({ maxCount: 2 });
  });

  it('denies streams, and refuses a position at which no record begins', async () => {
    double.faults.denied.add('thing-1');
    await expect(read(client, 'thing-1')).rejects.toMatchObject({ type: 'access-denied' });
    await expect(client.appendToStream('thing-1', events(1))).rejects.toMatchObject({ type: 'access-denied' });
    const { position } = await client.appendToStream('thing-2', events(1));
    const [commit, prepare] = [(position?.commit ?? 0n) + 1n, (position?.prepare ?? 0n) + 1n];
    await expect(collect(client.readAll({ fromPosition: { commit, prepare } }))).rejects.toThrow(/invalid position/);
  });

  it('reads $all both ways, from a position inclusively forwards and exclusively backwards', async () => {
    const { position } = await client.appendToStream('thing-1', events(3));
    const last = position ?? { commit: 0n, prepare: 0n };
    expect(await collect(client.readAll({ fromPosition: last }))).toHaveLength(1);
    expect(await collect(client.readAll({ fromPosition: last, direction: BACKWARDS }))).toHaveLength(2);
    expect(await collect(client.readAll({ fromPosition: END, direction: BACKWARDS, maxCount: 2 }))).toHaveLength(2);
  });

  it('filters a subscription, says when it caught up, and sends checkpoints of what it left out', async () => {
    await client.appendToStream('thing-1', [...events(40, 'Other'), ...events(1, 'Wanted')]);
    const { position } = await client.appendToStream('thing-1', events(40, 'Other'));
    const checkpoints: bigint[] = [];
    const subscription = client.subscribeToAll({
      filter: eventTypeFilter({
        prefixes: ['Wanted'],
        maxSearchWindow: 10,
        checkpointReached: (_, { commit }) => void checkpoints.push(commit),
      }),
    });
    const caughtUp = new Promise((resolve) => subscription.once('caughtUp', resolve));
    const [wanted] = await Promise.all([firstOf(subscription), caughtUp]);
    expect(wanted?.event?.type).toBe('Wanted');
    expect(checkpoints.length).toBeGreaterThanOrEqual(8);
    expect(checkpoints.at(-1)).toBeLessThanOrEqual(position?.commit ?? 0n);
    await subscription.unsubscribe();
  });

  it('shares a stream between the consumers of a persistent subscription: ack, retry, park, replay', async () => {
    await client.appendToStream('thing-1', events(3));
    const settings = persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, maxRetryCount: 5 });
    await client.createPersistentSubscriptionToStream('thing-1', 'group', settings);
    await expect(client.createPersistentSubscriptionToStream('thing-1', 'group', settings)).rejects.toMatchObject({
      type: 'persistent-subscription-exists',
    });
    const consumer = client.subscribeToPersistentSubscriptionToStream('thing-1', 'group', { bufferSize: 1 });
    const seen: [bigint | undefined, number][] = [];
    for await (const event of consumer) {
      seen.push([event.event?.revision, event.retryCount]);
      if (seen.length === 1) await consumer.nack(RETRY, 'again', event);
      else if (seen.length === 3) await consumer.nack(PARK, 'never', event);
      else await consumer.ack(event);
      if (seen.length === 4) break;
    }
    await consumer.unsubscribe();
    expect(seen).toEqual([
      [0n, 0],
      [0n, 1],
      [1n, 0],
      [2n, 0],
    ]);
    const parked = async (): Promise<number> =>
      Number((await client.getPersistentSubscriptionToStreamInfo('thing-1', 'group')).stats.parkedMessageCount);
    expect(await parked()).toBe(1);
    await client.replayParkedMessagesToStream('thing-1', 'group');
    expect(await parked()).toBe(0);
    await client.updatePersistentSubscriptionToStream('thing-1', 'group', { ...settings, maxRetryCount: 1 });
    await client.createPersistentSubscriptionToAll('all', persistentSubscriptionToAllSettingsFromDefaults());
    expect((await client.listAllPersistentSubscriptions()).map(({ groupName }) => groupName)).toEqual(['group', 'all']);
    expect(await client.listPersistentSubscriptionsToAll()).toHaveLength(1);
    await client.deletePersistentSubscriptionToAll('all');
    await client.deletePersistentSubscriptionToStream('thing-1', 'group');
    expect(await client.listAllPersistentSubscriptions()).toEqual([]);
  });
});

const events = (count: number, type = 'Counted') =>
  Array.from({ length: count }, (_, index) => jsonEvent({ type, data: { index } }));

async function collect<Event>(reading: AsyncIterable<Event>): Promise<Event[]> {
  const all: Event[] = [];
  for await (const event of reading) all.push(event);
  return all;
}

const read = async (client: EventStoreDBClient, stream: string) =>
  (await collect(client.readStream(stream))).flatMap(({ event }) => event ?? []);

async function firstOf<Event>(
  stream: AsyncIterable<Event> & { once(name: 'data', listener: (event: Event) => void): unknown },
) {
  return new Promise<Event>((resolve) => stream.once('data', resolve));
}
