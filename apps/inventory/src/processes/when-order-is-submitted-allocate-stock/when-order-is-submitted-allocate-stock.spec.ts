import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventStore, ProcessDriver, RecordedEvent, StreamAppend } from '#event-sourcing';
import { InMemoryEventStore, OneStreamEventStore } from '#testing';
import { InventoryHarness } from '../../../test/inventory-harness.js';

let inventory: InventoryHarness;
let reaction: ProcessDriver;

beforeEach(() => openOver(new InMemoryEventStore()));
afterEach(() => inventory.close());

async function openOver(store: EventStore): Promise<void> {
  inventory = await InventoryHarness.open(store);
  await inventory.openLocations('main');
  await inventory.supplyMap('shop', 'main');
  await inventory.receive('a', 5);
  await inventory.receive('b', 5);
  reaction = inventory.allocating();
}

async function submitted(
  orderId: string,
  wanted: Readonly<Record<string, number>>,
  reservationId?: string,
): Promise<RecordedEvent[]> {
  const lines = Object.entries(wanted).map(([sku, units], index) => ({
    lineId: `${index + 1}`,
    sku,
    units,
    unitPriceMinor: 100,
    ...(reservationId !== undefined && { reservationId }),
  }));
  const position = await inventory.order({
    type: 'OrderSubmitted',
    data: { orderId, channel: 'shop', currency: 'EUR', lines, buyer: {}, placedAt: '2026-01-31T12:00:00Z' },
  });
  return [...(await inventory.store.readAll({ after: position - 1 })).events];
}

describe('when an order is submitted, its stock is allocated', () => {
  it('allocates every SKU in one commit', async () => {
    await reaction.react(await submitted('o1', { a: 5, b: 3 }));
    expect(await inventory.typesOf('a')).toEqual(['StockReceived', 'StockAllocated']);
    expect(await inventory.typesOf('b')).toEqual(['StockReceived', 'StockAllocated']);
    const [a] = (await inventory.store.readStream('stock-a')).slice(-1);
    const [b] = (await inventory.store.readStream('stock-b')).slice(-1);
    expect(a?.data).toMatchObject({ as: 'request', orderId: 'o1' });
    expect(Math.abs((a?.position ?? 0) - (b?.position ?? 0))).toBe(1);
  });

  it('allocates nothing when one SKU is short, and records the refusal on every SKU with its numbers', async () => {
    await reaction.react(await submitted('o1', { a: 2, b: 6 }));
    const declined = (requested: number) => ({
      type: 'StockAllocationDeclined',
      data: { orderId: 'o1', channel: 'shop', requested, available: 5 },
    });
    expect((await inventory.eventsOf('a')).slice(1)).toEqual([declined(2)]);
    expect((await inventory.eventsOf('b')).slice(1)).toEqual([declined(6)]);
  });

  it('adds up the lines of one SKU before it decides', async () => {
    const [event] = await submitted('o1', { a: 3 });
    if (!event) throw new Error('the order was not stored');
    const twice = { ...event, data: { ...event.data, lines: [lineOf('1'), lineOf('2')] } };
    await reaction.react([twice]);
    expect((await inventory.eventsOf('a')).slice(1)).toEqual([
      { type: 'StockAllocationDeclined', data: { orderId: 'o1', channel: 'shop', requested: 6, available: 5 } },
    ]);
  });

  it('declines an order for an unknown SKU, on all of its SKUs', async () => {
    await reaction.react(await submitted('o1', { a: 1, unknown: 1 }));
    expect(await inventory.typesOf('a')).toEqual(['StockReceived', 'StockAllocationDeclined']);
    expect(await inventory.typesOf('unknown')).toEqual(['StockAllocationDeclined']);
  });

  it('changes nothing when the event comes again after the allocation', async () => {
    const event = await submitted('o1', { a: 1, b: 1 });
    await reaction.react(event);
    const head = await inventory.store.head();
    await reaction.react(event);
    await reactionOfAnotherProcess(event);
    expect(await inventory.store.head()).toBe(head);
  });

  it('stays declined when the event comes again after goods arrived', async () => {
    const event = await submitted('o1', { a: 1, b: 6 });
    await reaction.react(event);
    await inventory.receive('b', 100);
    const head = await inventory.store.head();
    await reaction.react(event);
    await reactionOfAnotherProcess(event);
    expect(await inventory.store.head()).toBe(head);
  });

  it.each(['before anything was stored', 'after it was stored and before it was acknowledged'])(
    'decides once when the process dies %s',
    async (moment) => {
      const store = new DyingStore();
      await openOver(store);
      const accepted = await submitted('o1', { a: 2, b: 2 });
      const refused = await submitted('o2', { a: 1, b: 9 });
      for (const event of [accepted, refused].map((page) => page.slice(0, 1))) {
        store.dieAt = moment.startsWith('before') ? 'before' : 'after';
        await expect(reaction.react(event)).rejects.toThrow('the process died');
        await reactionOfAnotherProcess(event);
      }
      expect(await inventory.typesOf('a')).toEqual(['StockReceived', 'StockAllocated', 'StockAllocationDeclined']);
      expect(await inventory.typesOf('b')).toEqual(['StockReceived', 'StockAllocated', 'StockAllocationDeclined']);
    },
  );

  it('gives the last units to one of many orders that ask at once', async () => {
    const orders = await Promise.all(Array.from({ length: 20 }, (_, index) => submitted(`o${index}`, { a: 1, b: 1 })));
    await reaction.react(orders.map(([event]) => event).filter((event) => event !== undefined));
    for (const sku of ['a', 'b']) {
      const types = await inventory.typesOf(sku);
      expect(types.filter((type) => type === 'StockAllocated')).toHaveLength(5);
      expect(types.filter((type) => type === 'StockAllocationDeclined')).toHaveLength(15);
    }
  });
});

