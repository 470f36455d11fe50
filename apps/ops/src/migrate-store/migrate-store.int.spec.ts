import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { NewEvent, StreamAppend } from '#event-sourcing';
import { EventStoreDbStore } from '#event-store-eventstoredb';
import { PostgresEventStore } from '#event-store-postgres';
import {
  createTestDatabase,
  type EventStoreDbDouble,
  MAX_APPEND_BYTES_MAX,
  startEventStoreDbDouble,
  type TestDatabase,
} from '#testing';
import { type MemoryTerminal, memoryTerminal } from '../testing/memory-terminal.js';
import { migrateStore } from './migrate-store.js';
import { openSource } from './open-source.js';
import { openTarget } from './open-target.js';
import type { SourceLog } from './source-log.js';
import type { TargetLog } from './target-log.js';

let database: TestDatabase;
let terminal: MemoryTerminal;

beforeEach(async () => {
  database = await createTestDatabase();
  terminal = memoryTerminal();
});
afterEach(() => database.drop());

/** Where a log can be copied to, and how to get at it behind the command's back. */
interface Place {
  readonly url: string;
  /** A system that writes there. */
  open(): Promise<EventStoreDbStore | PostgresEventStore>;
  remove(): Promise<unknown>;
}

const places: [string, () => Promise<Place>][] = [
  [
    'EventStoreDB (the protocol double)',
    async () => {
      const double = await startEventStoreDbDouble({ maxAppendBytes: MAX_APPEND_BYTES_MAX });
      const url = double.url();
      return { url, open: () => EventStoreDbStore.open({ url }), remove: () => double.stop() };
    },
  ],
  [
    'PostgreSQL',
    async () => {
      const { url, drop } = await createTestDatabase();
      const open = () => PostgresEventStore.open({ url, writer: true, holder: 'spec' });
      return { url, open, remove: drop };
    },
  ],
];

describe.each(places)('migrate-store to %s', (_, makePlace) => {
  let place: Place;

  beforeEach(async () => {
    place = await makePlace();
  });
  afterEach(() => place.remove());

  it('copies every event as it was, and its order between commits', async () => {
    const written = await write(async (log) => {
      for (let round = 0; round < 20; round += 1) {
        await Promise.all(Array.from({ length: 15 }, (_, stream) => log.append([appendOf(`stock-${stream}`, 3)])));
      }
      await log.append([appendOf('order-1', 2), appendOf('stock-1', 1), appendOf('order-2', 1)]);
      await log.append([
        { stream: 'näme-☃ "x"\n', expected: 'any', events: [eventOf({ 'ключ\n"': '\u0000 🦄 \ud800' })] },
      ]);
      await log.append([{ stream: 'large-1', expected: 'any', events: [eventOf({ text: 'x'.repeat(1_048_000) })] }]);
      await log.append([appendOf('large-2', 2_500)]);
    });
    expect(await migrate()).toBe(true);
    expect(terminal.text()).toContain('Compared 3,406 events in 20 streams: no differences.');

    const copy = await place.open();
    const events = await allOf(copy);
    await copy.close();
    const inOrder = events.toSorted((a, b) => positionOf(a) - positionOf(b));
    expect(inOrder.map(withoutPlace)).toEqual(written.map(withoutPlace));
    // A commit that was acknowledged before another one began is before it.
    const places = new Map(events.map(({ id }, index) => [id, index]));
    for (let stream = 0; stream < 15; stream += 1) {
      const own = written.filter((event) => event.stream === `stock-${stream}`).map(({ id }) => places.get(id));
      expect(own).toEqual(own.toSorted((a = 0, b = 0) => a - b));
    }
    const rounds = written.slice(0, 900).map(({ id }) => Math.floor((places.get(id) ?? -1) / 45));
    expect(rounds).toEqual(written.slice(0, 900).map((_, index) => Math.floor(index / 45)));
  });

  it('changes nothing when it runs again', async () => {
    await write((log) => log.append([appendOf('stock-1', 5)]));
    expect(await migrate()).toBe(true);
    const before = await readAll(place);
    terminal = memoryTerminal();
    expect(await migrate()).toBe(true);
    expect(terminal.text()).toBe('All 5 events were there already.\nCompared 5 events in 1 streams: no differences.\n');
    expect(await readAll(place)).toEqual(before);
  });

  it('goes on where it was stopped', async () => {
    await write(async (log) => {
      for (let round = 0; round < 30; round += 1) await log.append(appendsTo(10, 2));
    });
    let stores = 0;
    const controller = new AbortController();
    const stopped = await migrate({
      signal: controller.signal,
      around: (target) => ({
        ...bound(target),
        store: async (commit) => {
          stores += 1;
          if (stores === 12) controller.abort();
          await target.store(commit);
        },
      }),
    }).catch((error: unknown) => error);
    expect(stopped).toMatchObject({ name: 'AbortError' });
    expect(terminal.text()).toBe('Copied up to position 240. The same command goes on from there.\n');
    terminal = memoryTerminal();
    expect(await migrate()).toBe(true);
    expect(terminal.text()).toMatch(/^Copied 360 events in .*; 240 were there already\.$/m);
    expect(terminal.text()).toContain('Compared 600 events in 10 streams: no differences.');
  });

  it('copies beside a running system, says who writes, and finishes when that has stopped', async () => {
    const log = await PostgresEventStore.open({ url: database.url, writer: true, holder: 'the standalone system' });
    await log.append([appendOf('stock-1', 5)]);
    expect(await migrate()).toBe(false);
    expect(terminal.text()).toContain('the standalone system is writing to this event store; stop it first.');
    expect(await readAll(place)).toHaveLength(5);
    await log.append([appendOf('stock-2', 5)]);
    await log.close();
    expect(await migrate()).toBe(true);
    expect(await readAll(place)).toHaveLength(10);
  });

  it('keeps a system from starting on the source while it compares', async () => {
    await write((log) => log.append([appendOf('stock-1', 5)]));
    let refusal: unknown;
    await migrate({
      around: (target) => ({
        ...bound(target),
        events: async function* () {
          refusal = await PostgresEventStore.open({ url: database.url, writer: true, holder: 'second' }).catch(
            (error: unknown) => error,
          );
          yield* target.events();
        },
      }),
    });
    expect(refusal).toMatchObject({ name: 'WriterFenced', message: expect.stringContaining('the spec is writing') });
  });

  it('refuses a target that holds other events', async () => {
    await write((log) => log.append([appendOf('stock-1', 5)]));
    const other = await place.open();
    await other.append([appendOf('stock-1', 2)]);
    await other.close();
    await expect(migrate()).rejects.toThrow('The target holds events that do not come from this log');
    expect(await readAll(place)).toHaveLength(2);
  });

  it('refuses a target that is used already', async () => {
    await write((log) => log.append([appendOf('stock-1', 5)]));
    expect(await migrate()).toBe(true);
    const used = await place.open();
    await used.append([appendOf('stock-2', 1)]);
    await used.close();
    await expect(migrate()).rejects.toThrow('the last of them Counted in stock-2');
  });

  it('refuses an empty source, which may be the wrong one', async () => {
    await write(async () => {});
    await expect(migrate()).rejects.toThrow('The log to copy is empty.');
  });

  it('does not finish while a sale is acknowledged and not in the log', async () => {
    await write((log) => log.append([appendOf('stock-1', 5)]));
    expect(await migrate({ unfinished: async () => ['Sales of ebay that are acknowledged and waiting: 2.'] })).toBe(
      false,
    );
    expect(terminal.text()).toContain('Sales of ebay that are acknowledged and waiting: 2.\nNot finished: ');
  });

  const migrate = (options?: MigrateOptions) => migrateTo(place.url, options);
});

