import type { OrderEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { amendedLines, type Line, newLines, withUnits } from '../../order/lines.js';

export type OrderPhase = 'open' | 'partly-shipped' | 'shipped' | 'partly-returned' | 'returned' | 'cancelled';

/** What the view knows of an order. Units and money count what was ordered and not cancelled. */
export interface OrderRow {
  readonly order_id: string;
  readonly channel: string;
  /** The channel's own number; null for our own shop. */
  readonly external_id: string | null;
  readonly status: 'submitted' | 'declined' | 'placed';
  readonly currency: string;
  readonly placed_at: string;
  /** Of the last event that changed the order. */
  readonly revision: number;
  readonly lines: readonly Line[];
}

/** The row after an event; undefined for an event of an order whose beginning is not in the log. */
export function rowAfter(row: OrderRow | undefined, event: RecordedEvent<OrderEvent>): OrderRow | undefined {
  if (row && event.revision <= row.revision) return row;
  const { revision } = event;
  switch (event.type) {
    case 'SaleRecorded':
    case 'OrderSubmitted': {
      const { orderId: order_id, channel, currency, placedAt: placed_at } = event.data;
      const origin =
        event.type === 'SaleRecorded'
          ? { external_id: event.data.externalOrderId, status: 'placed' as const }
          : { external_id: null, status: 'submitted' as const };
      return { order_id, channel, currency, placed_at, ...origin, revision, lines: newLines(event.data.lines) };
    }
    case 'SaleAmended':
      return row && { ...row, revision, lines: amendedLines(row.lines, event.data.lines) };
    case 'OrderPlaced':
      return row && { ...row, revision, status: 'placed' };
    case 'OrderDeclined':
      return row && { ...row, revision, status: 'declined' };
    case 'OrderLinesCancelled':
      return row && { ...row, revision, lines: withUnits(row.lines, 'cancelled', event.data.lines) };
    case 'OrderLinesShipped':
      return row && { ...row, revision, lines: withUnits(row.lines, 'shipped', event.data.lines) };
    case 'OrderLinesReturned':
      return row && { ...row, revision, lines: withUnits(row.lines, 'returned', event.data.lines) };
    case 'SaleDuplicateReceived':
    case 'SaleOutdatedReceived':
      return row;
    default:
      return event satisfies never;
  }
}

/** A line of which nothing has moved, as most are, is stored without its zeros: less to write, to parse and to keep. */
export type StoredLine = Pick<Line, 'lineId' | 'sku' | 'unitPriceMinor' | 'ordered'> & Partial<Line>;

export const storedLine = (line: Line): StoredLine => {
  const { lineId, sku, unitPriceMinor, ordered, cancelled, shipped } = line;
  return cancelled + shipped === 0 ? { lineId, sku, unitPriceMinor, ordered } : line;
};

export const lineFrom = (stored: StoredLine): Line => ({ cancelled: 0, shipped: 0, returned: 0, ...stored });

/** Sums over the lines of an order. */
export interface OrderTotals {
  /** Ordered and not cancelled. */
  readonly units: number;
  readonly total_minor: number;
  readonly cancelled_units: number;
  readonly shipped_units: number;
  readonly returned_units: number;
}

export function totalsOf({ lines }: Pick<OrderRow, 'lines'>): OrderTotals {
  let [units, total_minor, cancelled_units, shipped_units, returned_units] = [0, 0, 0, 0, 0];
  for (const { ordered, cancelled, shipped, returned, unitPriceMinor } of lines) {
    units += ordered - cancelled;
    total_minor += (ordered - cancelled) * unitPriceMinor;
    cancelled_units += cancelled;
    shipped_units += shipped;
    returned_units += returned;
  }
  return { units, total_minor, cancelled_units, shipped_units, returned_units };
}

/** How far an order is, from its units alone. What is still to leave goes before what has come back. */
export function phaseOf(
  { status }: Pick<OrderRow, 'status'>,
  { units, shipped_units, returned_units }: OrderTotals,
): OrderPhase {
  if (status === 'declined' || units === 0) return 'cancelled';
  if (shipped_units === 0) return 'open';
  if (shipped_units < units) return 'partly-shipped';
  if (returned_units === 0) return 'shipped';
  return returned_units < shipped_units ? 'partly-returned' : 'returned';
}
