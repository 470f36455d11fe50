import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { OrderEvent } from '#contracts';
import { CommandRunner, type RecordedEvent } from '#event-sourcing';
import { compareProjection, openReadModels, ProjectionRunner, type ReadModels, schemaOf } from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { type OrderCommand, orderDecider } from '../../order/order.decide.js';
import { DailySalesQuery } from '../daily-sales/daily-sales.query.js';
import { ordersProjection } from './orders.projection.js';
import { OrdersQuery } from './orders.query.js';

let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;
let projector: ProjectionRunner;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
});
afterAll(async () => {
  await readModels.close();
  await database.drop();
});
beforeEach(async () => {
  await readModels.execute(`drop schema if exists ${schemaOf('orders')} cascade; delete from read_models.checkpoints`);
  store = new InMemoryEventStore();
  projector = new ProjectionRunner(readModels, ordersProjection, store);
});
afterEach(() => projector.stop());

const line = (lineId: string, sku: string, units: number, unitPriceMinor: number) => ({
  lineId,
  sku,
  units,
  unitPriceMinor,
});

const sale = (number: string, externalRevision: number, lines: ReturnType<typeof line>[], changes: object = {}) => ({
  type: 'RecordSale' as const,
  orderId: `etsy.${number}`,
  channel: 'etsy',
  externalOrderId: number,
  externalRevision,
  currency: 'EUR',
  lines,
  buyer: {},
  placedAt: '2026-03-01T23:59:59.999Z',
  cancelled: false,
  ...changes,
});
const orderId = 'etsy.1';
const shop = {
  type: 'SubmitOrder' as const,
  channel: 'web',
  currency: 'JPY',
  buyer: {},
  placedAt: '2026-03-02T00:00:00.000Z',
};

/** One order with everything that can happen to it, and neighbours of other kinds. */
const history: readonly OrderCommand[] = [
  sale('1', 1, [line('1', 'MUG', 5, 100), line('2', 'CUP', 3, 1_000)]),
  { ...shop, orderId: 'placed', lines: [line('1', 'MUG', 1, 7)] },
  sale('2', 1, [line('1', 'MUG', 2, 100)]),
  { type: 'ShipLines', orderId, shipmentId: 'S', lines: [{ lineId: '1', units: 2 }] },
  { type: 'PlaceOrder', orderId: 'placed', allocated: 'MUG' },
  { type: 'CancelLines', orderId, lines: [{ lineId: '2', units: 1 }], reason: 'test' },
  {
    type: 'ReturnLines',
    orderId,
    returnId: 'R',
    locationId: 'main',
    condition: 'damaged',
    lines: [{ lineId: '1', units: 1 }],
  },
  { ...shop, orderId: 'declined', lines: [line('1', 'MUG', 9, 7)] },
  sale('1', 1, [line('1', 'MUG', 5, 100), line('2', 'CUP', 3, 1_000)]),
  sale('1', 3, [line('1', 'MUG', 4, 90), line('2', 'CUP', 3, 1_000), line('3', 'POT', 1, 5)]),
  { type: 'DeclineOrder', orderId: 'declined', short: [{ sku: 'MUG', requested: 9, available: 1 }] },
  sale('2', 2, [line('1', 'MUG', 2, 100)], { cancelled: true }),
  sale('1', 2, [line('1', 'MUG', 99, 1)]),
  { ...shop, orderId: 'submitted', lines: [line('1', 'MUG', 1, 7)] },
];

let commandsSent = 0;

async function record(commands: readonly OrderCommand[]): Promise<RecordedEvent<OrderEvent>[]> {
  const runner = new CommandRunner(store);
  for (const command of commands) {
    commandsSent += 1;
    const metadata = {
      commandId: `c${commandsSent}`,
      correlationId: 'c',
      actor: 'test',
      occurredAt: '2026-03-01T00:00:00.000Z',
    };
    await runner.execute({ on: orderDecider, id: command.orderId, command, metadata });
  }
  return (await store.readAll({ after: 0 })).events as RecordedEvent<OrderEvent>[];
}

async function projected(): Promise<void> {
  projector.start();
  await projector.waitFor(await store.head(), 20_000);
}

const allOrders = () => new OrdersQuery(readModels).list({}, undefined, 100);
const allDays = () => new DailySalesQuery(readModels).list({}, undefined, 100);
const tables = async () => ({ orders: await allOrders(), days: await allDays() });

const expectedDays = [
  {
    channel: 'etsy',
    day: '2026-03-01',
    currency: 'EUR',
    orders: 1,
    units: 7,
    revenueMinor: 2_365,
    chargesMinor: 0,
    cancelledUnits: 3,
    returnedUnits: 1,
  },
  {
    channel: 'web',
    day: '2026-03-02',
    currency: 'JPY',
    orders: 1,
    units: 1,
    revenueMinor: 7,
    chargesMinor: 0,
    cancelledUnits: 0,
    returnedUnits: 0,
  },
];

