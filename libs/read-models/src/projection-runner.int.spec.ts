import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventStore, Page } from '#event-sourcing';
import { createTestDatabase, eventually, InMemoryEventStore, type TestDatabase } from '#testing';
import { killConnections, receive, skus, stock, stockView, unitsOnHand, WAITING } from '../test/stock-view.js';
import {
  analystsSee,
  column,
  defineTable,
  NotCaughtUp,
  openReadModels,
  orNull,
  type Projection,
  ProjectionRunner,
  type ProjectionRunnerOptions,
  type ReadModels,
  rebuild,
} from './index.js';

const FAST = { backoffMsMin: 5, backoffMsMax: 50, standbyMs: 20 } satisfies ProjectionRunnerOptions;

let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;
let runners: ProjectionRunner[];

beforeEach(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 6 });
  store = new InMemoryEventStore();
  runners = [];
});

afterEach(async () => {
  for (const runner of runners) await runner.stop();
  await readModels.close();
  await store.close();
  await database.drop();
});

function started(
  projection: Projection = stockView,
  source: EventStore = store,
  options: ProjectionRunnerOptions = {},
  on = readModels,
) {
  const runner = new ProjectionRunner(on, projection, source, { ...FAST, ...options });
  runners.push(runner);
  runner.start();
  return runner;
}

/** Resolves when the runner has got to a position, and makes no haste. */
const followed = (runner: ProjectionRunner, position: number): Promise<void> =>
  runner.waitUntilPast(position - 1, 10_000, new AbortController().signal);

const storedPosition = async () =>
  (
    await readModels.query<{ position: number }>(
      `select position from read_models.checkpoints where name = 'stock-received'`,
    )
  )[0]?.position;

