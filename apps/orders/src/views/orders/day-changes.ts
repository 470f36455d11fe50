import { column, defineTable, type Tx } from '#read-models';
import { type OrderRow, type OrderTotals, phaseOf, totalsOf } from './order-row.js';

/** The projection of orders fills it: both count the same lines. */
export const dailySalesTable = defineTable({
  name: 'daily_sales',
  columns: {
    channel: column.code('Where it was sold'),
    day: column.day('On which the orders were placed'),
    currency: column.text('ISO 4217'),
    orders: column.count('Placed and not cancelled as a whole', 'orders'),
    units: column.units('Ordered and not cancelled'),
    revenueMinor: column.moneySum('Of goods, without what was cancelled'),
    cancelledUnits: column.units('Cancelled since'),
    returnedUnits: column.units('Came back since'),
    chargesMinor: column.moneySum('What was charged beside the goods: shipping, and below zero discounts'),
  },
  key: ['channel', 'day', 'currency'],
  indexes: { daily_sales_by_day: ['day', 'channel', 'currency'] },
});

/** What a page of events changes in the numbers of days: what each order adds now, less what it added before. */
export class DayChanges {
  private readonly days = new Map<string, DayChange>();

  /** Channel, day and currency of a placed order never change. */
  add(before: OrderRow | undefined, after: OrderRow, totals: OrderTotals): void {
    if (after.status !== 'placed') return;
    const day = after.placedAt.slice(0, 10);
    const key = `${after.channel}/${day}/${after.currency}`;
    const change = this.days.get(key) ?? { ...NONE, channel: after.channel, day, currency: after.currency };
    this.days.set(key, change);
    addTotals(change, 1, after, totals);
    if (before?.status === 'placed') addTotals(change, -1, before, totalsOf(before));
  }

  /** Adds the changes to the stored numbers, with one statement. */
  write(tx: Tx): Promise<void> {
    return dailySalesTable.upsert(tx, [...this.days.values()].filter(isChange), { add: ADDED });
  }
}

interface DayChange {
  readonly channel: string;
  readonly day: string;
  readonly currency: string;
  orders: number;
  units: number;
  /** One order's total is exact in a double; the sum over many need not be. */
  revenueMinor: bigint;
  cancelledUnits: number;
  returnedUnits: number;
  chargesMinor: bigint;
}

const NONE = { orders: 0, units: 0, revenueMinor: 0n, cancelledUnits: 0, returnedUnits: 0, chargesMinor: 0n };

const ADDED = ['orders', 'units', 'revenueMinor', 'cancelledUnits', 'returnedUnits', 'chargesMinor'] as const;

function addTotals(change: DayChange, sign: 1 | -1, row: OrderRow, totals: OrderTotals): void {
  if (phaseOf(row, totals) !== 'cancelled') change.orders += sign;
  change.units += sign * totals.units;
  change.revenueMinor += BigInt(sign * (totals.totalMinor - totals.chargesMinor));
  change.cancelledUnits += sign * totals.cancelledUnits;
  change.returnedUnits += sign * totals.returnedUnits;
  change.chargesMinor += BigInt(sign * totals.chargesMinor);
}

const isChange = (change: DayChange): boolean => ADDED.some((column) => Number(change[column]) !== 0);
