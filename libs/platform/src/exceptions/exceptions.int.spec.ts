import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, type TestDatabase } from '#testing';
import { Metrics } from '../operations/metrics.js';
import { Exceptions, keyOf } from './exceptions.js';

let database: TestDatabase;
let readModels: ReadModels;
let metrics: Metrics;
let exceptions: Exceptions;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url });
  await readModels.execute('create table parcel (id text primary key, lost_at timestamptz not null)');
});
afterAll(async () => {
  await readModels?.close();
  await database?.drop();
});
beforeEach(async () => {
  await readModels.execute('truncate parcel');
  metrics = new Metrics();
  exceptions = new Exceptions(readModels, metrics);
  exceptions.add({ kind: 'lost-parcel', whatToDo: 'Look for it.', openCases: LOST });
  exceptions.add({ kind: 'old-parcel', whatToDo: 'Send it.', openCases: LOST });
});

const LOST = `select id as subject, lost_at as since, 'Parcel ' || id || ' is lost.' as detail from parcel`;
const lose = (id: string, at: string) => readModels.execute('insert into parcel values ($1, $2)', [id, at]);
const MORNING = '2026-01-31T08:00:00.123456Z';
const EVENING = '2026-01-31T18:00:00.000Z';

describe('exceptions', () => {
  it('are there while a row says so, with what to do', async () => {
    await lose('P-1', EVENING);
    expect(await exceptions.list('lost-parcel', undefined, 10)).toEqual([
      {
        kind: 'lost-parcel',
        subject: 'P-1',
        since: EVENING,
        detail: 'Parcel P-1 is lost.',
        whatToDo: 'Look for it.',
      },
    ]);
    await readModels.execute('delete from parcel');
    expect(await exceptions.list(undefined, undefined, 10)).toEqual([]);
  });

  it('come oldest first over all kinds, and each once page by page', async () => {
    for (const id of ['b', 'a', 'ä', '\u{1F4E6}', '\uFF21']) await lose(id, MORNING);
    await lose('late', EVENING);
    const all = await exceptions.list(undefined, undefined, 100);
    expect(all.map(({ kind, subject }) => `${kind} ${subject}`)).toEqual([
      ...['a', 'b', 'ä', '\uFF21', '\u{1F4E6}'].flatMap((id) => [`lost-parcel ${id}`]),
      ...['a', 'b', 'ä', '\uFF21', '\u{1F4E6}'].flatMap((id) => [`old-parcel ${id}`]),
      'lost-parcel late',
      'old-parcel late',
    ]);
    const paged = [];
    for (let page = all.slice(0, 0), after = undefined as ReturnType<typeof keyOf> | undefined; ; ) {
      page = [...(await exceptions.list(undefined, after, 3))];
      const last = page.at(-1);
      if (!last) break;
      paged.push(...page);
      after = keyOf(last);
    }
    expect(paged).toEqual(all);
  });

  it('are counted per kind for the metrics, also when one kind cannot be', async () => {
    await lose('P-1', EVENING);
    exceptions.add({ kind: 'broken', whatToDo: '', openCases: 'select * from nowhere' });
    const text = await metrics.registry.metrics();
    expect(text).toContain('einklang_exceptions_open{kind="lost-parcel"} 1');
    expect(text).not.toContain('broken');
  });

  it('have kinds that differ', () => {
    expect(() => exceptions.add({ kind: 'lost-parcel', whatToDo: '', openCases: LOST })).toThrow('already');
  });
});
