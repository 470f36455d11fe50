import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { AppendResult, EventStore, NewEvent, StreamAppend } from '#event-sourcing';
import { createTestDatabase, describeEventStoreContract, type TestDatabase } from '#testing';
import { PostgresEventStore } from './postgres-event-store.js';

let database: TestDatabase;
const openDatabase = async (): Promise<void> => {
  database = await createTestDatabase();
};
const open = (writer: boolean): Promise<PostgresEventStore> =>
  PostgresEventStore.open({ url: database.url, writer, holder: 'spec' });

describeEventStoreContract(
  'PostgresEventStore',
  async () => {
    await openDatabase();
    return open(true);
  },
  () => database.drop(),
);

describeEventStoreContract(
  'PostgresEventStore that is written and read by different processes',
  async () => {
    await openDatabase();
    return writtenByAnother(await open(true), await open(false));
  },
  () => database.drop(),
);

describe('PostgresEventStore', () => {
  beforeAll(openDatabase);
  afterAll(() => database.drop());

  it('is set up once when several processes open it at the same moment', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => open(false)));
    expect(await Promise.all(stores.map((store) => store.head()))).toEqual([0, 0, 0, 0]);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('refuses to append when opened for reading', async () => {
    const store = await open(false);
    await expect(store.append([appendOf('thing-1', {})])).rejects.toThrow('reading only');
    await store.close();
  });

  it('shows single events in a SQL view', async () => {
    const store = await open(true);
    const appends = [
      appendOf('view-größe', { text: '😀' }, { n: 1 }),
      appendOf('view-2', { n: 1 }),
      appendOf('view-größe', { n: 2 }),
    ];
    await Promise.all(appends.map((append) => store.append([append])));
    const logged = await store.readAll({ after: 0 });
    const rows = await query(
      'select position::float8, stream, revision, type, id, data, metadata, recorded_at as "recordedAt" from event_store.events order by position',
    );
    expect(JSON.parse(JSON.stringify(rows))).toEqual(logged.events);
    expect(
      await query(`select data ->> 'n' as n from event_store.events where stream = 'view-größe' and revision = 2`),
    ).toEqual([{ n: '2' }]);
    await store.close();
  });

  it('shows what SQL cannot hold as replacement characters, and still knows a repeat in such a stream', async () => {
    const store = await open(true);
    const append = appendOf('odd-1', { text: 'nul \u0000, half \ud83d, pair \ud83d\ude00' });
    await store.append([append]);
    await store.close();
    expect(await query(`select data ->> 'text' as text from event_store.events where stream = 'odd-1'`)).toEqual([
      { text: 'nul \ufffd, half \ufffd, pair \ud83d\ude00' },
    ]);
    const next = await open(true);
    expect((await next.append([append])).revisions).toEqual([0]);
    await next.close();
  });

  it('refuses an append that is too large for one commit', async () => {
    const store = await open(true);
    const data = { text: 'x'.repeat(1_000_000) };
    await expect(store.append([appendOf('large-1', ...Array.from({ length: 17 }, () => data))])).rejects.toThrow(
      /split it/,
    );
    await store.close();
  });

  it('stores what waits before it closes, and takes nothing after that', async () => {
    const store = await open(true);
    const appending = Promise.all(
      Array.from({ length: 100 }, () => store.append([appendOf(`closing-${randomUUID()}`, {})])),
    );
    await store.close();
    expect(await appending).toHaveLength(100);
    await expect(store.append([appendOf('closing-1', {})])).rejects.toThrow('closed');
  });
});

describe('a log of small commits, most of them of a few hot streams', () => {
  const COMMITS = 20_000;
  const STREAMS = Array.from({ length: 10 }, (_, index) => `hot-${index}`);

  beforeAll(async () => {
    await openDatabase();
    await (await open(false)).close();
    // In one statement each: so many appends would take half a minute.
    await query(`
      insert into event_store.batches
      select n, 1, now(), gen_random_uuid(), convert_to(format('[{"id":"%s","stream":"hot-%s","revision":%s,"type":"Counted","data":{},"metadata":{}}]',
                                                               gen_random_uuid(), n % 10, n / 10), 'UTF8')
        from generate_series(10, ${COMMITS + 9}) as n`);
    await query(`
      insert into event_store.stream_index
      select 'hot-' || first_position % 10, first_position / 10 - 1, 1, first_position, 0, 2, length(events) - 2 from event_store.batches`);
    await query('analyze event_store.batches, event_store.stream_index');
  });
  afterAll(() => database.drop());

  it('loads those streams from their snapshots without reading the commits before', async () => {
    const store = await open(true);
    await store.saveSnapshots(STREAMS.map((stream) => ({ stream, version: 1, revision: 1_994, state: {} })));
    const before = await scansOf('batches');
    const histories = await store.load(STREAMS, 1);
    expect(histories.map(({ events }) => events.length)).toEqual(STREAMS.map(() => 5));
    // What a session has counted is published at its end.
    await store.close();
    expect(await scansOf('batches')).toBe(before);
  });

  const scansOf = async (table: string): Promise<unknown> => {
    const [row] = await query(`select seq_scan from pg_stat_user_tables where relname = '${table}'`);
    return row?.seq_scan;
  };
});

/** A store whose reads go through the database, its notifications included, and never through the writer's memory. */
const writtenByAnother = (writer: EventStore, reader: EventStore): EventStore => ({
  atomicAcrossStreams: writer.atomicAcrossStreams,
  singleWriter: writer.singleWriter,
  densePositions: writer.densePositions,
  append: (appends): Promise<AppendResult> => writer.append(appends),
  saveSnapshots: (snapshots) => writer.saveSnapshots(snapshots),
  readStream: (stream, options) => reader.readStream(stream, options),
  load: (streams, version) => reader.load(streams, version),
  readAll: (options) => reader.readAll(options),
  subscribe: (options) => reader.subscribe(options),
  head: () => reader.head(),
  close: async () => {
    await Promise.all([reader.close(), writer.close()]);
  },
});

function appendOf(stream: string, ...data: readonly object[]): StreamAppend {
  const events = data.map((each): NewEvent => {
    const id = randomUUID();
    return {
      id,
      type: 'Counted',
      data: each,
      metadata: { commandId: id, correlationId: id, actor: 'spec', occurredAt: '2024-02-29T12:00:00.000Z' },
    };
  });
  return { stream, expected: 'any', events };
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(sql);
  await client.end();
  return rows;
}
