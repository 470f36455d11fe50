import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, dyingPostgres, type TestDatabase } from '#testing';
import { column, DatabaseError, defineTable, grantAnalysts, openReadModels, type ReadModels } from './index.js';

let database: TestDatabase;
let readModels: ReadModels;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
});

afterAll(async () => {
  await readModels.close();
  await database.drop();
});

describe('read models', () => {
  it('reads the types as the rest of the code writes them', async () => {
    const [row] = await readModels.query(`
      select 9007199254740991::bigint as safe, 9007199254740993::bigint as unsafe, '2024-02-29 23:30:00.5-01'::timestamptz as at,
             '2024-02-29'::date as day, 1.10::numeric as price, array[1, null]::bigint[] as numbers, array[]::bigint[] as none,
             'infinity'::timestamptz as never, '{"a":[1]}'::jsonb as json, count(*) from (values (1), (2)) as v`);
    expect(row).toEqual({
      safe: 9007199254740991,
      unsafe: '9007199254740993',
      at: '2024-03-01T00:30:00.500Z',
      day: '2024-02-29',
      price: '1.10',
      numbers: [1, null],
      none: [],
      never: 'infinity',
      json: { a: [1] },
      count: 2,
    });
  });

  it('rolls a transaction back when its work fails, and goes on', async () => {
    await readModels.execute('create table public.notes (note text primary key)');
    const failing = readModels.transaction(
      async (tx) => {
        await tx.execute(`insert into notes values ('lost')`);
        throw new Error('no');
      },
      { schema: 'public' },
    );
    await expect(failing).rejects.toThrow('no');
    await readModels.transaction((tx) => tx.execute(`insert into notes values ('kept')`), { schema: 'public' });
    expect(await readModels.query('select note from public.notes')).toEqual([{ note: 'kept' }]);
  });

  it('names the SQLSTATE of an error and keeps its parameters to itself', async () => {
    const error = await readModels
      .query('select $1::integer', ['secret-card-number'])
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error).toMatchObject({ code: '22P02' });
    expect(Object.keys(error as object)).not.toContain('parameters');
  });

  it('are refused, and the process lives on, when the server dies while it greets', async () => {
    const dying = await dyingPostgres();
    await expect(openReadModels({ url: dying.url })).rejects.toThrow();
    expect(dying.connections()).toBeGreaterThan(1);
    await dying.stop();
  });

  it('lets many processes open an empty database at once', async () => {
    const fresh = await createTestDatabase();
    const opened = await Promise.all(Array.from({ length: 4 }, () => openReadModels({ url: fresh.url, poolSize: 2 })));
    await Promise.all(opened.map((each) => each.close()));
    await fresh.drop();
  });
});

describe('a transaction that looks rows up by their keys', () => {
  const notes = defineTable({
    name: 'kept',
    columns: { id: column.code('Of the note'), note: column.text('What it says') },
    key: ['id'],
  });
  let one: ReadModels;

  beforeAll(async () => {
    one = await openReadModels({ url: database.url, poolSize: 1 });
    for (const schema of ['here', 'there'])
      await one.execute(`create schema ${schema}; create table ${schema}.kept (id text primary key, note text)`);
  });
  afterAll(() => one.close());

  const lookUp = (id: string, schema = 'here') =>
    one.transaction((tx) => notes.byKeys(tx, [{ id }]), { schema, byKey: true });

  it('plans a statement once, so that a table that was empty then is not read as a whole later', async () => {
    for (let times = 0; times < 10; times += 1) await lookUp('a');
    await one.execute(`insert into here.kept select 'n' || n, 'x' from generate_series(1, 5000) as n`);
    expect(await lookUp('n77')).toEqual([{ id: 'n77', note: 'x' }]);
    const kept = await one.query<{ name: string; plans: number }>(
      `select name, generic_plans as plans from pg_prepared_statements where statement like '%"kept"%'`,
    );
    expect(kept).toEqual([{ name: expect.any(String), plans: 11 }]);
    const plan = await one.transaction((tx) => tx.query(`explain execute "${kept[0]?.name}"('{n77}')`), {
      schema: 'here',
    });
    expect(JSON.stringify(plan)).toContain('Index Scan using kept_pkey');
  });

  it('walks along a key from where it is, also where the table was empty when that was planned', async () => {
    const next500 = (id: string) =>
      one.transaction((tx) => tx.query('select id from walked where id > $1 order by id limit 500', [id]), {
        schema: 'here',
        byKey: true,
      });
    await one.execute('create table here.walked (id text primary key, note text)');
    expect(await next500('')).toEqual([]);
    await one.execute(`insert into here.walked select lpad(n::text, 4, '0') from generate_series(1, 5000) as n`);
    expect(await next500('4998')).toEqual([{ id: '4999' }, { id: '5000' }]);
    const [kept] = await one.query<{ name: string }>(
      `select name from pg_prepared_statements where statement like '%from walked%' and generic_plans = 2`,
    );
    const plan = await one.transaction((tx) => tx.query(`explain execute "${kept?.name}"('0041')`), {
      schema: 'here',
      byKey: true,
    });
    expect(JSON.stringify(plan)).toMatch(/Index (Only )?Scan using walked_pkey/);
    expect(JSON.stringify(plan)).not.toContain('Sort');
  });

  it('finds the tables of its own schema, whatever the statement found before', async () => {
    await one.execute(`insert into there.kept values ('a', 'there')`);
    expect(await lookUp('a')).toEqual([]);
    expect(await lookUp('a', 'there')).toEqual([{ id: 'a', note: 'there' }]);
    await one.execute('alter schema there rename to before; alter schema here rename to there');
    expect(await lookUp('a', 'there')).toEqual([]);
    expect(await lookUp('n5', 'there')).toEqual([{ id: 'n5', note: 'x' }]);
  });

  it('goes on after a statement that failed', async () => {
    const twice = one.transaction(
      async (tx) => {
        for (const note of ['b', 'b']) await tx.execute('insert into kept values ($1, $2)', [note, note]);
      },
      { schema: 'before', byKey: true },
    );
    await expect(twice).rejects.toThrow(DatabaseError);
    await expect(twice).rejects.toMatchObject({ code: '23505' });
    expect(await lookUp('b', 'before')).toEqual([]);
    expect(await lookUp('a', 'before')).toHaveLength(1);
  });
});

describe('analysts', () => {
  it('may read the documented views, those made later too, and nothing else', async () => {
    const role = `analysts_${process.pid}`;
    await readModels.execute(
      'create schema view_secret; create table view_secret.rows (n integer); create view analytics.first as select n from view_secret.rows',
    );
    await grantAnalysts(readModels, role);
    await grantAnalysts(readModels, role);
    await readModels.execute('create view analytics.second as select n from view_secret.rows');
    const asAnalyst = (sql: string) =>
      readModels.transaction(async (tx) => {
        await tx.execute(`set local role "${role}"`);
        return tx.query(sql);
      });
    await expect(asAnalyst('select * from analytics.first union all select * from analytics.second')).resolves.toEqual(
      [],
    );
    await expect(asAnalyst('select * from view_secret.rows')).rejects.toMatchObject({ code: '42501' });
    await expect(asAnalyst('delete from analytics.first')).rejects.toMatchObject({ code: '42501' });
    await expect(grantAnalysts(readModels, 'x"; drop table')).rejects.toThrow('snake_case');
    await readModels.execute(`drop owned by "${role}"; drop role "${role}"`);
  });
});
