import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { OrderEvent } from '#contracts';
import { CommandRunner, type EventMetadata, type RecordedEvent } from '#event-sourcing';
import { Rejected } from '#kernel';
import { InMemoryEventStore } from '#testing';
import { excessUnits, openUnits } from './lines.js';
import { type OrderCommand, orderDecider } from './order.decide.js';
import { evolve, initialOrder, type Order } from './order.js';

const orderId = 'etsy.7';
const lineId = fc.constantFrom('1', '2');
const sku = fc.constantFrom('MUG', 'MUG', 'MUG', 'CUP');
const units = fc.integer({ min: 1, max: 6 });
const named = fc.array(fc.record({ lineId, sku, units: fc.integer({ min: 1, max: 2 }) }), {
  minLength: 1,
  maxLength: 2,
});

const command: fc.Arbitrary<OrderCommand> = fc.oneof(
  fc.record({
    type: fc.constant('RecordSale' as const),
    orderId: fc.constant(orderId),
    channel: fc.constant('etsy'),
    externalOrderId: fc.constant('7'),
    externalRevision: fc.integer({ min: 0, max: 6 }),
    currency: fc.constant('EUR'),
    lines: fc.uniqueArray(fc.record({ lineId, sku, units, unitPriceMinor: fc.integer({ min: 0, max: 9 }) }), {
      minLength: 1,
      selector: (line) => line.lineId,
    }),
    buyer: fc.constant({}),
    placedAt: fc.constant('2026-03-01T10:00:00.000Z'),
    cancelled: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('CancelLines' as const),
    orderId: fc.constant(orderId),
    lines: named,
    reason: fc.constant('test'),
  }),
  fc.record({
    type: fc.constant('ShipLines' as const),
    orderId: fc.constant(orderId),
    shipmentId: fc.uuid(),
    lines: named,
  }),
  fc.record({
    type: fc.constant('ReturnLines' as const),
    orderId: fc.constant(orderId),
    returnId: fc.uuid(),
    locationId: fc.constant('main'),
    condition: fc.constant('available' as const),
    lines: named,
  }),
);

describe('whatever commands an order gets', () => {
  it('ordered = open + cancelled + shipped less what left beyond, nothing is below zero, and a repeat changes nothing', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 20, size: 'max' }), async (commands) => {
        const store = new InMemoryEventStore();
        const runner = new CommandRunner(store);
        for (const [index, each] of commands.entries()) {
          const outcome = await attempt(runner, each, index);
          const before = await store.readStream(`order-${orderId}`);
          const again = await attempt(runner, each, index);
          expect(await store.readStream(`order-${orderId}`)).toEqual(before);
          expect(again).toBe(outcome === 'rejected' ? 'rejected' : 'nothing');
          const order = fold(before);
          expectSums(order);
          for (const { type } of before) seen.add(type);
        }
      }),
      { numRuns: 300 },
    );
    // Otherwise the property would hold for want of anything to hold of.
    expect([...seen].sort()).toEqual([
      'OrderLinesCancelled',
      'OrderLinesReturned',
      'OrderLinesShipped',
      'SaleAmended',
      'SaleDuplicateReceived',
      'SaleOutdatedReceived',
      'SaleRecorded',
    ]);
  });
});

async function attempt(
  runner: CommandRunner,
  each: OrderCommand,
  index: number,
): Promise<'events' | 'nothing' | 'rejected'> {
  const metadata: EventMetadata = {
    commandId: `c${index}`,
    correlationId: 'c',
    actor: 'test',
    occurredAt: '2026-03-01T10:00:00.000Z',
  };
  try {
    const { events } = await runner.execute({ on: orderDecider, id: orderId, command: each, metadata });
    return events.length > 0 ? 'events' : 'nothing';
  } catch (error) {
    if (error instanceof Rejected) return 'rejected';
    throw error;
  }
}

const fold = (events: readonly RecordedEvent[]): Order =>
  events.reduce((order, event) => evolve(order, event as RecordedEvent<OrderEvent>), initialOrder());

function expectSums(order: Order): void {
  if (order.status !== 'placed') return;
  for (const line of order.lines) {
    const { ordered, cancelled, shipped, returned } = line;
    expect(openUnits(line) + cancelled + Math.min(shipped, ordered - cancelled)).toBe(ordered);
    for (const quantity of [openUnits(line), cancelled, shipped, returned, excessUnits(line), ordered - cancelled])
      expect(quantity).toBeGreaterThanOrEqual(0);
    expect(ordered + shipped + returned).toBeGreaterThan(0);
  }
}