describe('an order that names the reservations of its cart', () => {
  const kept = ['StockReceived', 'StockReserved', 'StockReservationReleased', 'StockAllocated'];
  const stores = [() => new DyingStore(), () => new OneByOneStore()] as const;
  const deaths = stores.flatMap((open) =>
    [1, 2].flatMap((append) => (['before', 'after'] as const).map((moment) => ({ open, append, moment }))),
  );

  it.each(deaths)('has the last units once when the process dies $moment append $append', async (death) => {
    const store = death.open();
    await openOver(store);
    for (const sku of ['a', 'b']) await inventory.reserve(sku, 'cart-7', 5);
    const event = await submitted('o1', { a: 5, b: 5 }, 'cart-7');
    if (store instanceof OneByOneStore) {
      store.dieAt = store.appends + death.append;
      store.moment = death.moment;
    } else store.dieAt = death.moment;
    await expect(reaction.react(event)).rejects.toThrow('the process died');
    await reactionOfAnotherProcess(event);
    await reactionOfAnotherProcess(event);
    expect([await inventory.typesOf('a'), await inventory.typesOf('b')]).toEqual([kept, kept]);
  });

  it('leaves them held when another SKU is short', async () => {
    await inventory.reserve('a', 'cart-7', 5);
    await reaction.react((await submitted('o1', { a: 5, b: 6 })).map((event) => naming(event, 'a', 'cart-7')));
    expect(await inventory.typesOf('a')).toEqual(['StockReceived', 'StockReserved', 'StockAllocationDeclined']);
    expect((await inventory.eventsOf('a')).at(-1)?.data).toMatchObject({ requested: 5, available: 5 });
  });
});

/** The order with a reservation on its lines of one SKU. */
function naming(event: RecordedEvent, sku: string, reservationId: string): RecordedEvent {
  const { lines } = event.data as { lines: { sku: string }[] };
  return {
    ...event,
    data: { ...event.data, lines: lines.map((line) => (line.sku === sku ? { ...line, reservationId } : line)) },
  };
}

