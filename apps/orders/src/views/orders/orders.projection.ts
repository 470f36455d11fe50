import { type OrderEvent, orderEvents, typesOf } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { bulkUpsert, type Projection, selectByKeys, type Tx } from '#read-models';
import { DayChanges, dailySales } from './day-changes.js';
import { lineFrom, type OrderRow, phaseOf, rowAfter, type StoredLine, storedLine, totalsOf } from './order-row.js';

/**
 * Orders, and what they add up to per day. One fold feeds both tables: what an order adds to its day follows from its
 * lines before and after, and lines are the bulk of the work. Each row knows the revision it holds, so an event that is
 * seen again changes neither table.
 */
export const ordersProjection: Projection = {
  name: 'orders',
  version: 3,
  schema: `
    create table orders (
      order_id text collate "C" primary key,
      channel text collate "C" not null,
      external_id text,
      status text not null,
      phase text not null,
      currency text not null,
      total_minor bigint not null,
      charges_minor bigint not null,
      units bigint not null,
      cancelled_units bigint not null,
      shipped_units bigint not null,
      returned_units bigint not null,
      placed_at timestamptz not null,
      revision integer not null,
      lines jsonb not null,
      charges jsonb,
      offers jsonb,
      cases jsonb
    );
    create index orders_by_age on orders (placed_at, order_id);
    create index orders_by_channel on orders (channel, placed_at, order_id);
    create index orders_with_offers on orders (order_id) where offers is not null;
    create index orders_with_cases on orders (order_id) where cases is not null;
    ${dailySales.schema}
  `,
  types: typesOf(orderEvents).filter((type) => type !== 'SaleDuplicateReceived' && type !== 'SaleOutdatedReceived'),
  apply: async (page: readonly RecordedEvent<OrderEvent>[], tx) => {
    for (const part of partsOf(page)) await applyPart(part, tx);
  },
  analystViews: [
    {
      name: 'orders',
      description:
        'Orders as they stand: total and units without what was cancelled, money in minor units, charges (shipping, discounts) within the total, phase derived from the quantities of the lines; a quantity that a line leaves out is 0',
      select: `select order_id, channel, external_id, status, phase, currency, total_minor, units, cancelled_units, shipped_units,
                      returned_units, placed_at, revision, lines, charges_minor, charges, offers from orders`,
    },
    dailySales.analystView,
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

const KNOWN = {
  order_id: 'text',
  channel: 'text',
  external_id: 'text',
  status: 'text',
  currency: 'text',
  placed_at: 'timestamptz',
  revision: 'integer',
  lines: 'jsonb',
  charges: 'jsonb',
  offers: 'jsonb',
  cases: 'jsonb',
} as const;

const WRITTEN = {
  ...KNOWN,
  phase: 'text',
  total_minor: 'bigint',
  charges_minor: 'bigint',
  units: 'bigint',
  cancelled_units: 'bigint',
  shipped_units: 'bigint',
  returned_units: 'bigint',
} as const;

async function applyPart(events: readonly RecordedEvent<OrderEvent>[], tx: Tx): Promise<void> {
  const stored = await readRows(tx, new Set(events.map((event) => event.data.orderId)));
  const rows = new Map(stored);
  for (const event of events) {
    const row = rowAfter(rows.get(event.data.orderId), event);
    if (row) rows.set(row.order_id, row);
  }
  const days = new DayChanges();
  const changed = [...rows.values()].filter((row) => row !== stored.get(row.order_id));
  const written = changed.map((row) => {
    const totals = totalsOf(row);
    days.add(stored.get(row.order_id), row, totals);
    return { ...row, ...totals, phase: phaseOf(row, totals), lines: row.lines.map(storedLine) };
  });
  await bulkUpsert(tx, { table: 'orders', key: ['order_id'], columns: WRITTEN, rows: written });
  await days.write(tx);
}

async function readRows(tx: Tx, orderIds: ReadonlySet<string>): Promise<ReadonlyMap<string, OrderRow>> {
  const keys = [...orderIds].map((order_id) => ({ order_id }));
  const rows = await selectByKeys<Omit<OrderRow, 'lines'> & { lines: readonly StoredLine[] }, typeof KNOWN>(tx, {
    table: 'orders',
    key: ['order_id'],
    columns: KNOWN,
    keys,
  });
  return new Map(rows.map((row) => [row.order_id, { ...row, lines: row.lines.map(lineFrom) }]));
}
