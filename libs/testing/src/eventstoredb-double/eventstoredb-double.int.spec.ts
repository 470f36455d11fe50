import { randomUUID } from 'node:crypto';
import {
  BACKWARDS,
  END,
  EventStoreDBClient,
  eventTypeFilter,
  jsonEvent,
  NO_STREAM,
  PARK,
  type Position,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  RETRY,
  START,
} from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../eventually.js';
import { EventStoreDbDouble } from './eventstoredb-double.js';
import type { ServerVersion } from './server.js';

/** Makes the client append by calls of their own. */
const ALONE = { credentials: { username: 'a', password: 'b' } };

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
    ['Append', ALONE],
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

  it('knows the ids of older events where any revision is expected, and gives their position', async () => {
    const batch = events(1);
    const first = await client.appendToStream('thing-1', batch);
    await client.appendToStream('thing-2', events(600));
    expect(await client.appendToStream('thing-1', batch)).toEqual(first);
    expect(first.position).toBeDefined();
    expect(await read(client, 'thing-1')).toHaveLength(1);
  });

  it('keeps the number of an id and not its letters, and takes nothing else for an id', async () => {
    const [event] = events(1);
    if (!event) throw new Error('no event');
    await client.appendToStream('thing-1', { ...event, id: event.id.toUpperCase() });
    expect((await read(client, 'thing-1')).map(({ id }) => id)).toEqual([event.id]);
    const attempt = client.appendToStream('thing-1', { ...event, id: 'order-7' }, ALONE);
    await expect(attempt).rejects.toMatchObject({ code: status.UNKNOWN });
  });

  it('takes an append without events, and no names that are empty', async () => {
    const { position } = await client.appendToStream('thing-1', events(2));
    const nothing = await client.appendToStream('thing-1', [], ALONE);
    expect(nothing.nextExpectedRevision).toBe(1n);
    expect(nothing.position?.commit).toBeGreaterThan(position?.commit ?? 0n);
    const nameless = client.appendToStream('', events(1), ALONE);
    await expect(nameless).rejects.toMatchObject({ code: status.UNKNOWN });
    const typeless = client.appendToStream('thing-1', events(1, ''), ALONE);
    await expect(typeless).rejects.toMatchObject({ code: status.UNKNOWN });
    const none = collect(client.readStream('thing-1', { maxCount: 0 }));
    await expect(none).rejects.toMatchObject({ code: status.UNKNOWN });
    await expect(collect(client.readAll({ maxCount: 0 }))).rejects.toMatchObject({ code: status.UNKNOWN });
  });

  it('has no room for an event of more than 16 MiB, and calls that no question of its limit', async () => {
    const event = jsonEvent({ type: 'Large', data: { text: 'x'.repeat(16 * 1_048_576) } });
    await expect(client.appendToStream('thing-1', event, ALONE)).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      type: 'unknown',
    });
  });

  it('does not start with a MaxAppendSize of 16 MiB', async () => {
    const starting = EventStoreDbDouble.start({ maxAppendBytes: 16 * 1_048_576 });
    await expect(starting).rejects.toThrow('MaxAppendSize exceeded 16767216 bytes.');
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

  it('denies streams', async () => {
    double.faults.denied.add('thing-1');
    await expect(read(client, 'thing-1')).rejects.toMatchObject({ type: 'access-denied' });
    await expect(client.appendToStream('thing-1', events(1))).rejects.toMatchObject({ type: 'access-denied' });
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

/** Where the two servers that were measured differ. */
describe.each<ServerVersion>(['23.10.8', '24.2.0'])('EventStoreDbDouble as %s', (version) => {
  let double: EventStoreDbDouble;
  let client: EventStoreDBClient;
  const isOld = version === '23.10.8';

  beforeEach(async () => {
    double = await EventStoreDbDouble.start({ version });
    client = EventStoreDBClient.connectionString(double.url());
  });

  afterEach(async () => {
    await double.stop();
  });

  it('says before it is caught up how far it let something through, if 24.2: the greatest number for nothing', async () => {
    const checkpoints: Position[] = [];
    const filter = eventTypeFilter({
      prefixes: ['Wanted'],
      checkpointReached: (_, position) => void checkpoints.push(position),
    });
    const subscription = client.subscribeToAll({ filter }).on('data', () => {});
    await new Promise((resolve) => subscription.once('caughtUp', resolve));
    expect(checkpoints).toEqual(isOld ? [] : [{ commit: 2n ** 64n - 1n, prepare: 2n ** 64n - 1n }]);
    await subscription.unsubscribe();
  });

  it('takes a position past its end, and gives nothing up to there', async () => {
    const { position } = await client.appendToStream('thing-1', events(2));
    const commit = (position?.commit ?? 0n) + 500n;
    const fromPosition = { commit, prepare: commit };
    expect(await collect(client.readAll({ fromPosition }))).toEqual([]);
    const seen: bigint[] = [];
    const subscription = client.subscribeToAll({ fromPosition });
    subscription.on('data', ({ event }) => void seen.push(event?.position.commit ?? 0n));
    await new Promise((resolve) => subscription.once('caughtUp', resolve));
    await client.appendToStream('thing-1', events(20));
    await eventually(() => seen.at(-1) === BigInt(double.log.records.at(-1)?.position ?? 0));
    expect(seen[0]).toBeGreaterThan(commit);
    await subscription.unsubscribe();
  });

  it('refuses a position inside a record', async () => {
    const { position } = await client.appendToStream('thing-1', events(1));
    const [commit, prepare] = [(position?.commit ?? 0n) + 1n, (position?.prepare ?? 0n) + 1n];
    const fromPosition = { commit, prepare };
    await expect(collect(client.readAll({ fromPosition }))).rejects.toMatchObject({
      code: status.UNKNOWN,
      message: expect.stringContaining(`Unexpected ReadAllResult: ${isOld ? 'Error' : 'InvalidPosition'}`),
    });
    await expect(collect(client.subscribeToAll({ fromPosition }))).rejects.toMatchObject(
      isOld
        ? { code: status.UNKNOWN, message: expect.stringContaining('Exception was thrown by handler.') }
        : { code: status.INVALID_ARGUMENT },
    );
  });

  it('begins a subscription before a record with the one after it, if 23.10; a read begins with that record', async () => {
    await client.appendToStream('thing-1', events(3));
    const fromPosition = { commit: BigInt(double.log.records[1]?.position ?? 0), prepare: 0n };
    expect((await collect(client.readAll({ fromPosition }))).map(({ event }) => event?.revision)).toEqual([1n, 2n]);
    const subscription = client.subscribeToAll({ fromPosition });
    expect((await firstOf(subscription)).event?.revision).toBe(isOld ? 2n : 1n);
    await subscription.unsubscribe();
  });

  it('ends a live subscription that is too slow, if 23.10, or catches it up again', async () => {
    const subscription = client.subscribeToAll({}, { highWaterMark: 1 });
    const fellBehind = new Promise((resolve) => subscription.once('fellBehind', resolve));
    const failed = new Promise((resolve) => subscription.once('error', resolve));
    await new Promise((resolve) => subscription.once('caughtUp', resolve).once('readable', () => {}));
    await client.appendToStream(
      'thing-1',
      Array.from({ length: 8 }, () => large()),
    );
    for (let more = 0; more < 12; more += 1)
      await client.appendToStream(
        'thing-1',
        Array.from({ length: 8 }, () => large()),
      );
    let taken = 0;
    subscription.on('data', () => {
      taken += 1;
    });
    if (isOld) {
      await expect(failed).resolves.toMatchObject({
        code: status.ABORTED,
        message: expect.stringContaining('too slow'),
      });
    } else {
      await fellBehind;
      await eventually(() => taken === 104);
      await subscription.unsubscribe();
    }
  });
});

const large = () => jsonEvent({ type: 'Counted', data: { text: 'x'.repeat(100_000) } });

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
