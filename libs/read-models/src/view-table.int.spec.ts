import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '#testing';
import { column, defineTable, openReadModels, orNull, type ReadModels, type RowOf, type Tx } from './index.js';

const listing = defineTable({
  name: 'listing',
  columns: {
    channel: column.code('The channel'),
    sku: column.code('The SKU'),
    wanted: column.units('What it should show'),
    soldUnits: column.integer('Sold so far', 'units'),
    revenueMinor: column.moneySum('Sold so far'),
    state: column.oneOf(['open', 'ended'], 'Whether it is sold'),
    isShown: column.boolean('Whether people see it'),
    details: orNull(column.json<object>('What the channel says')),
    listedAt: column.instant('When it was made'),
    listedOn: column.day('When it was made'),
    note: orNull(column.text('What a person wrote')),
    revision: column.count('Of the listing'),
  },
  key: ['channel', 'sku'],
  indexes: {
    listing_by_age: ['listedAt', 'sku'],
    listing_noted: { on: ['sku'], where: 'note is not null' },
  },
  fillfactor: 70,
});
type Listing = RowOf<typeof listing>;

const row = (sku: string, wanted: number, revision: number, details: Listing['details'] = null): Listing => ({
  channel: 'shop',
  sku,
  wanted,
  soldUnits: 1,
  revenueMinor: 150,
  state: 'open',
  isShown: true,
  details,
  listedAt: '2026-12-01T10:00:00.000Z',
  listedOn: '2026-12-01',
  note: null,
  revision,
});

describe('a table that is declared', () => {
  let database: TestDatabase;
  let readModels: ReadModels;

  beforeAll(async () => {
    database = await createTestDatabase();
    readModels = await openReadModels({ url: database.url, poolSize: 2 });
    await readModels.execute('create schema declared');
    await inSchema((tx) => tx.execute([listing.createTable(), ...listing.createIndexes()].join(';')));
  });
  afterAll(async () => {
    await readModels.close();
    await database.drop();
  });

  const inSchema = <T>(work: (tx: Tx) => Promise<T>) => readModels.transaction(work, { schema: 'declared' });
  const stored = () => readModels.query<Listing>(`select ${listing.select()} from declared.listing order by sku`);

  it('is the one that TypeORM would make of its entity', async () => {
    const { entity } = listing;
    const source = new DataSource({ type: 'postgres', url: database.url, schema: 'typeorm', entities: [entity] });
    await readModels.execute('create schema typeorm');
    await source.initialize();
    await source.synchronize();
    await source.destroy();
    const made = await readModels.query<{ schema: string }>(DEFINITIONS);
    const { declared = [], typeorm } = Object.groupBy(made, ({ schema }) => schema);
    expect(declared.length).toBeGreaterThan(Object.keys(listing.columns).length);
    expect(declared.map((each) => ({ ...each, schema: 'typeorm' }))).toEqual(typeorm);
  });

  it('takes rows in, replaces them by a greater revision only, and adds where told to', async () => {
    await inSchema((tx) => listing.upsert(tx, [row('a', 1, 1, { tags: ['ünï"\\', "o'"] }), row('b,{}', 2, 5)]));
    await inSchema((tx) =>
      listing.upsert(tx, [{ ...row('a', 10, 2, [1]), revenueMinor: 9_007_199_254_740_993n }, row('b,{}', 20, 5)], {
        guard: 'revision',
        add: ['soldUnits'],
      }),
    );
    expect(await stored()).toEqual([
      { ...row('a', 10, 2, [1]), soldUnits: 2, revenueMinor: 9_007_199_254_740_992 },
      row('b,{}', 2, 5),
    ]);
    expect(await readModels.query(`select revenue_minor::text as exact from declared.listing where sku = 'a'`)).toEqual(
      [{ exact: '9007199254740993' }],
    );
  });

  it('gives and deletes rows by key, and does nothing without rows', async () => {
    await inSchema(async (tx) => {
      await listing.upsert(tx, [row('c', 3, 1), row('d', 4, 1)]);
      await listing.upsert(tx, []);
      const keys = [
        { channel: 'shop', sku: 'c' },
        { channel: 'none', sku: 'd' },
      ];
      expect(await listing.byKeys(tx, keys)).toEqual([row('c', 3, 1)]);
      expect(await listing.byKeys(tx, keys, ['sku', 'listedOn'])).toEqual([{ sku: 'c', listedOn: '2026-12-01' }]);
      await listing.delete(tx, keys);
      await listing.delete(tx, []);
      expect(await listing.byKeys(tx, [])).toEqual([]);
    });
    expect((await stored()).map(({ sku }) => sku)).toEqual(['a', 'b,{}', 'd']);
  });

  it('says the shape of an answer', () => {
    const answer = listing.answer('sku', 'wanted', 'note', 'state');
    expect(answer.parse({ sku: 'a', wanted: 1, note: null, state: 'open', more: true })).toEqual({
      sku: 'a',
      wanted: 1,
      note: null,
      state: 'open',
    });
    expect(answer.safeParse({ sku: 'a', wanted: 1.5, note: null, state: 'gone' }).error?.issues).toHaveLength(2);
    expect(answer.shape.wanted.description).toBe('What it should show (units)');
  });
});

const DEFINITIONS = `
  select n.nspname as schema, concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), l.collname, a.attnotnull) as definition
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    left join pg_collation l on l.oid = a.attcollation
   where c.relname = 'listing' and n.nspname in ('declared', 'typeorm')
  union all
  select schemaname, replace(indexdef, schemaname || '.', '') from pg_indexes where tablename = 'listing'
   order by definition`;
