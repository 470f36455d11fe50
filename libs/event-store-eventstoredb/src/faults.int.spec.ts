import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { NewEvent, StreamAppend } from '#event-sourcing';
import { EventStoreUnavailable } from '#event-sourcing';
import { type EventStoreDbDouble, type EventStoreDbDoubleOptions, eventually, startEventStoreDbDouble } from '#testing';
import { EventStoreDbStore, type EventStoreDbStoreOptions } from './eventstoredb-store.js';

let double: EventStoreDbDouble;
let store: EventStoreDbStore;

/** Always the double: these are faults that a real server does not have on demand. */
async function open(
  options: Omit<EventStoreDbStoreOptions, 'url'> = {},
  doubleOptions: EventStoreDbDoubleOptions = {},
): Promise<void> {
  double = await startEventStoreDbDouble({ maxAppendBytes: 16 * 1_048_576, ...doubleOptions });
  store = await EventStoreDbStore.open({ url: double.url(), ...options });
}

afterEach(async () => {
  await store.close();
  await double.stop();
});

describe('EventStoreDbStore under load', () => {
  it('sends one append alone over a fresh connection, and no more than 128 at once after it', async () => {
    await open();
    double.faults.maxConcurrentAppends = 128;
    const release = double.faults.hold('append');
    const appending = Promise.all(Array.from({ length: 1_000 }, () => store.append([appendOf(1)])));
    await eventually(() => double.faults.calls.get('append') === 1);
    await store.head();
    expect(double.faults.calls.get('append')).toBe(1);
    release();
    expect(await appending).toHaveLength(1_000);
    expect(double.faults.appendsInFlightMax).toBeGreaterThan(1);
    expect(double.faults.appendsInFlightMax).toBeLessThanOrEqual(128);
  });

  it('sends an append again that the server had no room for', async () => {
    await open();
    double.faults.failNext('append', status.RESOURCE_EXHAUSTED, 3);
    const append = appendOf(2);
    expect((await store.append([append])).revisions).toEqual([1]);
    expect(await store.readStream(append.stream)).toHaveLength(2);
  });
});

describe('EventStoreDbStore over broken connections', () => {
  it('stores an append once whose answer was lost', async () => {
    await open();
    double.faults.appendsToStoreAndDrop = 1;
    const append = appendOf(2);
    expect((await store.append([append])).revisions).toEqual([1]);
    expect(await store.readStream(append.stream)).toHaveLength(2);
  });

  it.each(['any', 'no-stream'] as const)(
    'stores each of many appends once while connections break (%s)',
    async (expected) => {
      await open();
      await store.append([appendOf(1)]);
      double.faults.appendsToStoreAndDrop = 5;
      const appends = Array.from({ length: 200 }, () => ({ ...appendOf(2), expected }));
      const results = await Promise.all(appends.map((append) => store.append([append])));
      expect(results.map(({ revisions }) => revisions)).toEqual(appends.map(() => [1]));
      const histories = await store.load(appends.map(({ stream }) => stream));
      expect(histories.map(({ events }) => events.map(({ id }) => id))).toEqual(
        appends.map(({ events }) => events.map(({ id }) => id)),
      );
    },
  );

  it('sends an append again whose answer does not come', async () => {
    await open({ answerTimeoutMs: 200 });
    const release = double.faults.hold('append');
    const append = appendOf(2);
    const appending = store.append([append]);
    await eventually(() => double.faults.calls.get('append') === 2);
    release();
    expect((await appending).revisions).toEqual([1]);
    expect(await store.readStream(append.stream)).toHaveLength(2);
  });

  it('leaves no rejection unhandled when a connection breaks that large appends wait for', async () => {
    await open();
    await store.append([appendOf(1)]);
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    double.door.silence();
    const appending = Promise.all(Array.from({ length: 100 }, () => store.append([appendOf(1, 'x'.repeat(100_000))])));
    for (let turn = 0; turn < 5_000; turn += 1) await new Promise(setImmediate);
    double.door.drop();
    double.door.speak();
    expect(await appending).toHaveLength(100);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('asks again when the server falls silent', async () => {
    await open({ answerTimeoutMs: 300 });
    const append = appendOf(1);
    double.door.silence();
    const [appending, reading] = [store.append([append]), store.head()];
    await expect(Promise.race([appending, reading, inMs(700)])).resolves.toBe('later');
    double.door.speak();
    expect((await appending).revisions).toEqual([0]);
    expect(await reading).toBeGreaterThanOrEqual(0);
    expect(await store.readStream(append.stream)).toHaveLength(1);
  });

  it('lets its callers go when the server stays away, and works again when it is back', async () => {
    await open({ patienceMs: 400 });
    double.door.refuse();
    await expect(store.append([appendOf(1)])).rejects.toBeInstanceOf(EventStoreUnavailable);
    await expect(store.head()).rejects.toBeInstanceOf(EventStoreUnavailable);
    double.door.admit();
    expect((await store.append([appendOf(1)])).revisions).toEqual([0]);
  });

  it('refuses to open where nobody answers', async () => {
    await open();
    await double.stop();
    await expect(EventStoreDbStore.open({ url: double.url(), patienceMs: 300 })).rejects.toBeInstanceOf(
      EventStoreUnavailable,
    );
  });

  it('stores what it accepted before it closes, and takes nothing after that', async () => {
    await open();
    const appending = Promise.all(Array.from({ length: 100 }, () => store.append([appendOf(1)])));
    await store.close();
    expect(await appending).toHaveLength(100);
    await expect(store.append([appendOf(1)])).rejects.toThrow('closed');
    await expect(store.head()).rejects.toThrow('closed');
  });
});

describe('EventStoreDbStore on a cluster', () => {
  it.each([
    ['all nodes', () => double.url()],
    ['one node to ask for the others', () => `esdb+discover://127.0.0.1:${double.node(2).door.port}?tls=false`],
    ['one node that is no leader', () => `esdb://127.0.0.1:${double.node(1).door.port}?tls=false`],
  ])('finds the leader by %s, and the next one after an election', async (_, url) => {
    double = await startEventStoreDbDouble({ nodes: 3 });
    store = await EventStoreDbStore.open({ url: url() });
    await store.append([appendOf(1)]);
    expect(double.node(0).faults.calls.get('append')).toBe(1);
    double.elect(1);
    await store.append([appendOf(1)]);
    expect(double.node(1).faults.calls.get('append')).toBe(1);
    expect(double.log.records).toHaveLength(2);
  });

  it('goes on with the next leader when the leader dies in mid-append', async () => {
    await open({}, { nodes: 3 });
    await store.append([appendOf(1)]);
    const release = double.faults.hold('append');
    const append = appendOf(3);
    const appending = store.append([append]);
    await eventually(() => double.faults.calls.get('append') === 2);
    const dead = double.leader;
    double.elect(2);
    dead.kill();
    expect((await appending).revisions).toEqual([2]);
    release();
    expect(await store.readStream(append.stream)).toHaveLength(3);
  });
});

function appendOf(count: number, text = ''): StreamAppend {
  const events = Array.from({ length: count }, (_, index): NewEvent => {
    const metadata = {
      commandId: randomUUID(),
      correlationId: 'spec',
      actor: 'spec',
      occurredAt: '2024-02-29T12:00:00.000Z',
    };
    return { id: randomUUID(), type: 'Counted', data: { index, text }, metadata };
  });
  return { stream: `thing-${randomUUID()}`, expected: 'no-stream', events };
}

const inMs = (ms: number): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('later'), ms));
