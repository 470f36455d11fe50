import { bulkUpsert, type Tx } from '#read-models';
import { type OrderRow, type OrderTotals, phaseOf, totalsOf } from './order-row.js';

/** DDL and description of the table, which the projection of orders fills: both count the same lines. */
export const dailySales = {
  schema: `
    create table daily_sales (
      channel text collate "C" not null,
      day date not null,
      currency text not null,
      orders bigint not null,
      units bigint not null,
      revenue_minor numeric not null,
      cancelled_units bigint not null,
      returned_units bigint not null,
      charges_minor numeric not null,
      primary key (channel, day, currency)
    );
    create index daily_sales_by_day on daily_sales (day, channel, currency);
  `,
  analystView: {
    name: 'daily_sales',
    description:
      'Sales per channel, UTC day on which the orders were placed, and currency: orders that were placed and not cancelled as a whole, units and revenue of goods in minor units without what was cancelled, the units cancelled and returned since, and what was charged beside the goods (shipping, discounts)',
    select:
      'select channel, day, currency, orders, units, revenue_minor, cancelled_units, returned_units, charges_minor from daily_sales',
  },
} as const;

/** What a page of events changes in the numbers of days: what each order adds now, less what it added before. */
export class DayChanges {
  private readonly days = new Map<string, DayChange>();

  /** Channel, day and currency of a placed order never change. */
  add(before: OrderRow | undefined, after: OrderRow, totals: OrderTotals): void {
    if (after.status !== 'placed') return;
    const day = after.placed_at.slice(0, 10);
    const key = `${after.channel}/${day}/${after.currency}`;
    const change = this.days.get(key) ?? { ...NONE, channel: after.channel, day, currency: after.currency };
    this.days.set(key, change);
    addTotals(change, 1, after, totals);
    if (before?.status === 'placed') addTotals(change, -1, before, totalsOf(before));
  }

  /** Adds the changes to the stored numbers, with one statement. */
  write(tx: Tx): Promise<void> {
    return bulkUpsert(tx, { ...shape, add: ADDED, rows: [...this.days.values()].filter(isChange) });
  }
}

interface DayChange {
  readonly channel: string;
  readonly day: string;
  readonly currency: string;
  orders: number;
  units: number;
  /** One order's total is exact in a double; the sum over many need not be. */
  revenue_minor: bigint;
  cancelled_units: number;
  returned_units: number;
  charges_minor: bigint;
}

const NONE = { orders: 0, units: 0, revenue_minor: 0n, cancelled_units: 0, returned_units: 0, charges_minor: 0n };

const ADDED = ['orders', 'units', 'revenue_minor', 'cancelled_units', 'returned_units', 'charges_minor'] as const;

const shape = {
  table: 'daily_sales',
  key: ['channel', 'day', 'currency'],
  columns: {
    channel: 'text',
    day: 'date',
    currency: 'text',
    orders: 'bigint',
    units: 'bigint',
    revenue_minor: 'numeric',
    cancelled_units: 'bigint',
    returned_units: 'bigint',
    charges_minor: 'numeric',
  },
} as const;

function addTotals(change: DayChange, sign: 1 | -1, row: OrderRow, totals: OrderTotals): void {
  if (phaseOf(row, totals) !== 'cancelled') change.orders += sign;
  change.units += sign * totals.units;
  change.revenue_minor += BigInt(sign * (totals.total_minor - totals.charges_minor));
  change.cancelled_units += sign * totals.cancelled_units;
  change.returned_units += sign * totals.returned_units;
  change.charges_minor += BigInt(sign * totals.charges_minor);
}

const isChange = (change: DayChange): boolean => ADDED.some((column) => Number(change[column]) !== 0);
