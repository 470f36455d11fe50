import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventStore, RecordedEvent } from '#event-sourcing';
import { openReadModels, type Reaction, ReactionRunner, type ReadModels } from '#read-models';
import { createTestDatabase, eventually, InMemoryEventStore, type TestDatabase } from '#testing';
import { InventoryHarness, killConnections } from '../../test/inventory-harness.js';
import { WhenAnOrderChangesFollowWithStock } from './when-an-order-changes-follow-with-stock/when-an-order-changes-follow-with-stock.js';

const ORDERS = 120;
const UNITS = 100;

let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;
let inventory: InventoryHarness;

beforeEach(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 6 });
  store = new InMemoryEventStore();
  inventory = await InventoryHarness.open(store);
  await inventory.openLocations('main');
  await inventory.supplyMap('shop', 'main');
  for (const sku of ['a', 'b']) await inventory.receive(sku, UNITS);
});
afterEach(async () => {
  await inventory.close();
  await readModels.close();
  await database.drop();
});

const line = (lineId: string, sku: string) => ({ lineId, sku, units: 1, unitPriceMinor: 100 });
const common = (orderId: string) => ({
  orderId,
  channel: 'shop',
  currency: 'EUR',
  lines: [line('1', 'a'), line('2', 'b')],
  buyer: {},
  placedAt: '2026-01-31T12:00:00Z',
});

const cases = [
  {
    name: 'sales',
    order: (orderId: string) =>
      inventory.order({
        type: 'SaleRecorded',
        data: { ...common(orderId), externalOrderId: orderId, externalRevision: 0 },
      }),
    reactionOf: ({ commands, supply }: InventoryHarness): Reaction =>
      new WhenAnOrderChangesFollowWithStock(commands, supply),
    outcome: { StockAllocated: ORDERS, StockAllocationDeclined: 0 },
  },
  {
    name: 'requests',
    order: (orderId: string) => inventory.order({ type: 'OrderSubmitted', data: common(orderId) }),
    reactionOf: (harness: InventoryHarness): Reaction => {
      const driver = harness.allocating();
      return { name: driver.name, types: driver.types, react: (events) => driver.react(events) };
    },
    outcome: { StockAllocated: UNITS, StockAllocationDeclined: ORDERS - UNITS },
  },
];

/** What became of the orders on a SKU; each order once. */
async function outcomeOn(sku: string) {
  const events = await inventory.eventsOf(sku);
  const count = (type: string) => events.filter((event) => event.type === type).length;
  const orderIds = events.flatMap(({ data }) => ('orderId' in data ? [data.orderId] : []));
  expect(new Set(orderIds).size).toBe(orderIds.length);
  return { StockAllocated: count('StockAllocated'), StockAllocationDeclined: count('StockAllocationDeclined') };
}

async function run(reaction: Reaction, upTo: number, over: EventStore = store): Promise<void> {
  const runner = new ReactionRunner(readModels, reaction, over, { pageSize: 7, backoffMsMin: 5, backoffMsMax: 20 });
  runner.start();
  try {
    await runner.waitFor(upTo, 20_000);
  } finally {
    await runner.stop();
  }
}

describe.each(cases)('stock that follows $name', ({ order, reactionOf, outcome }) => {
  let head: number;
  beforeEach(async () => {
    for (let index = 0; index < ORDERS; index += 1) head = await order(`o${index}`);
  });

  it('goes on in another process where one was killed with its commands stored and its checkpoint not', async () => {
    const { promise: dead, resolve: die } = Promise.withResolvers<void>();
    let pages = 0;
    const reaction = reactionOf(inventory);
    const dying: Reaction = {
      ...namesOf(reaction),
      react: async (events: readonly RecordedEvent[]) => {
        await reaction.react(events);
        pages += 1;
        if (pages < 5) return;
        die();
        throw new Error('killed');
      },
    };
    const runner = new ReactionRunner(readModels, dying, store, { pageSize: 7, backoffMsMin: 60_000 });
    runner.start();
    await dead;
    await runner.stop();
    expect(runner.position).toBeLessThan(head);

    const successor = await InventoryHarness.open(store);
    await run(reactionOf(successor), head);
    await successor.shutdown.run();
    expect(await outcomeOn('a')).toEqual(outcome);
    expect(await outcomeOn('b')).toEqual(outcome);
  });

  it('loses and doubles nothing when the connections are killed while it works', async () => {
    let kills = 3;
    const reaction = reactionOf(inventory);
    const killed: Reaction = {
      ...namesOf(reaction),
      react: async (events) => {
        await reaction.react(events);
        if (kills === 0) return;
        kills -= 1;
        await killConnections(readModels);
      },
    };
    await run(killed, head);
    expect(kills).toBe(0);
    expect(await outcomeOn('a')).toEqual(outcome);
    expect(await outcomeOn('b')).toEqual(outcome);
  });

  it('parks the orders of a SKU that cannot be read, and follows the others', async () => {
    const metadata = inventory.metadata();
    const unreadable = { id: metadata.commandId, type: 'FromTheFuture', data: {}, metadata };
    await store.append([{ stream: 'stock-broken', expected: 'no-stream', events: [unreadable] }]);
    const lost = { ...common('lost'), lines: [line('1', 'broken')] };
    await inventory.order({ type: 'SaleRecorded', data: { ...lost, externalOrderId: 'lost', externalRevision: 0 } });
    await inventory.order({ type: 'OrderSubmitted', data: { ...lost, orderId: 'lost too' } });
    const reaction = reactionOf(inventory);
    const runner = new ReactionRunner(readModels, reaction, store, { attempts: 2, backoffMsMin: 5 });
    runner.start();
    await eventually(() => runner.status().parked === 1);
    await order('after');
    await runner.waitFor(await store.head(), 10_000);
    await runner.stop();
    const after = (await inventory.eventsOf('a')).filter(({ data }) => Object(data).orderId === 'after');
    expect(after).toHaveLength(1);
  });
});

const namesOf = ({ name, types }: Reaction) => ({ name, types });
