import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { OrderEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { InMemoryEventStore } from '#testing';
import { InventoryHarness } from '../../../test/inventory-harness.js';
import { WhenAnOrderChangesFollowWithStock } from './when-an-order-changes-follow-with-stock.js';

let inventory: InventoryHarness;
let reaction: WhenAnOrderChangesFollowWithStock;

beforeEach(async () => {
  inventory = await InventoryHarness.open(new InMemoryEventStore());
  await inventory.openLocations('main', 'store');
  await inventory.supplyMap('shop', 'main', 'store');
  await inventory.receive('a', 10);
  await inventory.receive('b', 10);
  reaction = new WhenAnOrderChangesFollowWithStock(inventory.commands, inventory.supply);
});
afterEach(() => inventory.close());

/** Stores the events and hands them over as one page. */
async function happened(...events: readonly OrderEvent[]): Promise<readonly RecordedEvent[]> {
  const from = await inventory.store.head();
  for (const event of events) await inventory.order(event);
  const page = (await inventory.store.readAll({ after: from })).events;
  await reaction.react(page);
  return page;
}

const line = (lineId: string, sku: string, units: number) => ({ lineId, sku, units, unitPriceMinor: 100 });
const sold = (orderId: string, ...lines: readonly ReturnType<typeof line>[]): OrderEvent => ({
  type: 'SaleRecorded',
  data: {
    orderId,
    channel: 'shop',
    externalOrderId: orderId,
    externalRevision: 0,
    currency: 'EUR',
    lines: [...lines],
    buyer: {},
    placedAt: '2026-01-31T12:00:00Z',
  },
});
const allocated = (orderId: string, lineId: string, units: number, as = 'fact') => ({
  type: 'StockAllocated',
  data: { orderId, lineId, channel: 'shop', as, from: [{ locationId: 'main', units }] },
});
const afterReceipt = async (sku: string) => (await inventory.eventsOf(sku)).slice(1);

describe('when an order changes, stock follows', () => {
  it('allocates every line of a recorded sale, once per SKU and line', async () => {
    await happened(sold('o1', line('1', 'a', 2), line('2', 'b', 1), line('3', 'a', 3)));
    expect(await afterReceipt('a')).toEqual([allocated('o1', '1', 2), allocated('o1', '3', 3)]);
    expect(await afterReceipt('b')).toEqual([allocated('o1', '2', 1)]);
  });

  it('books what an amendment adds and takes away, on every SKU it touches', async () => {
    await happened(sold('o1', line('1', 'a', 5), line('2', 'b', 1)), {
      type: 'SaleAmended',
      data: {
        orderId: 'o1',
        channel: 'shop',
        externalRevision: 1,
        lines: [line('1', 'a', 2), line('2', 'b', 4), line('3', 'a', 1)],
        changes: [
          { lineId: '1', sku: 'a', unitsBefore: 5, unitsAfter: 2 },
          { lineId: '2', sku: 'b', unitsBefore: 1, unitsAfter: 4 },
          { lineId: '3', sku: 'a', unitsBefore: 0, unitsAfter: 1 },
        ],
      },
    });
    expect(await afterReceipt('a')).toEqual([
      allocated('o1', '1', 5),
      {
        type: 'StockAllocationCancelled',
        data: { orderId: 'o1', lineId: '1', channel: 'shop', from: [{ locationId: 'main', units: 3 }] },
      },
      allocated('o1', '3', 1),
    ]);
    expect(await afterReceipt('b')).toEqual([allocated('o1', '2', 1), allocated('o1', '2', 3)]);
  });

  it('frees the units of cancelled lines', async () => {
    await happened(sold('o1', line('1', 'a', 5)), {
      type: 'OrderLinesCancelled',
      data: { orderId: 'o1', channel: 'shop', lines: [{ lineId: '1', sku: 'a', units: 4 }], reason: 'changed my mind' },
    });
    expect((await afterReceipt('a')).at(-1)).toEqual({
      type: 'StockAllocationCancelled',
      data: { orderId: 'o1', lineId: '1', channel: 'shop', from: [{ locationId: 'main', units: 4 }] },
    });
  });

  it('ships from where the line was allocated', async () => {
    await happened(sold('o1', line('1', 'a', 5)), {
      type: 'OrderLinesShipped',
      data: { orderId: 'o1', channel: 'shop', shipmentId: 's1', lines: [{ lineId: '1', sku: 'a', units: 5 }] },
    });
    expect((await afterReceipt('a')).at(-1)).toEqual({
      type: 'StockShipped',
      data: { orderId: 'o1', lineId: '1', locationId: 'main', units: 5 },
    });
  });

  it.each(['available', 'damaged', 'inspection'] as const)(
    'takes back a return as %s, one movement per SKU',
    async (condition) => {
      const lines = [
        { lineId: '1', sku: 'a', units: 1 },
        { lineId: '2', sku: 'a', units: 2 },
      ];
      await happened({
        type: 'OrderLinesReturned',
        data: { orderId: 'o1', returnId: 'r1', locationId: 'store', condition, lines },
      });
      expect(await afterReceipt('a')).toEqual([
        { type: 'StockReturned', data: { orderId: 'o1', returnId: 'r1', locationId: 'store', units: 3, condition } },
      ]);
    },
  );

  it('opens a shortage for a sale beyond the shelf, also of a SKU that was never received', async () => {
    await happened(sold('o1', line('1', 'a', 12), line('2', 'never received', 2)));
    expect((await inventory.typesOf('a')).slice(1)).toEqual(['StockAllocated', 'ShortageOpened']);
    expect(await inventory.typesOf('never received')).toEqual(['StockAllocated', 'ShortageOpened']);
  });

  it('changes nothing when the same events come again, alone, together, or through another process', async () => {
    const page = await happened(
      sold('o1', line('1', 'a', 5), line('2', 'b', 1)),
      {
        type: 'SaleAmended',
        data: {
          orderId: 'o1',
          channel: 'shop',
          externalRevision: 1,
          lines: [line('1', 'a', 6)],
          changes: [{ lineId: '1', sku: 'a', unitsBefore: 5, unitsAfter: 6 }],
        },
      },
      {
        type: 'OrderLinesShipped',
        data: { orderId: 'o1', channel: 'shop', shipmentId: 's1', lines: [{ lineId: '1', sku: 'a', units: 2 }] },
      },
      {
        type: 'OrderLinesCancelled',
        data: { orderId: 'o1', channel: 'shop', lines: [{ lineId: '1', sku: 'a', units: 1 }], reason: 'late' },
      },
      {
        type: 'OrderLinesReturned',
        data: {
          orderId: 'o1',
          returnId: 'r1',
          locationId: 'main',
          condition: 'available',
          lines: [{ lineId: '1', sku: 'a', units: 2 }],
        },
      },
    );
    const head = await inventory.store.head();
    await reaction.react(page);
    for (const event of page) await reaction.react([event]);
    const other = await InventoryHarness.open(inventory.store);
    await new WhenAnOrderChangesFollowWithStock(other.commands, other.supply).react(page);
    expect(await inventory.store.head()).toBe(head);
    await other.shutdown.run();
  });

  it('keeps the order of the log for several orders of one SKU in one page', async () => {
    const orderIds = Array.from({ length: 300 }, (_, index) => `o${index}`);
    await happened(...orderIds.map((orderId) => sold(orderId, line('1', 'a', 1))));
    const bound = (await inventory.store.readStream('stock-a')).flatMap(({ type, data }) =>
      type === 'StockAllocated' && 'orderId' in data ? [data.orderId] : [],
    );
    expect(bound).toEqual(orderIds);
  });

  it('passes on who it was caused by and when we learned of it', async () => {
    const [sale] = await happened(sold('o1', line('1', 'a', 1)));
    const [, stored] = await inventory.store.readStream('stock-a');
    expect(stored?.metadata).toMatchObject({
      causationId: sale?.id,
      correlationId: sale?.metadata.correlationId,
      occurredAt: sale?.metadata.occurredAt,
      receivedAt: sale?.recordedAt,
      actor: 'process:when-an-order-changes-follow-with-stock',
    });
  });
});