describe('migrate-store to EventStoreDB', () => {
  let double: EventStoreDbDouble;
  beforeEach(async () => {
    double = await startEventStoreDbDouble({ maxAppendBytes: MAX_APPEND_BYTES_MAX });
  });
  afterEach(() => double.stop());

  it('stores each event once while connections break', async () => {
    await write(async (log) => {
      for (let round = 0; round < 10; round += 1) await log.append(appendsTo(20, 1));
    });
    double.faults.appendsToStoreAndDrop = 3;
    expect(await migrate()).toBe(true);
    expect(terminal.text()).toContain('Compared 200 events in 20 streams: no differences.');
  });

  it('goes on in a commit of which some streams were stored', async () => {
    await write(async (log) => {
      await log.append(appendsTo(4, 1));
      await log.append(appendsTo(4, 700));
    });
    const source = await open();
    const target = await openTarget(double.url(), 'the spec');
    for await (const [first, ...others] of source.after(0)) {
      const own = others.filter(({ stream, revision }) => stream === 'stock-1' && revision <= 500);
      await target.store(first.revision === 0 ? [first, ...others] : [own[0] ?? first, ...own.slice(1)]);
    }
    await target.close();
    await source.close();
    expect(await migrate()).toBe(true);
    expect(terminal.text()).toContain('Compared 2,804 events in 4 streams: no differences.');
  });

  it.each([
    ['is missing', 'removed', 'is missing.'],
    ['has other data', 'changed', 'has another data.'],
    ['came in between', 'added', 'of stock-9 is in the target and not, or not there, in the source.'],
  ] as const)('finds that an event of the target %s', async (_, change, sentence) => {
    await write(async (log) => {
      await log.append([appendOf('stock-1', 5)]);
      await log.append([appendOf('stock-2', 5)]);
      await log.append([appendOf('stock-3', 5)]);
    });
    expect(await migrate()).toBe(true);
    terminal = memoryTerminal();
    const tampered = (target: TargetLog): TargetLog => ({
      ...bound(target),
      events: async function* () {
        for await (const found of target.events()) {
          const { event } = found;
          const isIt = event.stream === 'stock-2' && event.revision === 2;
          if (isIt && change === 'added') {
            yield { isCopy: false, event: { ...event, id: randomUUID(), stream: 'stock-9' } };
          }
          if (isIt && change === 'changed') yield { ...found, event: { ...event, data: { number: -1 } } };
          else if (!isIt || change === 'added') yield found;
        }
      },
    });
    expect(await migrate(tampered)).toBe(false);
    expect(terminal.text()).toContain(sentence);
    expect(terminal.text()).toContain('Compared 15 events in 3 streams: 1 differences.');
  });

  it('says in a sentence that a stream of the target holds something else', async () => {
    await write((log) => log.append([appendOf('stock-1', 5)]));
    const other = await EventStoreDbStore.open({ url: double.url() });
    await other.append([appendOf('stock-1', 2)]);
    await other.close();
    const target = await openTarget(double.url(), 'the spec');
    const source = await open();
    for await (const commit of source.after(0)) {
      await expect(target.store(commit)).rejects.toMatchObject({
        name: 'StartupError',
        message: expect.stringMatching(/^The target holds other events: Not as expected: stock-1/),
      });
    }
    await target.close();
    await source.close();
  });

  const migrate = (around?: MigrateOptions['around']) => migrateTo(double.url(), around && { around });
});

