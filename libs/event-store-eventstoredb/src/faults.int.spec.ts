import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { NewEvent, StreamAppend } from '#event-sourcing';
import { EventStoreUnavailable } from '#event-sourcing';
import {
  type EventStoreDbDouble,
  type EventStoreDbDoubleOptions,
  eventually,
  MAX_APPEND_BYTES_MAX,
  startEventStoreDbDouble,
} from '#testing';
import { EventStoreDbStore, type EventStoreDbStoreOptions } from './eventstoredb-store.js';

let double: EventStoreDbDouble;
let store: EventStoreDbStore;

/** Always the double: these are faults that a real server does not have on demand. */
async function open(
  options: Omit<EventStoreDbStoreOptions, 'url'> = {},
  doubleOptions: EventStoreDbDoubleOptions = {},
): Promise<void> {
  double = await startEventStoreDbDouble({ maxAppendBytes: MAX_APPEND_BYTES_MAX, ...doubleOptions });
  store = await EventStoreDbStore.open({ url: double.url(), ...options });
}

afterEach(async () => {
  await store.close();
  await double.stop();
});

describe('EventStoreDbStore under load', () => {
  it('sends one append alone over a fresh connection, and of its own choice no more than 128 at once after it', async () => {
    await open();
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

  it('sends an append again where a server takes fewer at once than we send', async () => {
    await open();
    double.faults.maxConcurrentAppends = 40;
    const appends = Array.from({ length: 300 }, () => appendOf(1));
    const results = await Promise.all(appends.map((append) => store.append([append])));
    expect(results.map(({ revisions }) => revisions)).toEqual(appends.map(() => [0]));
    expect(double.log.records).toHaveLength(300);
  });

  it('does not ask again for an event that is larger than a message', async () => {
    await open();
    const data = Buffer.from(JSON.stringify({ text: 'x'.repeat(18 * 1_048_576) }));
    const record = { id: randomUUID(), type: 'Large', contentType: 'application/json', data };
    double.log.append('thing-1', 'any', [{ ...record, metadata: new Uint8Array() }]);
    const before = double.faults.calls.get('read') ?? 0;
    await expect(store.readAll({ after: 0 })).rejects.toThrow(/fit into one message of gRPC, which holds 16 MiB/);
    expect(double.faults.calls.get('read')).toBe(before + 1);
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

  it('refuses to open where no server answers', async () => {
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

describe('EventStoreDbStore on a cluster whose leader is away', () => {
  it('goes 6 seconds at most without an acknowledgement when the leader is frozen', async () => {
    await open({}, { nodes: 3 });
    await store.append([appendOf(1)]);
    const frozen = double.node(0);
    let acknowledgedMs = performance.now();
    let longestMs = 0;
    const isOver = new AbortController();
    const buyers = Array.from({ length: 20 }, async () => {
      while (!isOver.signal.aborted) {
        const append = appendOf(1);
        await store.load([append.stream]);
        await store.append([append]);
        longestMs = Math.max(longestMs, performance.now() - acknowledgedMs);
        acknowledgedMs = performance.now();
      }
    });
    await eventually(() => double.log.records.length > 100);
    // The others take their time to notice, and call it the leader until then.
    frozen.door.silence();
    await delay(2_000);
    double.elect(1);
    const stored = double.log.records.length;
    await eventually(() => double.log.records.length > stored + 100);
    frozen.door.speak();
    await delay(300);
    isOver.abort();
    await Promise.all(buyers);
    expect(longestMs).toBeGreaterThan(2_000);
    expect(longestMs).toBeLessThan(6_000);
  }, 30_000);

  it('waits through an election of any length, and no rejection is left to the process', async () => {
    await open({ patienceMs: 2 * ELECTION_MS }, { nodes: 3 });
    await store.append([appendOf(1)]);
    const reader = store.subscribe({ after: 0, signal: new AbortController().signal })[Symbol.asyncIterator]();
    await reader.next();
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const appends = Array.from({ length: 20 }, () => appendOf(1));
    const dead = double.leader;
    // First one call fails, so that a new leader is looked for, and then the subscription of before.
    dead.faults.failNext('append', status.UNAVAILABLE);
    const unavailable = store.append([appendOf(1)]);
    await eventually(() => dead.faults.calls.get('append') === 2);
    double.depose();
    const waiting = appends.map(async (append, index) => {
      await delay(100 * index);
      return store.append([append]);
    });
    const opening = EventStoreDbStore.open({ url: double.url(), patienceMs: 2 * ELECTION_MS });
    const live = reader.next();
    await delay(300);
    dead.kill();
    await delay(ELECTION_MS);
    double.elect(2);
    expect(await Promise.all([unavailable, ...waiting])).toHaveLength(21);
    await (await opening).close();
    expect((await live).value.events).not.toHaveLength(0);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  }, 60_000);
});

/** The client's own discovery gives up after ten attempts, which take about a second. */
const ELECTION_MS = 30_000;

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