describe('a projection', () => {
  it('shows what happened before it started and what happens after', async () => {
    const runner = started(stockView, store, { pageSize: 70 });
    await runner.waitFor(await receive(store, skus(500)), 10_000);
    expect(await unitsOnHand(readModels)).toBe(500);
    await runner.waitFor(await receive(store, ['SKU-1']), 10_000);
    expect(
      await readModels.query(`select on_hand, revision from view_stock_received.stock where sku = 'SKU-1'`),
    ).toEqual([{ on_hand: 6, revision: 5 }]);
    expect(runner.status()).toMatchObject({ state: 'running', ready: true, position: 501, events: 501, failures: 0 });
    expect(await runner.lag()).toBe(0);
    expect(await storedPosition()).toBe(501);
  });

  it('is written in pages of the size it asks for', async () => {
    await receive(store, skus(120));
    const sizes: number[] = [];
    const apply: Projection['apply'] = async (page, tx) => {
      sizes.push(page.length);
      await stockView.apply(page, tx);
    };
    await started({ ...stockView, pageSize: 50, apply }).waitFor(120, 10_000);
    expect(sizes).toEqual([50, 50, 20]);
  });

  it('is written in pages of the weight it asks for', async () => {
    const sizes: number[] = [];
    const apply: Projection['apply'] = async (page, tx) => {
      sizes.push(page.length);
      await stockView.apply(page, tx);
    };
    await receive(store, skus(100));
    await started({ ...stockView, pageBytes: 10_000, apply }).waitFor(100, 10_000);
    expect(Math.max(...sizes)).toBeLessThan(30);
    expect(await unitsOnHand(readModels)).toBe(100);
  });

  it('counts an event once when the store hands it over twice', async () => {
    const runner = started(stockView, repeating(store), { pageSize: 10 });
    await runner.waitFor(await receive(store, skus(95)), 10_000);
    await runner.waitFor(await receive(store, skus(3)), 10_000);
    expect(await unitsOnHand(readModels)).toBe(98);
  });

  it('resumes where it was stopped', async () => {
    await receive(store, skus(1_000));
    const first = started(stockView, store, { pageSize: 10 });
    await first.waitFor(200, 10_000);
    await first.stop();
    const reached = await storedPosition();
    expect(await unitsOnHand(readModels)).toBe(reached);
    await started().waitFor(1_000, 10_000);
    expect(await unitsOnHand(readModels)).toBe(1_000);
  });

  it('writes nothing of a page that fails after its rows were written, says so, and tries again', async () => {
    let broken = true;
    const runner = started({
      ...stockView,
      apply: async (page, tx) => {
        await stockView.apply(page, tx);
        if (broken) throw new Error('disk on fire');
      },
    });
    const position = await receive(store, skus(10));
    await eventually(() => runner.status().failures >= 3);
    expect(runner.status()).toMatchObject({
      ready: false,
      error: 'StockReceived of stock-SKU-0 at position 1: disk on fire',
    });
    expect(await unitsOnHand(readModels)).toBe(0);
    broken = false;
    await runner.waitFor(position, 10_000);
    expect(await unitsOnHand(readModels)).toBe(10);
    expect(runner.status()).toMatchObject({ state: 'running', ready: true, failures: 0 });
    expect(runner.status().error).toBeUndefined();
  });

  it('survives the loss of every connection in the middle of a page', async () => {
    let kills = 3;
    const runner = started(
      {
        ...stockView,
        apply: async (page, tx) => {
          await stockView.apply(page, tx);
          if (kills > 0) {
            kills -= 1;
            await killConnections(readModels);
          }
        },
      },
      store,
      { pageSize: 20 },
    );
    await runner.waitFor(await receive(store, skus(100)), 10_000);
    expect(kills).toBe(0);
    expect(await unitsOnHand(readModels)).toBe(100);
  });

  it('waits out no pause when the database is back after an outage', async () => {
    const runner = started(stockView, store, { backoffMsMin: 600_000, backoffMsMax: 600_000 });
    await runner.waitFor(await receive(store, skus(1)), 10_000);
    await killConnections(readModels);
    await eventually(() => runner.status().state === 'retrying');
    await runner.waitFor(await receive(store, skus(1)), 10_000);
    expect(await unitsOnHand(readModels)).toBe(2);
  });

  it('stores its checkpoint now and then when only other events pass', async () => {
    const runner = started();
    await runner.waitFor(await receive(store, skus(10)), 10_000);
    await runner.waitFor(await receive(store, skus(1_500), 'PriceChanged'), 10_000);
    await eventually(async () => (await storedPosition()) === 1_510);
    await runner.waitFor(await receive(store, skus(3), 'PriceChanged'), 10_000);
    await eventually(async () => (await storedPosition()) === 1_513);
    const [row] = await readModels.query(
      `select events, pages from read_models.checkpoints where name = 'stock-received'`,
    );
    expect(row).toEqual({ events: 10, pages: 1 });
  });

  it('that has seen more than the log holds says so, with both positions, and goes on once it is rebuilt', async () => {
    const first = started();
    await first.waitFor(await receive(store, skus(30)), 10_000);
    await first.stop();
    const older = new InMemoryEventStore();
    await receive(older, skus(20));
    const runner = started(stockView, older);
    await eventually(() => runner.status().failures > 1);
    const sentence =
      /^The view stock-received stands at position 30 and does not go on\. Position 30 lies past the end of the log at 20: .* npm run ops -- rebuild stock-received\.$/;
    expect(runner.status()).toMatchObject({ ready: false, error: expect.stringMatching(sentence) });
    expect(await runner.lag()).toBe(20);
    await expect(runner.waitFor(20, 10)).rejects.toThrow(NotCaughtUp);
    expect(await unitsOnHand(readModels)).toBe(30);
    await rebuild(readModels, stockView, older);
    await runner.waitFor(await receive(older, ['SKU-1']), 10_000);
    expect(await unitsOnHand(readModels)).toBe(21);
    expect(runner.status()).toMatchObject({ state: 'running', position: 21, failures: 0 });
    await runner.stop();
    await older.close();
  });

  it('tells a waiter how far it is when the time is over', async () => {
    const runner = started();
    await runner.waitFor(await receive(store, skus(2)), 10_000);
    await expect(runner.waitFor(3, 20)).rejects.toThrow(NotCaughtUp);
    await expect(runner.waitFor(3, 20)).rejects.toThrow('stock-received has reached position 2, not yet 3.');
  });

  it('answers analysts under its documented name', async () => {
    await started().waitFor(await receive(store, ['a', 'a']), 10_000);
    expect(await readModels.query('select * from analytics.stock_received')).toEqual([{ sku: 'a', on_hand: 2 }]);
    expect(await readModels.query(`select obj_description('analytics.stock_received'::regclass) as comment`)).toEqual([
      { comment: "A row per SKU: the analyst's total." },
    ]);
  });
});

describe('the pace of a view', () => {
  const paceMs = 60_000;
  const sizes: number[] = [];
  const counting: Projection = {
    ...stockView,
    apply: async (page, tx) => {
      sizes.push(page.length);
      await stockView.apply(page, tx);
    },
  };
  beforeEach(() => void sizes.splice(0));

  it('lets events gather while they keep coming, until a caller waits for one', async () => {
    const paced = started(counting, store, { paceMs });
    await paced.waitFor(await receive(store, ['a']), 10_000);
    const unpaced = started({ ...stockView, name: 'unpaced', analystViews: [] }, store, { paceMs: 0 });
    await unpaced.waitFor(await receive(store, ['b']), 10_000);
    await unpaced.waitFor(await receive(store, ['a', 'c']), 10_000);
    expect(paced.position).toBe(1);
    const following = followed(paced, 4);
    expect(paced.position).toBe(1);
    await paced.waitFor(4, 10_000);
    await following;
    expect(sizes).toEqual([1, 3]);
    expect(await unitsOnHand(readModels)).toBe(4);
  });

  it('is of no account to one that has far to go', async () => {
    await receive(store, skus(95));
    await followed(started(counting, store, { paceMs, pageSize: 20 }), 95);
    expect(sizes).toEqual([20, 20, 20, 20, 15]);
  });

  it('is not kept by events of other types: what follows from them is taken in at once', async () => {
    const paced = started(counting, store, { paceMs });
    await followed(paced, await receive(store, ['a'], 'PriceChanged'));
    await followed(paced, await receive(store, ['b'], 'PriceChanged'));
    await followed(paced, await receive(store, ['b']));
    expect(sizes).toEqual([1]);
  });

  it('holds nothing back after a silence', async () => {
    const paced = started(counting, store, { paceMs: 20 });
    await followed(paced, await receive(store, ['a']));
    await followed(paced, await receive(store, ['b']));
    expect(sizes).toEqual([1, 1]);
  });

  it('is no reason to stop late, nor to forget or repeat what came meanwhile', async () => {
    const first = started(counting, repeating(store), { paceMs });
    await first.waitFor(await receive(store, ['a', 'b']), 10_000);
    await receive(store, ['c']);
    await first.stop();
    expect(await unitsOnHand(readModels)).toBe(2);
    const second = started(counting, repeating(store), { paceMs });
    await followed(second, 3);
    await second.waitFor(await receive(store, ['a']), 10_000);
    expect(await unitsOnHand(readModels)).toBe(4);
  });
});

