import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventFilter, NewEvent, Page } from '#event-sourcing';
import {
  type EventStoreDbDouble,
  type EventStoreDbDoubleOptions,
  MAX_APPEND_BYTES_MAX,
  type ServerVersion,
  startEventStoreDbDouble,
} from '#testing';
import { EventStoreDbStore } from './eventstoredb-store.js';

let double: EventStoreDbDouble;
let store: EventStoreDbStore;

const said: string[] = [];

const open = async (options: EventStoreDbDoubleOptions = {}): Promise<void> => {
  double = await startEventStoreDbDouble({ maxAppendBytes: MAX_APPEND_BYTES_MAX, nodes: 2, ...options });
  store = await EventStoreDbStore.open({ url: double.url(), log: (message) => void said.push(message) });
};

beforeEach(async () => {
  said.length = 0;
  await open();
});

afterEach(async () => {
  await store.close();
  await double.stop();
});

describe('a subscription whose connection breaks', () => {
  it.each<[string, EventFilter | undefined]>([
    ['without a filter', undefined],
    ['with a filter', { types: ['Counted'] }],
  ])('goes on where it was, live and while it catches up, %s', async (_, filter) => {
    put(1_500);
    const reader = subscribe(0, filter);
    const live = subscribe(await store.head(), filter);
    await live.next();
    while (reader.seen.length < 1_700) {
      await reader.next();
      double.door.drop();
      if (reader.seen.length >= 1_500 && double.log.records.length < 1_700) put(50);
    }
    while (live.seen.length < 200) await live.next();
    expect(reader.seen).toEqual(positions());
    expect(live.seen).toEqual(positions().slice(1_500));
    await Promise.all([reader.end(), live.end()]);
  });

  it('goes on at the next leader', async () => {
    put(10);
    const reader = subscribe(0);
    await reader.until(10);
    const dead = double.leader;
    double.elect(1);
    dead.kill();
    put(10);
    await reader.until(20);
    expect(reader.seen).toEqual(positions());
    await reader.end();
  });

  it('ends when it is aborted while no server answers', async () => {
    const reader = subscribe(0);
    await reader.next();
    double.door.refuse();
    await reader.end();
  });
});

describe('a subscription far behind', () => {
  it('lets the server leave out other types, and moves past them', async () => {
    put(20_000, 'Other');
    put(5, 'Counted');
    put(20_000, 'Other');
    const reader = subscribe(0, { types: ['Counted'] });
    const reached: number[] = [];
    do {
      const page = await reader.next();
      reached.push(page.position);
    } while (!reader.caughtUp);
    expect(reader.seen).toHaveLength(5);
    expect(reached).toEqual([...new Set(reached)].sort((a, b) => a - b));
    expect(reached.length).toBeGreaterThan(5);
    expect(reached.at(-1)).toBe(await store.head());
    expect(double.faults.readAnswers).toBeLessThan(500);
    await reader.end();
  });

  it('takes types and categories by their whole name', async () => {
    put(2, 'Counted', 'shelf-1');
    put(2, 'Counted.v2', 'shelf-1');
    put(2, 'Counted', 'shelfware-1');
    put(1, 'Counted', 'shelf');
    for (const [filter, count] of [
      [{ types: ['Counted'] }, 5],
      [{ types: ['Counted.v2'] }, 2],
      [{ categories: ['shelf'] }, 5],
      [{ types: [] }, 0],
      [{ categories: [] }, 0],
    ] as const) {
      const reader = subscribe(0, filter);
      while (!reader.caughtUp) await reader.next();
      expect([filter, reader.seen.length]).toEqual([filter, count]);
      await reader.end();
    }
  });

  it('takes no more from the server than its reader takes from it', async () => {
    put(50_000, 'Counted', 'thing-1', 'x'.repeat(1_000));
    const reader = subscribe(0, undefined, 10);
    await reader.next();
    await settled();
    expect(double.faults.readAnswers).toBeLessThan(10_000);
    await reader.end();
  });

  it('goes back to the server when it fell behind what is kept of the newest events', async () => {
    const slow = subscribe(0, undefined, 7);
    await slow.next();
    const fast = subscribe(0);
    for (let megabytes = 0; megabytes < 40; megabytes += 1) {
      put(10, 'Counted', 'thing-1', 'x'.repeat(100_000));
      await fast.until(10 * (megabytes + 1));
    }
    await slow.until(400);
    expect(slow.seen).toEqual(positions());
    await Promise.all([slow.end(), fast.end()]);
  });

  it('leaves out snapshots and what the server writes for itself', async () => {
    put(1);
    await store.saveSnapshots([{ stream: 'thing-1', revision: 0, version: 1, state: {} }]);
    await store.saveSnapshots([{ stream: 'thing-1', revision: 1, version: 1, state: {} }]);
    put(1, '$stats', '$stats-1');
    put(1);
    const reader = subscribe(0);
    await reader.until(2);
    const page = await store.readAll({ after: 0 });
    expect(page.events.map(({ position }) => position)).toEqual(reader.seen);
    expect(double.log.visible('snapshot-v1-thing-1')).toHaveLength(1);
    expect(double.log.metadataOf('snapshot-v1-thing-1')).toEqual({ $maxCount: 1 });
    expect(await store.head()).toBe(reader.seen.at(-1));
    await reader.end();
  });
});

