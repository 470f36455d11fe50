import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { columnNameOf, createProjection, meaningOf, openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, type TestDatabase } from '#testing';
import { projectionsOf } from '../../apps/ops/src/services.js';

const projections = [...new Set(projectionsOf(undefined))];

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

  it.each(projections)('change with its version only: $name $version', async ({ tables: declared }) => {
    const statements = declared.flatMap((table) => [table.createTable(), ...table.createIndexes()]);
    await readModels.transaction((tx) =>
      tx.execute(`drop schema if exists looked_at cascade; create schema looked_at`),
    );
    await readModels.transaction((tx) => tx.execute(statements.join(';')), { schema: 'looked_at' });
    const tables = await readModels.query(TABLES, ['looked_at']);
    expect(tables).toMatchSnapshot();
  });

  it.each(projections)('are shown to analysts by the columns they know: $name $version', async (projection) => {
    await createProjection(readModels, projection);
    const names = projection.analystViews?.map(({ name }) => name) ?? [];
    expect(await readModels.query(ANALYSTS_COLUMNS, [names])).toMatchSnapshot();
  });

  it('are described to analysts as they are', async () => {
    const declared = projections
      .flatMap(({ analystViews = [] }) => analystViews)
      .flatMap(({ name, columns }) =>
        Object.entries(columns).map(([field, column]) => [name, columnNameOf(field), column.type, meaningOf(column)]),
      );
    const found = await readModels.query<{ described: string[] }>(DESCRIBED);
    expect(found.map(({ described }) => described).toSorted()).toEqual(declared.toSorted());
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
  select table_name as view, array_agg(column_name || ' ' || data_type order by ordinal_position) as columns
    from information_schema.columns where table_schema = 'analytics' and table_name = any($1) group by 1 order by 1`;

const DESCRIBED = `
  select array[c.relname, a.attname, case a.atttypid when 'timestamptz'::regtype then 'timestamptz' else format_type(a.atttypid, null) end,
               col_description(c.oid, a.attnum)]::text[] as described
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
   where c.relnamespace = 'analytics'::regnamespace`;
