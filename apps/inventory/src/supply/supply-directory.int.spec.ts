import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandRunner, type EventStore } from '#event-sourcing';
import { Shutdown } from '#platform';
import { CoreModule, type RunningService, startService } from '#platform/host';
import { openReadModels, type ReadModels, Runners } from '#read-models';
import { createTestDatabase, eventually, InMemoryEventStore, type TestDatabase } from '#testing';
import { InventoryHarness, inPagesOf, ManualClock } from '../../test/inventory-harness.js';
import { InventoryModule } from '../inventory.module.js';
import { SupplyDirectory } from './supply-directory.js';

class Root {}

class RecordingRunners extends Runners {
  started = false;
  override start(): void {
    this.started = true;
    super.start();
  }
}

let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;
let inventory: InventoryHarness;
let service: RunningService | undefined;

beforeEach(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 6 });
  store = new InMemoryEventStore();
  inventory = await InventoryHarness.open(store);
  await inventory.openLocations('main');
  await inventory.supplyMap('shop', 'main');
  await inventory.receive('a', 5);
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  await inventory.close();
  await readModels.close();
  await database.drop();
});

async function start(over: EventStore, runners: Runners): Promise<RunningService> {
  const database = { url: '', owned: false, close: async () => {}, detach: async () => {} };
  const clock = new ManualClock();
  const commands = new CommandRunner(over, { clock });
  const core = { store: over, readModels, runners, commands, clock, database };
  const config = {
    dataDir: '/nowhere',
    host: '127.0.0.1',
    httpPort: 0,
    grpcPort: 0,
    hashKey: Buffer.alloc(32),
    logLevel: 'silent' as const,
  };
  const shutdown = new Shutdown();
  shutdown.onShutdown('runners', () => runners.stop());
  service = await startService({ module: Root, imports: [CoreModule.over(core), InventoryModule] }, config, {
    shutdown,
  });
  return service;
}

describe('locations and policies', () => {
  it('are known before the first process decides anything: an order that waited is not declined at the start', async () => {
    await inventory.order({
      type: 'OrderSubmitted',
      data: {
        orderId: 'o1',
        channel: 'shop',
        currency: 'EUR',
        lines: [{ lineId: '1', sku: 'a', units: 5, unitPriceMinor: 100 }],
        buyer: {},
        placedAt: '2026-01-31T12:00:00Z',
      },
    });
    const runners = new RecordingRunners(readModels, store);
    const startedBeforeRead: boolean[] = [];
    const watched: EventStore = {
      ...inPagesOf(1, store),
      subscribe: (options) => {
        if (options.filter?.types?.includes('LocationOpened')) startedBeforeRead.push(runners.started);
        return store.subscribe(options);
      },
    };
    await start(watched, runners);
    expect(startedBeforeRead[0]).toBe(false);
    await eventually(async () => (await inventory.typesOf('a')).length > 1);
    expect(await inventory.typesOf('a')).toEqual(['StockReceived', 'StockAllocated']);
  });

  it('are taken from the stock view at the next start, so that a long log need not be read again', async () => {
    const runners = new Runners(readModels, store);
    await start(store, runners);
    await runners.projection('stock').waitFor(await store.head(), 10_000);
    await service?.stop();
    const readFrom: number[] = [];
    const watched: EventStore = {
      ...inPagesOf(1, store),
      subscribe: (options) => {
        const supply =
          options.filter?.types?.includes('LocationOpened') && !options.filter.types.includes('StockReceived');
        if (supply) readFrom.push(options.after);
        return store.subscribe(options);
      },
    };
    const { app } = await start(watched, new Runners(readModels, store));
    expect(readFrom).toEqual([await store.head()]);
    expect(app.get(SupplyDirectory, { strict: false }).locations).toEqual(['main']);
  });

  it('are read on from where reading failed', async () => {
    let broken = false;
    const failing: EventStore = {
      ...inPagesOf(1, store),
      subscribe: (options) => {
        if (broken) return store.subscribe(options);
        broken = true;
        return failingAfterOnePage(store.subscribe(options));
      },
    };
    const other = await InventoryHarness.open(failing);
    await other.openLocations('store');
    expect(broken).toBe(true);
    expect(other.supply.locations).toEqual(['main', 'store']);
    await other.shutdown.run();
  });
});

async function* failingAfterOnePage<Page>(pages: AsyncIterable<Page>): AsyncIterable<Page> {
  for await (const page of pages) {
    yield page;
    throw new Error('the connection broke');
  }
}