describe.each<ServerVersion>(['23.10.8', '24.2.0'])('a subscription on %s', (version) => {
  beforeEach(async () => {
    await store.close();
    await double.stop();
    await open({ version });
  });

  it('begins on a new log, of which the server lets nothing through, and sees the first event', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const reader = subscribe(0, { types: ['Counted'] });
    expect(await reader.next()).toEqual({ events: [], position: 0, caughtUp: true });
    await delay(100);
    put(1);
    await reader.until(1);
    await reader.end();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it.each<[string, EventFilter | undefined]>([
    ['without a filter', undefined],
    ['with a filter', { types: ['Counted'] }],
  ])('begins far behind with the event whose position less 1 it is given, %s', async (_, filter) => {
    put(5);
    const live = subscribe(await store.head());
    await live.next();
    for (const position of positions()) {
      const reader = subscribe(position - 1, filter, 1);
      await reader.until(1);
      expect(reader.seen).toEqual([position]);
      await reader.end();
    }
    await live.end();
  });

  it('is refused inside a record, in the same words as a read', async () => {
    put(3);
    const [first = 0] = positions();
    const words = /No event of this log begins at the position/;
    await expect(subscribe(first + 4).next()).rejects.toThrow(words);
    await expect(store.readAll({ after: first + 4 })).rejects.toThrow(words);
  });

  it('is refused past the end of the log, and says both positions', async () => {
    put(3);
    const end = await store.head();
    const words = new RegExp(`Position ${end + 2_000} lies past the end of the log at ${end}`);
    await expect(subscribe(end + 2_000).next()).rejects.toThrow(words);
    await expect(subscribe(end + 2_001, { types: ['Counted'] }).next()).rejects.toThrow(/past the end/);
    await expect(store.readAll({ after: end + 2_000 })).rejects.toThrow(words);
    await expect(store.readAll({ after: end + 2_001 })).rejects.toThrow(/past the end/);
  });

  it('loses nothing when it is too slow for what comes live', async () => {
    const reader = subscribe(0);
    await reader.next();
    await settled();
    const before = double.faults.calls.get('read') ?? 0;
    for (let burst = 0; burst < 4; burst += 1) put(100, 'Counted', 'thing-1', 'x'.repeat(100_000));
    await reader.until(400);
    expect(reader.seen).toEqual(positions());
    // 23.10 ends it, and it is subscribed to again; 24.2 catches it up by itself.
    expect((double.faults.calls.get('read') ?? 0) > before).toBe(version === '23.10.8');
    await reader.end();
  });
});

describe('a subscription at a node that is behind', () => {
  it('goes over to the leader when an event that is stored does not come', async () => {
    const reader = subscribe(0);
    await reader.next();
    await settled();
    // The leader resigns and stays up: it keeps the subscription, and gets nothing to hand on.
    const release = double.faults.holdLive();
    double.elect(1);
    await store.append([{ stream: 'thing-1', expected: 'any', events: [newEvent()] }]);
    const startedMs = performance.now();
    await reader.until(1);
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    expect(reader.seen).toEqual(positions());
    release();
    await reader.end();
  });
});

describe('events of another application in the same server', () => {
  it('are passed over by every reader, counted, and named once', async () => {
    put(2);
    putForeign('invoice-1', 3);
    put(1);
    putForeign('invoice-2', 1);
    const reader = subscribe(0, undefined, 2);
    await reader.until(3);
    expect(reader.seen).toEqual(positions());
    const page = await store.readAll({ after: 0 });
    expect(page.events.map(({ position }) => position)).toEqual(positions());
    expect(page).toMatchObject({ position: await store.head(), caughtUp: true });
    putForeign('invoice-3', 1);
    put(1);
    await reader.until(4);
    while (reader.position < (await store.head())) await reader.next();
    expect(store.foreignEvents).toBeGreaterThanOrEqual(5);
    expect(said).toEqual([expect.stringMatching(/^Stream invoice-1 holds events that this application did not write/)]);
    await reader.end();
  });

  it('are no part of a stream that is loaded', async () => {
    putForeign('invoice-1', 1);
    await expect(store.load(['invoice-1'])).rejects.toThrow(/in invoice-1 was not written by this application/);
  });
});

function putForeign(stream: string, count: number): void {
  const records = Array.from({ length: count }, () => ({
    id: randomUUID(),
    type: 'Invoiced',
    contentType: 'application/json',
    data: Buffer.from('{"total":1}'),
    metadata: new Uint8Array(),
  }));
  double.log.append(stream, 'any', records);
}

const newEvent = (): NewEvent => ({
  id: randomUUID(),
  type: 'Counted',
  data: {},
  metadata: { commandId: 'c', correlationId: 'spec', actor: 'spec', occurredAt: '2024-02-29T12:00:00.000Z' },
});

/** Puts events into the log of the double directly: thousands of them in no time. */
function put(count: number, type = 'Counted', stream = 'thing-1', text = ''): void {
  const stored: Pick<NewEvent, 'data'> & { metadata: object } = {
    data: { text },
    metadata: { commandId: 'c', $correlationId: 'spec', actor: 'spec', occurredAt: '2024-02-29T12:00:00.000Z' },
  };
  const [data, metadata] = [stored.data, stored.metadata].map((part) => Buffer.from(JSON.stringify(part)));
  if (!data || !metadata) throw new Error('nothing to put');
  const records = Array.from({ length: count }, () => ({
    id: randomUUID(),
    type,
    contentType: 'application/json',
    data,
    metadata,
  }));
  double.log.append(stream, 'any', records);
}

/** Of all events of ours, as the store numbers them. */
const positions = (): number[] =>
  double.log.records.filter(({ stream }) => stream.startsWith('thing')).map(({ position }) => 2 * position + 1);

function subscribe(after: number, filter?: EventFilter, limit = 1_000): Reader {
  const abort = new AbortController();
  const pages = store.subscribe({ after, limit, signal: abort.signal, ...(filter && { filter }) });
  return new Reader(pages[Symbol.asyncIterator](), abort);
}

class Reader {
  readonly seen: number[] = [];
  caughtUp = false;
  position = 0;

  constructor(
    private readonly pages: AsyncIterator<Page>,
    private readonly abort: AbortController,
  ) {}

  async next(): Promise<Page> {
    const { value, done } = await this.pages.next();
    if (done) throw new Error('the subscription ended');
    this.seen.push(...value.events.map(({ position }: { position: number }) => position));
    this.caughtUp = value.caughtUp;
    this.position = value.position;
    return value;
  }

  async until(count: number): Promise<void> {
    while (this.seen.length < count) await this.next();
  }

  async end(): Promise<void> {
    this.abort.abort();
    expect((await this.pages.next()).done).toBe(true);
  }
}

/** When the double has sent all that the client's windows take. */
async function settled(): Promise<void> {
  for (let before = -1; before !== double.faults.readAnswers; ) {
    before = double.faults.readAnswers;
    for (let turn = 0; turn < 1_000; turn += 1) await new Promise(setImmediate);
  }
}
