import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventStore, Page } from '#event-sourcing';
import {
  compareProjection,
  openReadModels,
  type Projection,
  ProjectionRunner,
  type ReadModels,
  schemaOf,
} from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { anyStep, anyTransfer, dice } from '../../test/history.js';
import { InventoryHarness, killConnections } from '../../test/inventory-harness.js';
import { inventoryProjections } from '../assemble.js';

const FAST = { backoffMsMin: 5, backoffMsMax: 50, standbyMs: 20 };
const STEPS = 400;

let database: TestDatabase;
let readModels: ReadModels;
let inventory: InventoryHarness;

beforeEach(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 6 });
  inventory = await InventoryHarness.open(new InMemoryEventStore());
  await inventory.openLocations('main', 'store');
  await inventory.supplyMap('shop', 'main', 'store');
});
afterEach(async () => {
  await inventory.close();
  await readModels.close();
  await database.drop();
});

async function live(steps: number, seed: number): Promise<number> {
  const [roll, rollTransfers] = [dice(seed), dice(-seed)];
  for (let step = 0; step < steps; step += 1) {
    await anyStep(inventory, roll);
    if (rollTransfers() < 0.4) await anyTransfer(inventory, rollTransfers);
  }
  return inventory.store.head();
}

async function follow(projection: Projection, upTo: number, store: EventStore, pageSize: number): Promise<void> {
  const runner = new ProjectionRunner(readModels, projection, store, { ...FAST, pageSize });
  runner.start();
  try {
    await runner.waitFor(upTo, 20_000);
  } finally {
    await runner.stop();
  }
}

/** The view holds something, and exactly what a fold of the whole log gives. */
async function expectEqualToTheLog(projection: Projection, upTo: number): Promise<void> {
  const comparison = await compareProjection(readModels, projection, inventory.store);
  expect(comparison.tables.flatMap(({ examples }) => examples)).toEqual([]);
  expect(comparison).toMatchObject({ equal: true, position: upTo });
  expect(comparison.tables.reduce((rows, table) => rows + table.rows, 0)).toBeGreaterThan(0);
}

describe.each(inventoryProjections.map((projection) => [projection.name, projection] as const))(
  'the view %s',
  (_, projection) => {
    it('equals a fold of the log, whatever the pages were', async () => {
      await follow(projection, await live(STEPS, 1), inventory.store, 3);
      await follow(projection, await live(STEPS, 2), inventory.store, 50);
      const head = await live(STEPS, 3);
      await follow(projection, head, inventory.store, 5_000);
      await expectEqualToTheLog(projection, await checkpointOf(projection));
    });

    it('counts the same event once when it comes twice', async () => {
      const head = await live(STEPS, 4);
      await follow(projection, head, repeating(inventory.store), 7);
      await expectEqualToTheLog(projection, await checkpointOf(projection));
    });

    it('goes on where it was stopped in the middle', async () => {
      const head = await live(STEPS, 5);
      let pages = 0;
      const stopped = Promise.withResolvers<void>();
      const counting: Projection = {
        ...projection,
        apply: async (page, tx) => {
          await projection.apply(page, tx);
          pages += 1;
          if (pages === 3) runner.stop().then(stopped.resolve, stopped.reject);
        },
      };
      const runner = new ProjectionRunner(readModels, counting, inventory.store, { ...FAST, pageSize: 5 });
      runner.start();
      await stopped.promise;
      const reached = await checkpointOf(projection);
      await expectEqualToTheLog(projection, reached);
      await follow(projection, head, inventory.store, 5);
      expect(await checkpointOf(projection)).toBeGreaterThan(reached);
      await expectEqualToTheLog(projection, await checkpointOf(projection));
    });

    it('loses and doubles nothing when its connections are killed in the middle of a page', async () => {
      let kills = 3;
      const head = await live(STEPS, 6);
      const killed: Projection = {
        ...projection,
        apply: async (page, tx) => {
          await projection.apply(page, tx);
          if (kills === 0) return;
          kills -= 1;
          await killConnections(readModels);
        },
      };
      await follow(killed, head, inventory.store, 20);
      expect(kills).toBe(0);
      await expectEqualToTheLog(projection, await checkpointOf(projection));
    });

    it('has tables for its queries before the first event', async () => {
      await new ProjectionRunner(readModels, projection, inventory.store).prepare();
      const tables = await readModels.query('select 1 from pg_tables where schemaname = $1', [
        schemaOf(projection.name),
      ]);
      expect(tables.length).toBeGreaterThan(0);
    });
  },
);

async function checkpointOf({ name }: Projection): Promise<number> {
  const [row] = await readModels.query<{ position: number }>(
    `select position from read_models.checkpoints where kind = 'projection' and name = $1`,
    [name],
  );
  return row?.position ?? 0;
}

/** Hands over every page twice, as a store does whose connection broke before the page was acknowledged. */
function repeating(store: EventStore): EventStore {
  return {
    atomicAcrossStreams: store.atomicAcrossStreams,
    singleWriter: store.singleWriter,
    densePositions: store.densePositions,
    append: (appends) => store.append(appends),
    head: () => store.head(),
    saveSnapshots: (snapshots) => store.saveSnapshots(snapshots),
    close: () => store.close(),
    readStream: (stream, options) => store.readStream(stream, options),
    load: (streams, snapshotVersion) => store.load(streams, snapshotVersion),
    readAll: (options) => store.readAll(options),
    subscribe: (options) => twice(store.subscribe(options)),
  };
}

async function* twice(pages: AsyncIterable<Page>): AsyncIterable<Page> {
  for await (const page of pages) {
    yield page;
    yield page;
  }
}