describe('orders and daily sales', () => {
  it('shows every order as it stands', async () => {
    await record(history);
    await projected();
    expect(await new OrdersQuery(readModels).byId(orderId)).toEqual({
      orderId,
      channel: 'etsy',
      externalId: '1',
      status: 'placed',
      phase: 'partly-shipped',
      currency: 'EUR',
      totalMinor: 2_365,
      chargesMinor: 0,
      units: 7,
      cancelledUnits: 1,
      shippedUnits: 2,
      returnedUnits: 1,
      placedAt: '2026-03-01T23:59:59.999Z',
      revision: 5,
      lines: [
        { lineId: '1', sku: 'MUG', unitPriceMinor: 90, ordered: 4, cancelled: 0, shipped: 2, returned: 1 },
        { lineId: '2', sku: 'CUP', unitPriceMinor: 1_000, ordered: 3, cancelled: 1, shipped: 0, returned: 0 },
        { lineId: '3', sku: 'POT', unitPriceMinor: 5, ordered: 1, cancelled: 0, shipped: 0, returned: 0 },
      ],
      charges: [],
      offers: [],
    });
    expect((await allOrders()).map(({ orderId: id, status, phase, units }) => [id, status, phase, units])).toEqual([
      ['submitted', 'submitted', 'open', 1],
      ['placed', 'placed', 'open', 1],
      ['declined', 'declined', 'cancelled', 9],
      ['etsy.2', 'placed', 'cancelled', 0],
      ['etsy.1', 'placed', 'partly-shipped', 7],
    ]);
  });

  it('counts an order on the day it was placed, whenever it changes; once it is placed and as long as it is not cancelled', async () => {
    await record(history);
    await projected();
    expect(await allDays()).toEqual(expectedDays);
  });

  it('comes out the same whatever the pages', async () => {
    const events = await record(history);
    await projected();
    const atOnce = await tables();
    await readModels.execute(`truncate ${schemaOf('orders')}.orders, ${schemaOf('orders')}.daily_sales`);
    for (const event of events) await apply([event]);
    expect(await tables()).toEqual(atOnce);
  });

  it('does not change when it sees the same page twice', async () => {
    const events = await record(history);
    await projected();
    const before = await tables();
    await apply(events);
    await apply(events.slice(3, 9));
    expect(await tables()).toEqual(before);
  });

  it('goes on where it was stopped', async () => {
    await record(history.slice(0, 6));
    await projected();
    await projector.stop();
    await record(history.slice(6));
    projector = new ProjectionRunner(readModels, ordersProjection, store);
    await projected();
    expect(await allDays()).toEqual(expectedDays);
    expect(await compareProjection(readModels, ordersProjection, store)).toMatchObject({ equal: true });
  });

  it('skips the changes of an order whose beginning it never saw', async () => {
    const events = await record(history);
    projector.start();
    await projector.waitFor(events.length, 20_000);
    await readModels.execute(`delete from ${schemaOf('orders')}.orders where order_id = 'etsy.1'`);
    const days = await allDays();
    await apply(events.filter(({ stream, revision }) => stream === 'order-etsy.1' && revision > 0));
    expect((await allOrders()).map(({ orderId: id }) => id)).not.toContain('etsy.1');
    expect(await allDays()).toEqual(days);
  });

  it('sums revenue exactly beyond 2^53', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    await record(['1', '2', '3'].map((number) => sale(number, 1, [line('1', 'GEM', 1, most)])));
    await projected();
    const rows = await readModels.query<{ revenue: string }>(
      'select revenue_minor::text as revenue from analytics.daily_sales',
    );
    expect(rows).toEqual([{ revenue: String(3n * BigInt(most)) }]);
  });

  it('is published to analysts', async () => {
    await record(history);
    await projected();
    const rows = await readModels.query(
      'select order_id, phase, total_minor from analytics.orders where order_id = $1',
      [orderId],
    );
    expect(rows).toEqual([{ order_id: orderId, phase: 'partly-shipped', total_minor: 2_365 }]);
  });

  it.each([
    ['shipped', 2, 0, 'shipped'],
    ['shipped and returned in part', 2, 1, 'partly-returned'],
    ['returned', 2, 2, 'returned'],
  ])('derives the phase of an order that was %s', async (_, shipped, returned, phase) => {
    const moved = (units: number) => [{ lineId: '1', units }];
    await record([
      sale('1', 1, [line('1', 'MUG', 3, 100)]),
      { type: 'CancelLines', orderId, lines: moved(1), reason: 'test' },
      { type: 'ShipLines', orderId, shipmentId: 'S', lines: moved(shipped) },
      ...(returned === 0
        ? []
        : [
            {
              type: 'ReturnLines' as const,
              orderId,
              returnId: 'R',
              locationId: 'main',
              condition: 'available' as const,
              lines: moved(returned),
            },
          ]),
    ]);
    await projected();
    expect(await allOrders()).toMatchObject([{ phase, units: 2 }]);
  });
});

describe('the list of orders', () => {
  it('pages through orders of one instant without a gap, and filters', async () => {
    await record(['1', '2', '3', '4', '5'].map((number) => sale(number, 1, [line('1', 'MUG', 1, 100)])));
    await record([{ ...shop, orderId: 'web', lines: [line('1', 'MUG', 1, 7)] }]);
    await projected();
    const query = new OrdersQuery(readModels);
    const first = await query.list({ channel: 'etsy' }, undefined, 3);
    const rest = await query.list({ channel: 'etsy' }, [first[2]?.placedAt ?? '', first[2]?.orderId ?? ''], 3);
    expect([...first, ...rest].map(({ orderId: id }) => id)).toEqual([
      'etsy.5',
      'etsy.4',
      'etsy.3',
      'etsy.2',
      'etsy.1',
    ]);
    expect(await query.list({ status: 'submitted' }, undefined, 3)).toMatchObject([{ orderId: 'web' }]);
    expect(await query.list({ channel: 'etsy', phase: 'shipped' }, undefined, 3)).toEqual([]);
  });
});

function apply(page: readonly RecordedEvent[]): Promise<void> {
  return readModels.transaction((tx) => ordersProjection.apply(page, tx), { schema: schemaOf('orders') });
}
