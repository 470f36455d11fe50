import { afterEach, describe, expect, it } from '@jest/globals';
import { eventRegistry } from '#contracts';
import { type EventStore, type StreamAppend, withRegistry } from '#event-sourcing';
import { PostgresEventStore } from '#event-store-postgres';
import { createTestDatabase, OneStreamEventStore } from '#testing';
import { InventoryHarness } from '../../../test/inventory-harness.js';

/** A process that is killed at one of its writes. */
interface Dying {
  readonly store: EventStore;
  dieAt(append: number, moment: 'before' | 'after'): void;
  /** Writes of events since {@link dieAt}. */
  readonly appends: number;
  close(): Promise<void>;
}

const stores: readonly { readonly kind: string; readonly open: () => Promise<Dying> }[] = [
  {
    kind: 'PostgreSQL',
    open: async () => {
      const database = await createTestDatabase();
      const store = await PostgresEventStore.open({ url: database.url, writer: true, holder: 'spec' });
      return dying(withRegistry(store, eventRegistry), async () => {
        await store.close();
        await database.drop();
      });
    },
  },
  {
    kind: 'one stream in a commit',
    open: async () => {
      const store = new OneStreamEventStore();
      return dying(store, () => store.close());
    },
  },
];

function dying(store: EventStore, close: () => Promise<void>): Dying {
  let [appends, deadly, moment] = [0, Number.POSITIVE_INFINITY, 'before'];
  const append = async (streams: readonly StreamAppend[]) => {
    if (streams.every(({ events }) => events.length === 0)) return store.append(streams);
    appends += 1;
    const dies = appends === deadly;
    if (dies && moment === 'before') throw new Error('the process died');
    const result = await store.append(streams);
    if (dies) throw new Error('the process died');
    return result;
  };
  return {
    store: new Proxy(store, { get: (target, name) => (name === 'append' ? append : bound(target, name)) }),
    dieAt: (at, when) => {
      [appends, deadly, moment] = [0, at, when];
    },
    get appends() {
      return appends;
    },
    close,
  };
}

function bound(store: EventStore, name: string | symbol): unknown {
  const member: unknown = Reflect.get(store, name);
  return typeof member === 'function' ? member.bind(store) : member;
}

const SKUS = ['a', 'b', 'c'];
const ON_HAND = 5;
/** More writes than an order of three lines takes on any store. */
const APPENDS_MAX = 9;
const orders = [
  { ends: 'allocated', units: { a: 2, b: 2, c: 2 } },
  { ends: 'declined', units: { a: 2, b: 2, c: 9 } },
  { ends: 'declined', units: { a: 2, b: 9, c: 2 } },
] as const;

describe.each(stores)('the allocation of an order over $kind, killed at every write', ({ open }) => {
  let world: Dying;
  afterEach(() => world.close());

  it.each(orders)('comes to the same end: $ends, of $units', async ({ ends, units }) => {
    world = await open();
    const first = await InventoryHarness.open(world.store);
    await first.openLocations('main');
    await first.supplyMap('shop', 'main');
    const deaths = Array.from({ length: APPENDS_MAX }, (_, index) => index + 1);
    const reached = { before: 0, after: 0 };
    for (const moment of ['before', 'after'] as const)
      for (const append of deaths) {
        const [skuOf, orderId] = [(sku: string) => `${sku}-${moment}-${append}`, `o-${moment}-${append}`];
        for (const sku of SKUS) await first.receive(skuOf(sku), ON_HAND);
        const page = await submitted(first, orderId, units, skuOf);
        const alive = await InventoryHarness.open(world.store);
        world.dieAt(append, moment);
        const died = await alive
          .allocating()
          .react(page)
          .then(() => false, isDeath);
        world.dieAt(Number.POSITIVE_INFINITY, moment);
        if (died) reached[moment] += 1;
        // The next process is handed the page again, and so is one that is a little late.
        for (let again = 0; again < 2; again += 1) {
          const next = await InventoryHarness.open(world.store);
          await next.allocating().react(page);
          await next.shutdown.run();
        }
        for (const sku of SKUS) {
          const bound = ends === 'allocated' ? units[sku as keyof typeof units] : 0;
          expect([orderId, sku, await boundOn(world.store, skuOf(sku))]).toEqual([orderId, sku, bound]);
        }
        const process = await world.store.readStream(`process-when-order-is-submitted-allocate-stock:${orderId}`);
        expect(process.filter(({ type }) => type === 'ProcessEnded').map(({ data }) => data)).toEqual([
          { end: ends === 'allocated' ? 'done' : 'undone' },
        ]);
        await alive.shutdown.run();
      }
    // Every write was one to die at, and there are fewer than were tried.
    expect(reached.before).toBe(reached.after);
    expect(reached.before).toBeGreaterThan(0);
    expect(reached.before).toBeLessThan(APPENDS_MAX);
    await first.shutdown.run();
  });
});

const isDeath = (error: unknown): boolean => {
  if (String(error).includes('the process died')) return true;
  throw error;
};

async function submitted(
  inventory: InventoryHarness,
  orderId: string,
  units: Readonly<Record<string, number>>,
  skuOf: (sku: string) => string,
) {
  const lines = SKUS.map((sku, index) => ({
    lineId: String(index + 1),
    sku: skuOf(sku),
    units: units[sku] ?? 0,
    unitPriceMinor: 100,
  }));
  const position = await inventory.order({
    type: 'OrderSubmitted',
    data: { orderId, channel: 'shop', currency: 'EUR', lines, buyer: {}, placedAt: '2026-01-31T12:00:00Z' },
  });
  return (await inventory.store.readAll({ after: position - 1 })).events;
}

/** Units that are bound on a SKU, whatever they are bound to. */
async function boundOn(store: EventStore, sku: string): Promise<number> {
  const events = await store.readStream(`stock-${sku}`);
  return events.reduce((bound, { type, data }) => {
    const from: readonly { units: number }[] = Reflect.get(data, 'from') ?? [];
    const units = from.reduce((sum, part) => sum + part.units, 0);
    if (type === 'StockAllocated') return bound + units;
    return type === 'StockAllocationCancelled' ? bound - units : bound;
  }, 0);
}
