import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, eventually, InMemoryEventStore, type TestDatabase } from '#testing';
import { killConnections, receive, skus, stockView, unitsOnHand } from '../test/stock-view.js';
import {
  compareProjection,
  openReadModels,
  type Projection,
  ProjectionRunner,
  type ReadModels,
  type RebuildProgress,
  rebuild,
} from './index.js';

let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;
let runner: ProjectionRunner;

beforeEach(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 10 });
  store = new InMemoryEventStore();
  runner = new ProjectionRunner(readModels, stockView, store, { backoffMsMin: 5, standbyMs: 20 });
});

afterEach(async () => {
  await runner.stop();
  await readModels.close();
  await store.close();
  await database.drop();
});

const schemas = async () =>
  (
    await readModels.query<{ name: string }>(
      `select nspname as name from pg_namespace where nspname like 'view\\_%' order by 1`,
    )
  ).map(({ name }) => name);

const leasesAnswer = async ({ leases }: ReadModels): Promise<boolean> => {
  const lease = await leases.tryAcquire('noticed').catch(() => undefined);
  await lease?.release();
  return lease !== undefined;
};

/** Runs `step` again and again beside `work`; answers how often. */
async function during(work: () => Promise<void>, step: () => Promise<void>): Promise<number> {
  let steps = 0;
  let working = true;
  const stepping = (async () => {
    while (working) {
      await step();
      steps += 1;
    }
  })();
  try {
    await Promise.race([work(), stepping]);
  } finally {
    working = false;
  }
  await stepping;
  return steps;
}

describe('a rebuild', () => {
  it('equals the live view while events come in, and no read fails or goes back', async () => {
    await receive(store, skus(20_000, 1_000));
    runner.start();
    await runner.waitFor(20_000, 20_000);
    let seen = 0;
    let writes = 0;
    const reads = await during(
      async () => {
        writes = await during(
          async () => {
            for (let round = 0; round < 5; round += 1) {
              // From another process, as the operator's command line is.
              const operator = await openReadModels({ url: database.url, poolSize: 3 });
              await rebuild(operator, stockView, store, { pageSize: 2_000 });
              await operator.close();
            }
          },
          async () => runner.waitFor(await receive(store, skus(20)), 20_000),
        );
      },
      async () => {
        const [row] = await readModels.query<{ units: number }>(
          'select sum(s.on_hand)::bigint as units from view_stock_received.stock s join analytics.stock_received a using (sku)',
        );
        expect(row?.units).toBeGreaterThanOrEqual(seen);
        seen = row?.units ?? 0;
      },
    );
    expect(reads).toBeGreaterThan(50);
    expect(writes).toBeGreaterThan(10);
    await runner.waitFor(await store.head(), 10_000);
    expect(await unitsOnHand(readModels)).toBe(await store.head());
    expect(await compareProjection(readModels, stockView, store)).toMatchObject({
      equal: true,
      position: await store.head(),
    });
    expect(await schemas()).toEqual(['view_stock_received']);
  });

  it('replaces a damaged view, reports its progress, and needs no running system', async () => {
    runner.start();
    await runner.waitFor(await receive(store, skus(100)), 10_000);
    await runner.stop();
    await receive(store, skus(50));
    await readModels.execute('update view_stock_received.stock set on_hand = 7');
    const progress: RebuildProgress[] = [];
    const result = await rebuild(readModels, stockView, store, {
      pageSize: 60,
      onProgress: (each) => progress.push(each),
    });
    expect(result).toMatchObject({ events: 150, position: 150 });
    expect(progress.slice(0, 3)).toMatchObject([
      { events: 60, position: 60, head: 150 },
      { position: 120 },
      { position: 150 },
    ]);
    expect(result.eventsPerSecond).toBeGreaterThan(0);
    expect(await unitsOnHand(readModels)).toBe(150);
    runner.start();
    await runner.waitFor(await receive(store, skus(10)), 10_000);
    expect(await unitsOnHand(readModels)).toBe(160);
  });

  it('leaves tables that survive a crash, with all the indexes they had', async () => {
    const relations = () =>
      readModels.query(
        `select relname, relpersistence, pg_get_indexdef(oid) as index from pg_class
          where relnamespace = 'view_stock_received'::regnamespace and relkind in ('r', 'i') order by relname`,
      );
    await runner.prepare();
    const before = await relations();
    expect(before).toMatchObject([{ relname: 'stock', relpersistence: 'p' }, {}, { relname: 'stock_pkey' }]);
    await receive(store, skus(30));
    await rebuild(readModels, stockView, store);
    expect(await relations()).toEqual(before);
  });

  it('makes a view that was never there', async () => {
    await receive(store, skus(30));
    await rebuild(readModels, stockView, store);
    expect(await unitsOnHand(readModels)).toBe(30);
  });

  it('leaves the live view alone when it is stopped or killed half-way, and starts afresh', async () => {
    runner.start();
    await runner.waitFor(await receive(store, skus(100)), 10_000);
    const stopped = new AbortController();
    await expect(
      rebuild(readModels, stockView, store, {
        pageSize: 10,
        signal: stopped.signal,
        onProgress: () => stopped.abort(),
      }),
    ).rejects.toThrow();
    let killed = false;
    const kill: Projection = {
      ...stockView,
      apply: async (page, tx) => {
        await stockView.apply(page, tx);
        if (killed) return;
        killed = true;
        await killConnections(readModels);
      },
    };
    await expect(rebuild(readModels, kill, store, { pageSize: 10 })).rejects.toThrow();
    expect(await unitsOnHand(readModels)).toBe(100);
    // The connection of the leases died as well, and a caller before that is noticed is refused.
    await eventually(() => leasesAnswer(readModels));
    await rebuild(readModels, stockView, store);
    await runner.waitFor(await receive(store, skus(10)), 10_000);
    expect(await unitsOnHand(readModels)).toBe(110);
    expect(await schemas()).toEqual(['view_stock_received']);
  });

  it('switches although a reader has the old tables open', async () => {
    runner.start();
    await runner.waitFor(await receive(store, skus(10)), 10_000);
    await runner.stop();
    await readModels.execute('update view_stock_received.stock set on_hand = 0');
    const switched = await readModels.transaction(async (tx) => {
      const units = 'select sum(on_hand)::bigint as units from view_stock_received.stock';
      expect(await tx.query(units)).toEqual([{ units: 0 }]);
      const rebuilding = rebuild(readModels, stockView, store);
      await eventually(async () => (await unitsOnHand(readModels)) === 10);
      expect(await tx.query(units)).toEqual([{ units: 10 }]);
      return { rebuilding };
    });
    await switched.rebuilding;
    expect(await schemas()).toEqual(['view_stock_received']);
  });

  it.each([
    ['between two pages', 5],
    ['before it switches', 20],
  ])('ends when its lease was lost unnoticed and another one has begun %s', async (_, reached) => {
    await receive(store, skus(20));
    await rebuild(readModels, stockView, store);
    const lease = { lost: new AbortController().signal, release: async () => {} };
    jest.spyOn(readModels.leases, 'tryAcquire').mockResolvedValueOnce(lease);
    const stop = new AbortController();
    const readAll = store.readAll.bind(store);
    let begun: Promise<unknown> | undefined;
    store.readAll = async (page) => {
      if (page.after >= reached) {
        const halfWay = { pageSize: 5, signal: stop.signal, onProgress: () => stop.abort() };
        begun ??= rebuild(readModels, stockView, store, halfWay).catch(() => {});
        await begun;
      }
      return readAll(page);
    };
    await expect(rebuild(readModels, stockView, store, { pageSize: 5 })).rejects.toThrow(
      'Another rebuild of view stock-received has begun',
    );
    expect(await unitsOnHand(readModels)).toBe(20);
  });

  it('refuses a second one of the same view', async () => {
    await receive(store, skus(10));
    const entered = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const slow: Projection = {
      ...stockView,
      apply: async (page, tx) => {
        entered.resolve();
        await released.promise;
        await stockView.apply(page, tx);
      },
    };
    const first = rebuild(readModels, slow, store);
    await entered.promise;
    await expect(rebuild(readModels, stockView, store)).rejects.toThrow(
      'View stock-received is being rebuilt or compared already.',
    );
    released.resolve();
    expect(await first).toMatchObject({ events: 10 });
  });
});

