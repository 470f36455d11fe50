import { type OrderEvent, orderEvents, typesOf } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { analystsSee, type Projection, type Tx } from '#read-models';
import { DayChanges, dailySalesTable } from './day-changes.js';
import { lineFrom, type OrderRow, ordersTable, phaseOf, rowAfter, storedLine, totalsOf } from './order-row.js';

/**
 * Orders, and what they add up to per day. One fold feeds both tables: what an order adds to its day follows from its
 * lines before and after, and lines are the bulk of the work. Each row knows the revision it holds, so an event that is
 * seen again changes neither table.
 */
export const ordersProjection: Projection = {
  name: 'orders',
  version: 3,
  tables: [ordersTable, dailySalesTable],
  types: typesOf(orderEvents).filter((type) => type !== 'SaleDuplicateReceived' && type !== 'SaleOutdatedReceived'),
  apply: async (page: readonly RecordedEvent<OrderEvent>[], tx) => {
    for (const part of partsOf(page)) await applyPart(part, tx);
  },
  analystViews: [
    analystsSee(ordersTable, {
      description:
        'Orders as they stand: total and units without what was cancelled, money in minor units, charges (shipping, discounts) within the total, phase derived from the quantities of the lines; a quantity that a line leaves out is 0',
      fields: [
        'orderId',
        'channel',
        'externalId',
        'status',
        'phase',
        'currency',
        'totalMinor',
        'units',
        'cancelledUnits',
        'shippedUnits',
        'returnedUnits',
        'placedAt',
        'revision',
        'lines',
        'chargesMinor',
        'charges',
        'offers',
      ],
    }),
    analystsSee(dailySalesTable, {
      description:
        'Sales per channel, UTC day on which the orders were placed, and currency: orders that were placed and not cancelled as a whole, units and revenue of goods in minor units without what was cancelled, the units cancelled and returned since, and what was charged beside the goods (shipping, discounts)',
    }),
  ],
};

/** Orders have up to a thousand lines: a statement takes some twenty of those, or many of a few lines. */
const LINES_PER_STATEMENT = 20_000;
/** A parcel of one line makes an order of a thousand be read and written. */
const EVENTS_PER_STATEMENT = 250;

function* partsOf(page: readonly RecordedEvent<OrderEvent>[]): Iterable<readonly RecordedEvent<OrderEvent>[]> {
  let start = 0;
  let lines = 0;
  for (const [index, { data }] of page.entries()) {
    lines += 'lines' in data ? data.lines.length : 1;
    if (lines < LINES_PER_STATEMENT && index + 1 - start < EVENTS_PER_STATEMENT) continue;
    yield page.slice(start, index + 1);
    [start, lines] = [index + 1, 0];
  }
  if (start < page.length) yield page.slice(start);
}

/** What follows from the rest is not read again. */
const KNOWN = [
  'orderId',
  'channel',
  'externalId',
  'status',
  'currency',
  'placedAt',
  'revision',
  'lines',
  'charges',
  'offers',
  'cases',
] as const;

async function applyPart(events: readonly RecordedEvent<OrderEvent>[], tx: Tx): Promise<void> {
  const stored = await readRows(tx, new Set(events.map((event) => event.data.orderId)));
  const rows = new Map(stored);
  for (const event of events) {
    const row = rowAfter(rows.get(event.data.orderId), event);
    if (row) rows.set(row.orderId, row);
  }
  const days = new DayChanges();
  const changed = [...rows.values()].filter((row) => row !== stored.get(row.orderId));
  const written = changed.map((row) => {
    const totals = totalsOf(row);
    days.add(stored.get(row.orderId), row, totals);
    return { ...row, ...totals, phase: phaseOf(row, totals), lines: row.lines.map(storedLine) };
  });
  await ordersTable.upsert(tx, written);
  await days.write(tx);
}

async function readRows(tx: Tx, orderIds: ReadonlySet<string>): Promise<ReadonlyMap<string, OrderRow>> {
  const keys = [...orderIds].map((orderId) => ({ orderId }));
  const rows = await ordersTable.byKeys(tx, keys, KNOWN);
  return new Map(rows.map((row) => [row.orderId, { ...row, lines: row.lines.map(lineFrom) }]));
}
