import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RecordedEvent } from '#event-sourcing';
import { createTestDatabase, eventually, InMemoryEventStore, type TestDatabase } from '#testing';
import { killConnections } from '../test/stock-view.js';
import {
  column,
  compareProjection,
  defineTable,
  openReadModels,
  type ParkedEvent,
  type Projection,
  ProjectionRunner,
  parkedEvents,
  type ReadModels,
  rebuild,
  skipParked,
  unpark,
} from './index.js';

interface Counted {
  readonly type: 'Counted';
  readonly data: { readonly sku: string; readonly units: number; readonly at: string; readonly note: string };
}

const unitsPerSku = defineTable({
  name: 'units',
  columns: { sku: column.code('The SKU'), units: column.integer('As narrow as PostgreSQL has them', 'units') },
  key: ['sku'],
});
const notes = defineTable({
  name: 'notes',
  columns: {
    position: column.count('Of the event'),
    at: column.instant('When it was written'),
    note: column.text('What was written'),
  },
  key: ['position'],
});

const units: Projection = {
  name: 'units',
  version: 1,
  types: ['Counted'],
  tables: [unitsPerSku, notes],
  paceMs: 0,
  async apply(page: readonly RecordedEvent<Counted>[], tx) {
    const rows = new Map<string, { sku: string; units: number }>();
    for (const { data } of page)
      rows.set(data.sku, { sku: data.sku, units: data.units + (rows.get(data.sku)?.units ?? 0) });
    await unitsPerSku.upsert(tx, [...rows.values()], { add: ['units'] });
    await notes.upsert(
      tx,
      page.map(({ position, data }) => ({ position, at: data.at, note: data.note.trim() })),
    );
  },
};

const AT = '2026-12-01T10:00:00Z';
const TIMING = { backoffMsMin: 2, backoffMsMax: 20, standbyMs: 10 };

let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;
let runner: ProjectionRunner;

beforeEach(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 5 });
  store = new InMemoryEventStore();
});
afterEach(async () => {
  await runner?.stop();
  await readModels.close();
  await store.close();
  await database.drop();
});

/** One event; the stream is that of its SKU. Answers its position. */
async function count(sku: string, data: { units?: number; at?: string; note?: unknown } = {}): Promise<number> {
  const metadata = { commandId: randomUUID(), correlationId: randomUUID(), actor: 'spec', occurredAt: AT };
  const event = { id: randomUUID(), type: 'Counted', data: { sku, units: 1, at: AT, note: '', ...data }, metadata };
  return (await store.append([{ stream: `stock-${sku}`, expected: 'any', events: [event] }])).position;
}

function started(projection: Projection = units): ProjectionRunner {
  runner = new ProjectionRunner(readModels, projection, store, TIMING);
  runner.start();
  return runner;
}

async function stored(): Promise<Record<string, number>> {
  const rows = await readModels.query<{ sku: string; units: number }>(
    'select sku, units from view_units.units order by sku',
  );
  return Object.fromEntries(rows.map((row) => [row.sku, row.units]));
}

const parked = async () =>
  (await parkedEvents(readModels, 'units')).map(({ position, attempts }: ParkedEvent) => [position, attempts]);

/** A version of the view that takes the overflow: what a mend is. */
const mended: Projection = {
  ...units,
  apply: (page: readonly RecordedEvent<Counted>[], tx) =>
    units.apply(
      page.map((event) => ({ ...event, data: { ...event.data, units: Math.min(event.data.units, 1_000) } })),
      tx,
    ),
};
const TOO_MANY = { units: 3_000_000_000 };