describe('on a store that commits one stream at a time', () => {
  const openOneByOne = async () => {
    const store = new OneByOneStore();
    await openOver(store);
    return store;
  };

  it('allocates SKU after SKU, in their order', async () => {
    await openOneByOne();
    await reaction.react(await submitted('o1', { b: 2, a: 1 }));
    const [a] = (await inventory.store.readStream('stock-a')).slice(-1);
    const [b] = (await inventory.store.readStream('stock-b')).slice(-1);
    expect([a?.type, b?.type]).toEqual(['StockAllocated', 'StockAllocated']);
    expect(a?.position).toBeLessThan(b?.position ?? 0);
  });

  it('gives back what it had allocated when a later SKU is short, and records that refusal', async () => {
    await openOneByOne();
    await reaction.react(await submitted('o1', { a: 2, b: 6 }));
    expect(await inventory.typesOf('a')).toEqual(['StockReceived', 'StockAllocated', 'StockAllocationCancelled']);
    expect((await inventory.eventsOf('b')).slice(1)).toEqual([
      { type: 'StockAllocationDeclined', data: { orderId: 'o1', channel: 'shop', requested: 6, available: 5 } },
    ]);
  });

  it('stays with its answer when the event comes again after goods arrived', async () => {
    await openOneByOne();
    const event = await submitted('o1', { a: 2, b: 6 });
    await reaction.react(event);
    await inventory.receive('b', 100);
    const head = await inventory.store.head();
    await reaction.react(event);
    await reactionOfAnotherProcess(event);
    expect(await inventory.store.head()).toBe(head);
  });

  const deaths = [1, 2, 3].flatMap((append) => (['before', 'after'] as const).map((moment) => ({ append, moment })));
  it.each(deaths)('answers once when the process dies $moment append $append', async ({ append, moment }) => {
    const store = await openOneByOne();
    const event = await submitted('o1', { a: 2, b: 6 });
    store.dieAt = store.appends + append;
    store.moment = moment;
    await expect(reaction.react(event)).rejects.toThrow('the process died');
    await reactionOfAnotherProcess(event);
    await reactionOfAnotherProcess(event);
    expect(await inventory.typesOf('a')).toEqual(['StockReceived', 'StockAllocated', 'StockAllocationCancelled']);
    expect(await inventory.typesOf('b')).toEqual(['StockReceived', 'StockAllocationDeclined']);
  });

  it('does what the first one began when two processes answer at once', async () => {
    await openOneByOne();
    const event = await submitted('o1', { a: 2, b: 5 });
    await Promise.all([reaction.react(event), reactionOfAnotherProcess(event), reactionOfAnotherProcess(event)]);
    expect(await inventory.typesOf('a')).toEqual(['StockReceived', 'StockAllocated']);
    expect(await inventory.typesOf('b')).toEqual(['StockReceived', 'StockAllocated']);
  });
});

const lineOf = (lineId: string) => ({ lineId, sku: 'a', units: 3, unitPriceMinor: 100 });

async function reactionOfAnotherProcess(events: readonly RecordedEvent[]): Promise<void> {
  const other = await InventoryHarness.open(inventory.store);
  await other.allocating().react(events);
  await other.shutdown.run();
}

/** Ends one append with an error. */
class OneByOneStore extends OneStreamEventStore {
  /** Appends of events so far. */
  appends = 0;
  dieAt = Number.POSITIVE_INFINITY;
  moment: 'before' | 'after' = 'before';

  override async append(appends: readonly StreamAppend[]) {
    if (appends.every(({ events }) => events.length === 0)) return super.append(appends);
    this.appends += 1;
    const dies = this.appends === this.dieAt;
    if (dies && this.moment === 'before') throw new Error('the process died');
    const result = await super.append(appends);
    if (dies) throw new Error('the process died');
    return result;
  }
}

/** Ends one append with an error, without or with its effect. */
class DyingStore extends InMemoryEventStore {
  dieAt: 'never' | 'before' | 'after' = 'never';

  override async append(appends: readonly StreamAppend[]) {
    const { dieAt } = this;
    this.dieAt = 'never';
    if (dieAt === 'before') throw new Error('the process died');
    const result = await super.append(appends);
    if (dieAt === 'after') throw new Error('the process died');
    return result;
  }
}