describe('a comparison', () => {
  it('finds every planted difference, and only those', async () => {
    runner.start();
    await runner.waitFor(await receive(store, skus(1_000)), 10_000);
    await readModels.execute(`
      update view_stock_received.stock set on_hand = on_hand + 1 where sku = 'SKU-10';
      delete from view_stock_received.stock where sku = 'SKU-11';
      insert into view_stock_received.stock values ('SKU-UNKNOWN', 1, 0, now());
      update view_stock_received.stock set written_at = 'epoch' where sku = 'SKU-12'`);
    expect(await compareProjection(readModels, stockView, store, { pageSize: 100 })).toEqual({
      projection: 'stock-received',
      position: 1_000,
      equal: false,
      parked: 0,
      skipped: 0,
      tables: [
        {
          table: 'stock',
          rows: 100,
          differences: 3,
          examples: [
            { live: { sku: 'SKU-10', on_hand: 11, revision: 9 }, rebuilt: { sku: 'SKU-10', on_hand: 10, revision: 9 } },
            { live: null, rebuilt: { sku: 'SKU-11', on_hand: 10, revision: 9 } },
            { live: { sku: 'SKU-UNKNOWN', on_hand: 1, revision: 0 }, rebuilt: null },
          ],
        },
      ],
    });
    expect(await schemas()).toEqual(['view_stock_received']);
  });

  it('shows twenty examples and counts the rest', async () => {
    runner.start();
    await runner.waitFor(await receive(store, skus(100)), 10_000);
    await readModels.execute('update view_stock_received.stock set on_hand = 0');
    const { tables } = await compareProjection(readModels, stockView, store);
    expect(tables[0]).toMatchObject({ differences: 100 });
    expect(tables[0]?.examples).toHaveLength(20);
  });

  it('finds none while events come in', async () => {
    runner.start();
    await runner.waitFor(await receive(store, skus(5_000, 500)), 10_000);
    await during(
      async () => {
        for (let round = 0; round < 5; round += 1) {
          expect(await compareProjection(readModels, stockView, store, { pageSize: 500 })).toMatchObject({
            equal: true,
            tables: [{ rows: 500 }],
          });
        }
      },
      async () => runner.waitFor(await receive(store, skus(20)), 10_000),
    );
  });

  it('says what it cannot compare', async () => {
    await expect(compareProjection(readModels, stockView, store)).rejects.toThrow('was never built');
    await rebuild(readModels, stockView, store);
    await expect(compareProjection(readModels, { ...stockView, version: 2 }, store)).rejects.toThrow(
      'is stored in version 1, not in version 2',
    );
  });
});