describe('a view that cannot take one event', () => {
  it.each([
    ['a NUL in a text', { note: 'no\u0000blades' }, /0x00/],
    ['more than an integer holds', TOO_MANY, /out of range/],
    ['a time out of range', { at: '+275760-09-13T00:00:00Z' }, /out of range|invalid input/],
    ['something its fold does not expect', { note: null }, /null/],
  ])('sets it aside with later ones of its stream, and takes all others: %s', async (_, bad, reason) => {
    await count('a');
    await count('t');
    const position = await count('t', bad);
    await count('t');
    for (let index = 0; index < 50; index += 1) await count('a');
    await started().waitFor(54, 10_000);
    expect(await stored()).toEqual({ a: 51, t: 1 });
    await runner.waitFor(await count('t'), 10_000);
    await runner.waitFor(await count('b'), 10_000);
    expect(await stored()).toEqual({ a: 51, b: 1, t: 1 });
    expect(await parked()).toEqual([
      [position, 1],
      [position + 1, 0],
      [55, 0],
    ]);
    expect((await parkedEvents(readModels, 'units'))[0]).toMatchObject({
      stream: 'stock-t',
      error: expect.stringMatching(reason),
    });
    expect(runner.status()).toMatchObject({ state: 'running', ready: true, parked: 3, failures: 0, position: 56 });
  });

  it('passes it when it is the only one, and when all that has come since is refused', async () => {
    await started().waitFor(await count('t', TOO_MANY), 10_000);
    await runner.waitFor(await count('a'), 10_000);
    await Promise.all(['b', 'c', 'd'].map((sku) => count(sku, TOO_MANY)));
    await runner.waitFor(5, 10_000);
    expect(await parked()).toHaveLength(4);
    expect(await stored()).toEqual({ a: 1 });
  });

  it('takes the others once, also when it is stopped and its connections are lost in the middle', async () => {
    for (let index = 0; index < 300; index += 1)
      await count(index % 10 === 3 ? 't' : `s${index % 10}`, index === 33 ? TOO_MANY : {});
    let applied = 0;
    const interrupted: Projection = {
      ...units,
      apply: async (page, tx) => {
        await units.apply(page, tx);
        applied += 1;
        if (applied === 2 || applied === 7) await killConnections(readModels);
      },
    };
    started(interrupted);
    await eventually(() => applied >= 3);
    await runner.stop();
    await started(interrupted).waitFor(300, 10_000);
    const rows = await stored();
    expect(rows).toMatchObject({ s0: 30, s9: 30, t: 3 });
    expect(await parked()).toHaveLength(27);
    await runner.stop();
    await started().waitFor(await count('s0'), 10_000);
    expect(await stored()).toEqual({ ...rows, s0: 31 });
  });

  it('tries again after a mend, in the order of the log, and goes on with the stream', async () => {
    await count('t', TOO_MANY);
    await count('t', { units: 5, note: 'second' });
    await count('a');
    await started().waitFor(3, 10_000);
    expect(await unpark(readModels, 'units')).toBe(2);
    await eventually(async () => (await parkedEvents(readModels, 'units'))[0]?.attempts === 2);
    expect(await stored()).toEqual({ a: 1 });
    await runner.stop();

    started(mended);
    expect(await unpark(readModels, 'units', 'stock-t')).toBe(2);
    await eventually(() => runner.status().state === 'running' && runner.status().parked === 0);
    expect(await stored()).toEqual({ a: 1, t: 1_005 });
    expect(await readModels.query('select note from view_units.notes where position = 2')).toEqual([
      { note: 'second' },
    ]);
    await runner.waitFor(await count('t'), 10_000);
    expect(await stored()).toEqual({ a: 1, t: 1_006 });
  });

  it('gets past it permanently when a person says so, and a rebuild and a comparison do the same', async () => {
    const bad = await count('t', TOO_MANY);
    await count('t', { units: 5 });
    await count('a');
    await started().waitFor(3, 10_000);
    expect(await skipParked(readModels, 'units', { position: bad })).toBe(1);
    await eventually(() => runner.status().parked === 0);
    expect(await stored()).toEqual({ a: 1, t: 5 });
    await runner.waitFor(await count('t'), 10_000);
    expect(await unpark(readModels, 'units')).toBe(0);
    expect(await compareProjection(readModels, units, store)).toMatchObject({ equal: true, parked: 0, skipped: 1 });
    expect(await rebuild(readModels, units, store)).toMatchObject({ parked: 0, skipped: 1 });
    expect(await stored()).toEqual({ a: 1, t: 6 });
    expect(await parkedEvents(readModels)).toMatchObject([{ position: bad, skippedAt: expect.any(String) }]);
  });

  it('skips all that is parked of a stream', async () => {
    await count('t', TOO_MANY);
    await count('t', { units: 5 });
    await count('a');
    await started().waitFor(3, 10_000);
    expect(await skipParked(readModels, 'units', { stream: 'stock-t' })).toBe(2);
    await eventually(() => runner.status().parked === 0);
    await runner.waitFor(await count('t'), 10_000);
    expect(await stored()).toEqual({ a: 1, t: 1 });
  });

  it('is rebuilt and compared with the same events set aside', async () => {
    await count('a');
    await count('t', TOO_MANY);
    await count('t');
    await count('b');
    await started().waitFor(4, 10_000);
    expect(await compareProjection(readModels, units, store)).toMatchObject({ equal: true, parked: 2 });
    const pages = { pageSize: 2 };
    expect(await rebuild(readModels, units, store, pages)).toMatchObject({ events: 4, parked: 2 });
    expect(await parked()).toEqual([
      [2, 1],
      [3, 0],
    ]);
    await runner.waitFor(await count('t'), 10_000);
    expect(await stored()).toEqual({ a: 1, b: 1 });
    expect(await parked()).toHaveLength(3);
  });

  it('starts clean in a new version', async () => {
    await count('t', TOO_MANY);
    await count('t');
    await count('a');
    await started().waitFor(3, 10_000);
    await runner.stop();
    await started({ ...mended, version: 2 }).waitFor(3, 10_000);
    expect(await stored()).toEqual({ a: 1, t: 1_001 });
    expect(await parked()).toEqual([]);
    await runner.waitFor(await count('t'), 10_000);
    expect(await stored()).toEqual({ a: 1, t: 1_002 });
  });
});