describe('migrate-store to PostgreSQL', () => {
  it('finds an event that was changed in the table', async () => {
    await write((log) => log.append(appendsTo(3, 5)));
    const { url, drop } = await createTestDatabase();
    try {
      expect(await migrateTo(url)).toBe(true);
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(
        `update event_store.batches
            set events = convert_to(replace(convert_from(events, 'UTF8'), '"number":3', '"number":7'), 'UTF8')`,
      );
      await client.end();
      terminal = memoryTerminal();
      expect(await migrateTo(url)).toBe(false);
      expect(terminal.text()).toContain('has another data.\nCompared 15 events in 3 streams: 3 differences.\n');
    } finally {
      await drop();
    }
  });
});

describe('a target', () => {
  it.each(['http://somewhere:2113', 'somewhere', ''])('cannot be %j', async (url) => {
    await expect(openTarget(url, 'the spec')).rejects.toMatchObject({ name: 'UsageError' });
  });

  it('that does not answer is reported in one sentence', async () => {
    await expect(openTarget('postgres://nobody@127.0.0.1:1/nothing', 'the spec')).rejects.toMatchObject({
      name: 'StartupError',
      message: expect.stringMatching(/^The target: /),
    });
  });
});

interface MigrateOptions {
  readonly signal?: AbortSignal;
  /** Puts something between the command and its target. */
  readonly around?: (target: TargetLog) => TargetLog;
  readonly unfinished?: SourceLog['unfinished'];
}

async function migrateTo(url: string, { signal, around, unfinished }: MigrateOptions = {}): Promise<boolean> {
  const source = await open();
  const target = await openTarget(url, 'the spec');
  try {
    return await migrateStore({
      source: unfinished ? { ...source, unfinished } : source,
      target: around ? around(target) : target,
      signal: signal ?? new AbortController().signal,
      terminal,
    });
  } finally {
    await target.close();
    await source.close();
  }
}

const open = () => openSource({ dataDir: '', databaseUrl: database.url, holder: 'the spec', log: () => {} });

/** Writes to the source as the standalone system does, and answers what is in it. */
async function write(work: (log: PostgresEventStore) => Promise<unknown>) {
  const log = await PostgresEventStore.open({ url: database.url, writer: true, holder: 'spec' });
  try {
    await work(log);
    return await allOf(log);
  } finally {
    await log.close();
  }
}

async function readAll(place: Place) {
  const log = await place.open();
  try {
    return await allOf(log);
  } finally {
    await log.close();
  }
}

async function allOf(log: EventStoreDbStore | PostgresEventStore) {
  return (await log.readAll({ after: 0, limit: 10_000 })).events;
}

type Stored = Awaited<ReturnType<typeof allOf>>[number];

/** In the source; the position of a copy on EventStoreDB is another one. */
const positionOf = ({ position, metadata }: Stored): number =>
  'original' in metadata ? (metadata.original as { position: number }).position : position;

const withoutPlace = (event: Stored) => {
  const { original: _, ...metadata } = { original: undefined, ...event.metadata };
  return { ...event, metadata, position: positionOf(event) };
};

/** Methods of an object that is about to be spread. */
const bound = (target: TargetLog): TargetLog => ({
  last: () => target.last(),
  store: (commit) => target.store(commit),
  events: () => target.events(),
  close: () => target.close(),
});

const appendsTo = (streams: number, events: number): StreamAppend[] =>
  Array.from({ length: streams }, (_, stream) => appendOf(`stock-${stream}`, events));

const appendOf = (stream: string, events: number): StreamAppend => ({
  stream,
  expected: 'any',
  events: Array.from({ length: events }, (_, number) => eventOf({ number })),
});

const eventOf = (data: object): NewEvent => ({
  id: randomUUID(),
  type: 'Counted',
  data,
  metadata: {
    commandId: randomUUID(),
    correlationId: 'correlation',
    causationId: randomUUID(),
    actor: 'spec',
    occurredAt: '2026-01-01T00:00:00.000Z',
  },
});
