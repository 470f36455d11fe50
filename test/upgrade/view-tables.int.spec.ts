import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createProjection, openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, type TestDatabase } from '#testing';
import { projectionsOf } from '../../apps/ops/src/services.js';

/** Installations hold tables that were made under a version: the same version has to make the same ones. */
describe('the tables of a view', () => {
  let database: TestDatabase;
  let readModels: ReadModels;

  beforeAll(async () => {
    database = await createTestDatabase();
    readModels = await openReadModels({ url: database.url, poolSize: 2 });
  });
  afterAll(async () => {
    await readModels.close();
    await database.drop();
  });

  it.each(projectionsOf(undefined))('change with its version only: $name $version', async ({ tables: declared }) => {
    const statements = declared.flatMap((table) => [table.createTable(), ...table.createIndexes()]);
    await readModels.transaction((tx) =>
      tx.execute(`drop schema if exists looked_at cascade; create schema looked_at`),
    );
    await readModels.transaction((tx) => tx.execute(statements.join(';')), { schema: 'looked_at' });
    const tables = await readModels.query(TABLES, ['looked_at']);
    expect(tables).toMatchSnapshot();
  });

  it('are shown to analysts by the columns they know', async () => {
    for (const projection of projectionsOf(undefined)) await createProjection(readModels, projection);
    const columns = await readModels.query<{ view: string; column: string }>(ANALYSTS_COLUMNS);
    expect(columns.map(({ view, column }) => `${view}: ${column}`)).toMatchSnapshot();
  });
});

const TABLES = `
  select c.relname as "table", c.reloptions as options,
         array(select concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), 'collate ' || l.collname,
                                case when a.attnotnull then 'not null' end, 'default ' || pg_get_expr(d.adbin, d.adrelid))
                 from pg_attribute a left join pg_collation l on l.oid = a.attcollation
                 left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
                where a.attrelid = c.oid and a.attnum > 0 order by a.attnum) as columns,
         array(select n.conname || ' ' || pg_get_constraintdef(n.oid) from pg_constraint n
                where n.conrelid = c.oid and n.contype <> 'n' order by n.conname) as constraints,
         array(select replace(pg_get_indexdef(i.indexrelid), $1 || '.', '') from pg_index i
                where i.indrelid = c.oid order by 1) as indexes
    from pg_class c where c.relnamespace = to_regnamespace($1) and c.relkind = 'r' order by c.relname`;

const ANALYSTS_COLUMNS = `
  select table_name as view, column_name || ' ' || data_type as "column" from information_schema.columns
   where table_schema = 'analytics' order by table_name, ordinal_position`;