describe('a view that can take nothing', () => {
  it.each([
    ['its fold fails', 'the disk is on fire', new Error('the disk is on fire')],
    ['its table is gone', 'does not exist', undefined],
  ])('parks nothing, says why, and goes on when that is over: %s', async (_, message, fault) => {
    let broken = false;
    started({
      ...units,
      apply: async (page, tx) => {
        if (broken && fault) throw fault;
        await units.apply(page, tx);
      },
    });
    await runner.waitFor(await count('a'), 10_000);
    broken = true;
    if (!fault) await readModels.execute('alter table view_units.units rename to gone');
    for (const sku of ['a', 'b', 'c']) await count(sku);
    await eventually(() => runner.status().failures >= 12);
    expect(await parked()).toEqual([]);
    expect(runner.status()).toMatchObject({ ready: false, state: 'retrying', error: expect.stringContaining(message) });
    expect(runner.status().error).toMatch(/^Counted of stock-\w at position \d: /);
    broken = false;
    if (!fault) await readModels.execute('alter table view_units.gone rename to units');
    await runner.waitFor(4, 10_000);
    expect(await stored()).toEqual({ a: 2, b: 1, c: 1 });
  });

  it('parks nothing while the database refuses to write', async () => {
    await started().waitFor(await count('a'), 10_000);
    const outside = await openReadModels({ url: database.url, poolSize: 2 });
    const [{ name } = { name: '' }] = await outside.query<{ name: string }>('select current_database() as name');
    await outside.execute(`alter database "${name}" set default_transaction_read_only to on`);
    await killConnections(outside);
    await count('b');
    await eventually(() => runner.status().failures >= 10);
    expect(runner.status().parked).toBe(0);
    await outside.execute(`alter database "${name}" reset default_transaction_read_only`);
    await killConnections(outside);
    await outside.close();
    await runner.waitFor(2, 10_000);
    expect(await stored()).toEqual({ a: 1, b: 1 });
    expect(await parked()).toEqual([]);
  });
});