describe('two processes', () => {
  it('share the work so that one does it and the other takes over when it dies', async () => {
    const dying = await openReadModels({ url: database.url, poolSize: 4 });
    const first = started(stockView, store, {}, dying);
    await first.waitFor(await receive(store, skus(10)), 10_000);
    const second = started();
    await eventually(() => second.status().state === 'standby');
    await Promise.all([first, second].map(async (runner) => runner.waitFor(await receive(store, skus(10)), 10_000)));
    expect(first.status().events).toBeGreaterThan(10);
    expect(second.status()).toMatchObject({ state: 'standby', ready: true, events: 0 });
    await dying.close();
    await second.waitFor(await receive(store, skus(10)), 10_000);
    await eventually(() => second.status().state === 'running');
    expect(await unitsOnHand(readModels)).toBe(await store.head());
  });

  it('change nothing twice when the first one only seemed dead', async () => {
    const seeming = await openReadModels({ url: database.url, poolSize: 4 });
    const entered = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const first = started(
      {
        ...stockView,
        apply: async (page, tx) => {
          entered.resolve();
          await released.promise;
          await stockView.apply(page, tx);
        },
      },
      store,
      {},
      seeming,
    );
    const position = await receive(store, skus(50));
    await entered.promise;
    const second = started();
    await eventually(() => second.status().state === 'standby');
    await readModels.execute(
      `select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database
        where l.locktype = 'advisory' and d.datname = current_database()`,
    );
    // The second now holds the lease and waits for the row lock of the first's page.
    await eventually(async () => (await readModels.query(`select from pg_locks where ${WAITING}`)).length > 0);
    released.resolve();
    await Promise.all([first.waitFor(position, 10_000), second.waitFor(position, 10_000)]);
    expect(await unitsOnHand(readModels)).toBe(50);
    await first.stop();
    await seeming.close();
  });

  it('in one process: a second runner of the same name waits as well', async () => {
    const first = started();
    await first.waitFor(await receive(store, skus(1)), 10_000);
    const second = started();
    await eventually(() => second.status().state === 'standby');
    await first.stop();
    await eventually(() => second.status().state === 'running');
  });
});

describe('a new version', () => {
  const noted = defineTable({ ...stock, columns: { ...stock.columns, note: orNull(column.text('Who made it')) } });
  const doubled: Projection = {
    ...stockView,
    version: 2,
    tables: [noted],
    analystViews: [
      analystsSee(noted, { name: 'stock_received', description: 'Other columns.', fields: ['onHand', 'note', 'sku'] }),
    ],
    apply: async (page, tx) => {
      await stockView.apply(page, tx);
      await tx.execute(`update stock set note = 'version 2'`);
    },
  };

  it('is built again at the start, with everything that happened', async () => {
    const old = started();
    await old.waitFor(await receive(store, skus(300)), 10_000);
    await old.stop();
    const renewed = started(doubled);
    await renewed.waitFor(await receive(store, skus(20)), 10_000);
    expect(await unitsOnHand(readModels)).toBe(320);
    expect(await readModels.query(`select distinct note from analytics.stock_received`)).toEqual([
      { note: 'version 2' },
    ]);
    expect(renewed.status()).toMatchObject({ state: 'running', version: 2 });
  });

  it('is left alone by an older process, which says so', async () => {
    const current = started(doubled);
    await current.waitFor(await receive(store, skus(5)), 10_000);
    await current.stop();
    const outdated = started();
    await eventually(() => outdated.status().failures > 0);
    expect(outdated.status()).toMatchObject({ ready: false });
    expect(outdated.status().error).toContain('stored in version 2 and this process knows version 1');
    expect(await readModels.query(`select distinct note from view_stock_received.stock`)).toEqual([
      { note: 'version 2' },
    ]);
  });
});

/** The store as it is, but every page comes twice. */
function repeating(inner: EventStore): EventStore {
  return Object.assign(Object.create(inner), {
    readAll: (options: Parameters<EventStore['readAll']>[0]) => inner.readAll(options),
    head: () => inner.head(),
    async *subscribe(options: Parameters<EventStore['subscribe']>[0]): AsyncGenerator<Page> {
      for await (const page of inner.subscribe(options)) {
        yield page;
        yield page;
      }
    },
  });
}
