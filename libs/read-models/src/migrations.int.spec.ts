import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, eventually, type TestDatabase } from '#testing';
import { openReadModels, type ReadModels, type TableHistory } from './index.js';

const MADE = { name: 'notes', on: '2026-01-01', sql: 'create table if not exists ledger.notes (note text)' } as const;
const WIDENED = { name: 'authors', on: '2026-02-01', sql: 'alter table ledger.notes add author text' } as const;

describe('tables that cannot be built again', () => {
  let database: TestDatabase;
  let readModels: ReadModels;

  beforeEach(async () => {
    database = await createTestDatabase();
    readModels = await openReadModels({ url: database.url, poolSize: 2 });
  });
  afterEach(async () => {
    await readModels.close();
    await database.drop();
  });

  const executed = async () => {
    const rows = await readModels.query<{ name: string }>('select name from ledger.migrations order by id');
    return rows.map(({ name }) => name);
  };
  const historyOf = (...changes: TableHistory['changes']): TableHistory => ({ schema: 'ledger', changes });

  it('are changed once, in the order of days, by whichever process comes first', async () => {
    const processes = await Promise.all(
      Array.from({ length: 3 }, () => openReadModels({ url: database.url, poolSize: 2 })),
    );
    await Promise.all(processes.map((each) => each.migrate(historyOf(WIDENED, MADE))));
    await Promise.all(processes.map((each) => each.close()));
    expect(await executed()).toEqual(['notes-1767225600000', 'authors-1769904000000']);
    expect(await readModels.query('select * from ledger.notes')).toEqual([]);
  });

  it('are changed by a process that waited while another one made their schema', async () => {
    const second = await openReadModels({ url: database.url, poolSize: 1 });
    await second.execute('create schema if not exists another');
    let migrating = Promise.resolve();
    await readModels.transaction(async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(hashtextextended('einklang.ledger.tables', 0))`);
      migrating = second.migrate(historyOf(MADE));
      await eventually(async () => {
        const waiting = await readModels.query(`select from pg_locks where locktype = 'advisory' and not granted`);
        return waiting.length === 1;
      });
      await tx.execute('create schema ledger');
    });
    await migrating;
    await second.close();
    expect(await executed()).toEqual(['notes-1767225600000']);
  });

  it('keep what is in them when a later program changes them', async () => {
    await readModels.migrate(historyOf(MADE));
    await readModels.execute(`insert into ledger.notes values ('kept')`);
    await readModels.migrate(historyOf(MADE, WIDENED));
    expect(await readModels.query('select * from ledger.notes')).toEqual([{ note: 'kept', author: null }]);
  });

  it('are taken over from a time before this list', async () => {
    await readModels.execute(
      `create schema ledger; create table ledger.notes (note text); insert into ledger.notes values ('old')`,
    );
    await readModels.migrate(historyOf(MADE, WIDENED));
    expect(await readModels.query('select * from ledger.notes')).toEqual([{ note: 'old', author: null }]);
  });

  it('stay as they were where a change fails, and are changed after a mend', async () => {
    await readModels.migrate(historyOf(MADE));
    const broken = { ...WIDENED, on: '2026-03-01', name: 'broken', sql: 'alter table ledger.none add x text' } as const;
    await expect(readModels.migrate(historyOf(MADE, WIDENED, broken))).rejects.toMatchObject({ code: '42P01' });
    expect(await executed()).toEqual(['notes-1767225600000']);
    await readModels.migrate(historyOf(MADE, WIDENED));
    expect(await executed()).toHaveLength(2);
  });

  it('are left alone by the program before', async () => {
    await readModels.migrate(historyOf(MADE, WIDENED));
    await readModels.migrate(historyOf(MADE));
    expect(await executed()).toHaveLength(2);
  });
});
