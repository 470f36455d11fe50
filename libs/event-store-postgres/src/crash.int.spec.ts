import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { EventStoreUnavailable, type NewEvent, type RecordedEvent, WriterFenced } from '#event-sourcing';
import { createTestDatabase, killHard, spawnTypeScript, type TestDatabase } from '#testing';
import { type Database, openDatabase } from '../../platform/src/database/index.js';
import { PostgresEventStore } from './postgres-event-store.js';

const STREAM = 'crash-one';

describe('when the process is killed with kill -9', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  it('keeps every acknowledged event exactly once, and the next writer goes on', async () => {
    const acknowledged: string[] = [];
    const writer = spawnTypeScript(new URL('./crash-writer.ts', import.meta.url), [database.url]);
    if (!writer.stdout) throw new Error('no output to read');
    for await (const id of createInterface({ input: writer.stdout })) {
      acknowledged.push(id);
      if (acknowledged.length === 2_000) await killHard(writer);
    }
    const store = await PostgresEventStore.open({ url: database.url, writer: true, holder: 'next' });
    const stored = await store.readStream(STREAM);
    expectStoredOnce(stored, acknowledged);
    const { revisions } = await store.append([{ stream: STREAM, expected: stored.length - 1, events: [newEvent()] }]);
    expect(revisions).toEqual([stored.length]);
    await store.close();
  });
});

describe('when the database server is killed with kill -9', () => {
  let dataDir: string;
  let database: Database;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), `einklang-test-${process.pid}-crash-`));
    database = await openDatabase({ dataDir, log: () => {} });
  });
  afterEach(async () => {
    await database.close();
    await rm(dataDir, { recursive: true });
  });

  it('keeps every acknowledged event exactly once; writer and subscriber go on when it is back', async () => {
    const store = await PostgresEventStore.open({ url: database.url, writer: true, holder: 'writer' });
    const reader = await PostgresEventStore.open({ url: database.url, writer: false, holder: 'reader' });
    const acknowledged: string[] = [];
    const kills: Promise<void>[] = [];
    const appendMany = async (): Promise<void> => {
      while (acknowledged.length < 6_000) {
        const event = newEvent();
        await store.append([{ stream: STREAM, expected: 'any', events: [event] }]);
        acknowledged.push(event.id);
        if (acknowledged.length === 2_000 || acknowledged.length === 4_000) kills.push(killServer(dataDir));
      }
    };
    const subscribed = Promise.all([store, reader].map((subscriber) => positionsUpTo(subscriber, 6_000)));
    await Promise.all(Array.from({ length: 50 }, appendMany));
    await Promise.all(kills);
    expect(kills).toHaveLength(2);
    const stored = await reader.readStream(STREAM);
    expectStoredOnce(stored, acknowledged);
    for (const positions of await subscribed) expect(positions).toEqual(positions.map((_, index) => index + 1));
    await Promise.all([store.close(), reader.close()]);
  });
});

