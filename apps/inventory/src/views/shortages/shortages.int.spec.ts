import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openReadModels, ProjectionRunner, type ReadModels } from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { InventoryHarness, inPagesOf } from '../../../test/inventory-harness.js';
import { type ShortageRow, shortagesProjection } from './shortages.projection.js';

let database: TestDatabase;
let readModels: ReadModels;
let inventory: InventoryHarness;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
  inventory = await InventoryHarness.open(new InMemoryEventStore());
  await inventory.openLocations('main');
  await inventory.supplyMap('shop', 'main');
});
afterAll(async () => {
  await inventory.close();
  await readModels.close();
  await database.drop();
});

const sell = (sku: string, orderId: string, units: number) =>
  inventory.execute(sku, {
    type: 'AllocateLines',
    as: 'fact',
    orderId,
    lines: [{ lineId: '1', units }],
    policy: inventory.supply.policyOf('shop'),
  });

describe('the view of shortages', () => {
  it.each([1, 1_000])('tells each shortage from its start to its end, in pages of %i', async (pageSize) => {
    const sku = `sold in pages of ${pageSize}`;
    await inventory.receive(sku, 2);
    await sell(sku, 'o1', 5);
    await sell(sku, 'o2', 4);
    await inventory.receive(sku, 6);
    await inventory.receive(sku, 1);
    await sell(sku, 'o3', 2);
    const store = inPagesOf(pageSize, inventory.store);
    const runner = new ProjectionRunner(readModels, shortagesProjection, store, { pageSize });
    runner.start();
    await runner.waitFor(await inventory.store.head(), 10_000);
    await runner.stop();
    const rows = await readModels.query<ShortageRow>(
      'select * from view_shortages.shortages where sku = $1 order by opened_position',
      [sku],
    );
    expect(rows).toMatchObject([
      { location_id: 'main', units: 0, most_units: 7, resolved_at: expect.any(String) },
      { location_id: 'main', units: 2, most_units: 2, resolved_at: null },
    ]);
  });

  it('is found by its key, however many are open', async () => {
    await readModels.execute('drop schema view_shortages cascade; delete from read_models.checkpoints');
    const store = inPagesOf(50, inventory.store);
    const runner = new ProjectionRunner(readModels, shortagesProjection, store, { pageSize: 50, paceMs: 0 });
    runner.start();
    await runner.waitFor(await inventory.store.head(), 10_000);
    for (let page = 0; page < 20; page += 1) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => sell(`short ${page} ${index}`, 'o1', 1)));
      await runner.waitFor(await inventory.store.head(), 10_000);
    }
    await runner.stop();
    // Statistics of a session arrive when it ends.
    await readModels.close();
    readModels = await openReadModels({ url: database.url, poolSize: 4 });
    const [index] = await readModels.query<{ read: number }>(
      `select idx_tup_read as read from pg_stat_user_indexes where schemaname = 'view_shortages' and indexrelname = 'shortages_open'`,
    );
    expect(index?.read).toBeLessThan(1_000);
  });
});