describe('a second writer', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  it('is refused while the first one lives, and told who it is', async () => {
    const first = await PostgresEventStore.open({ url: database.url, writer: true, holder: 'till 7' });
    const second = PostgresEventStore.open({ url: database.url, writer: true, holder: 'till 8' });
    await expect(second).rejects.toThrow(new WriterFenced('till 7 is writing to this event store; stop it first.'));
    await first.append([{ stream: STREAM, expected: 'no-stream', events: [newEvent()] }]);
    await first.close();
    const third = await PostgresEventStore.open({ url: database.url, writer: true, holder: 'till 9' });
    await third.append([{ stream: STREAM, expected: 0, events: [newEvent()] }]);
    await third.close();
  });

  it('gets its session back when no other process took its place', async () => {
    const store = await PostgresEventStore.open({ url: database.url, writer: true, holder: 'till 7' });
    await store.append([{ stream: STREAM, expected: 'no-stream', events: [newEvent()] }]);
    await terminateWriter(database.url);
    expect((await store.append([{ stream: STREAM, expected: 0, events: [newEvent()] }])).revisions).toEqual([1]);
    await store.close();
  });

  it('fences the first when that lost its session, which then writes nothing more', async () => {
    const fencings: string[] = [];
    const fenced = Promise.withResolvers<void>();
    const first = await PostgresEventStore.open({
      url: database.url,
      writer: true,
      holder: 'till 7',
      onFenced: ({ message }) => {
        fencings.push(message);
        fenced.resolve();
      },
    });
    await first.append([{ stream: STREAM, expected: 'no-stream', events: [newEvent()] }]);
    await takeOver(database.url);
    await expect(first.append([{ stream: STREAM, expected: 0, events: [newEvent()] }])).rejects.toBeInstanceOf(
      WriterFenced,
    );
    await fenced.promise;
    await expect(first.append([{ stream: STREAM, expected: 'any', events: [newEvent()] }])).rejects.toBeInstanceOf(
      WriterFenced,
    );
    expect(fencings).toEqual(['Another process wrote to the event store.']);
    expect(await first.readStream(STREAM)).toHaveLength(1);
    await first.close();
  });

  it('learns of its successor when its session is cut while it is idle', async () => {
    const fenced = Promise.withResolvers<string>();
    const onFenced = ({ message }: WriterFenced): void => fenced.resolve(message);
    const first = await PostgresEventStore.open({ url: database.url, writer: true, holder: 'till 7', onFenced });
    await takeOver(database.url);
    await terminateWriter(database.url);
    expect(await fenced.promise).toBe('till 8 writes to the event store now.');
    await first.close();
  });
});

it('lets waiting appends go with a clear error when the store closes while the server is away', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), `einklang-test-${process.pid}-away-`));
  const database = await openDatabase({ dataDir, log: () => {} });
  const store = await PostgresEventStore.open({ url: database.url, writer: true, holder: 'writer' });
  const client = new Client({ connectionString: database.url });
  client.on('error', () => {});
  await client.connect();
  await client.query('begin; lock table event_store.writer');
  const backend = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? 0;
  const waiting = expect(
    store.append([{ stream: STREAM, expected: 'any', events: [newEvent()] }]),
  ).rejects.toBeInstanceOf(EventStoreUnavailable);
  await database.detach();
  // Stopped, it keeps its lock while the server dies around it; set free, the append could still be committed at the last moment.
  process.kill(backend, 'SIGSTOP');
  try {
    await killServer(dataDir);
    await Promise.all([waiting, store.close()]);
  } finally {
    process.kill(backend, 'SIGKILL');
  }
  await client.end();
  await rm(dataDir, { recursive: true });
});

it('refuses a database that does not wait for the disk', async () => {
  const database = await createTestDatabase();
  const url = `${database.url}?options=-c%20synchronous_commit%3Doff`;
  await expect(PostgresEventStore.open({ url, writer: false, holder: 'reader' })).rejects.toThrow(
    /synchronous_commit off/,
  );
  await database.drop();
});

function newEvent(): NewEvent {
  const id = randomUUID();
  return {
    id,
    type: 'Counted',
    data: {},
    metadata: { commandId: id, correlationId: id, actor: 'spec', occurredAt: '2024-02-29T12:00:00.000Z' },
  };
}

function expectStoredOnce(stored: readonly RecordedEvent[], acknowledged: readonly string[]): void {
  const ids = new Set(stored.map(({ id }) => id));
  expect(ids.size).toBe(stored.length);
  expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
  expect(stored.map(({ revision }) => revision)).toEqual(stored.map((_, index) => index));
}

async function killServer(dataDir: string): Promise<void> {
  const pid = Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
  process.kill(pid, 'SIGKILL');
}

async function positionsUpTo(store: PostgresEventStore, position: number): Promise<number[]> {
  const abort = new AbortController();
  const positions: number[] = [];
  for await (const page of store.subscribe({ after: 0, signal: abort.signal })) {
    positions.push(...page.events.map((event) => event.position));
    if (page.position >= position) abort.abort();
  }
  return positions;
}

/** What a new writer does once it has the lock, here without waiting for it. */
async function takeOver(url: string): Promise<void> {
  await inDatabase(url, `update event_store.writer set epoch = epoch + 1, holder = 'till 8'`);
}

async function terminateWriter(url: string): Promise<void> {
  await inDatabase(
    url,
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'einklang event store writer' and datname = current_database()`,
  );
}

async function inDatabase(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}
