import type { Charge, OfferLine, OrderEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { amendedLines, type Line, newLines, withUnits } from '../../order/lines.js';
import { channelOf } from '../../order/order-id.js';
import { casesAfter, type OrderCases } from './order-cases.js';

export type OrderPhase = 'open' | 'partly-shipped' | 'shipped' | 'partly-returned' | 'returned' | 'cancelled';

/** What the view knows of an order. Units and money count what was ordered and not cancelled. */
export interface OrderRow {
  readonly order_id: string;
  readonly channel: string;
  /** The channel's own number; null for our own shop. */
  readonly external_id: string | null;
  /** `unknown`: units moved under its id, and nothing else was heard of it. */
  readonly status: 'unknown' | 'submitted' | 'declined' | 'placed';
  /** XXX, the code for no currency, while the order is unknown. */
  readonly currency: string;
  readonly placed_at: string;
  /** Of the last event that changed the order. */
  readonly revision: number;
  readonly lines: readonly Line[];
  /** Money that is no goods; null where there is none. */
  readonly charges: readonly Charge[] | null;
  /** Goods sold by an offer that leads to no SKU yet; null where there are none. */
  readonly offers: readonly OfferLine[] | null;
  /** What of it waits for a person; null where nothing does. */
  readonly cases: OrderCases | null;
}

/** The row after an event; undefined for an event of an order whose beginning is not in the log. */
export function rowAfter(row: OrderRow | undefined, event: RecordedEvent<OrderEvent>): OrderRow | undefined {
  if (row && event.revision <= row.revision) return row;
  const after = folded(row, event);
  return after && after !== row ? { ...after, revision: event.revision, cases: casesAfter(after, event) } : after;
}

function folded(row: OrderRow | undefined, event: RecordedEvent<OrderEvent>): OrderRow | undefined {
  switch (event.type) {
    case 'SaleRecorded': {
      const { externalOrderId: external_id, lines, charges = [], offers = [] } = event.data;
      const before = row ?? begun(event);
      return {
        ...before,
        ...placedOf(event.data),
        external_id,
        status: 'placed',
        lines: row ? amendedLines(row.lines, lines) : newLines(lines),
        charges: orNull(charges),
        offers: orNull(offers),
      };
    }
    case 'OrderSubmitted':
      return { ...begun(event), ...placedOf(event.data), status: 'submitted', lines: newLines(event.data.lines) };
    case 'SaleAmended': {
      const { lines, reopened, charges, offers } = event.data;
      return (
        row && {
          ...row,
          lines: amendedLines(row.lines, lines, reopened),
          charges: charges ? orNull(charges) : row.charges,
          offers: offers ? orNull(offers) : row.offers,
        }
      );
    }
    case 'OrderPlaced':
      return row && { ...row, status: 'placed' };
    case 'OrderDeclined':
      return row && { ...row, status: 'declined' };
    case 'OrderLinesCancelled':
      return row && { ...row, lines: withUnits(row.lines, 'cancelled', event.data.lines) };
    case 'OrderLinesShipped': {
      const before = row ?? begunBy(event);
      return before && { ...before, lines: withUnits(before.lines, 'shipped', event.data.lines) };
    }
    case 'OrderLinesReturned': {
      const before = row ?? begunBy(event);
      return before && { ...before, lines: withUnits(before.lines, 'returned', event.data.lines) };
    }
    case 'SaleDuplicateReceived':
    case 'SaleOutdatedReceived':
      return row;
    default:
      return event satisfies never;
  }
}

/** A movement may be the first that is heard of an order. */
const begunBy = (event: RecordedEvent<OrderEvent>): OrderRow | undefined =>
  event.revision === 0 ? begun(event) : undefined;

/** An order of which nothing but its id is known. */
const begun = ({ data: { orderId }, metadata, revision }: RecordedEvent<OrderEvent>): OrderRow => ({
  order_id: orderId,
  channel: channelOf(orderId),
  external_id: null,
  status: 'unknown',
  currency: 'XXX',
  placed_at: metadata.occurredAt,
  revision,
  lines: [],
  charges: null,
  offers: null,
  cases: null,
});

const placedOf = ({
  channel,
  currency,
  placedAt: placed_at,
}: {
  readonly channel: string;
  readonly currency: string;
  readonly placedAt: string;
}) => ({ channel, currency, placed_at });

const orNull = <Item>(items: readonly Item[]): readonly Item[] | null => (items.length === 0 ? null : items);

/** A line of which nothing has moved, as most are, is stored without its zeros: less to write, to parse and to keep. */
export type StoredLine = Pick<Line, 'lineId' | 'sku' | 'unitPriceMinor' | 'ordered'> & Partial<Line>;

export const storedLine = (line: Line): StoredLine => {
  const { lineId, sku, unitPriceMinor, ordered, cancelled, shipped } = line;
  return cancelled + shipped + line.returned === 0 ? { lineId, sku, unitPriceMinor, ordered } : line;
};

export const lineFrom = (stored: StoredLine): Line => ({ cancelled: 0, shipped: 0, returned: 0, ...stored });

/** Sums over the lines of an order. */
export interface OrderTotals {
  /** Ordered and not cancelled. */
  readonly units: number;
  /** Of those units and the charges. */
  readonly total_minor: number;
  /** The part of the total that is no goods; none of a cancelled order. */
  readonly charges_minor: number;
  readonly cancelled_units: number;
  readonly shipped_units: number;
  readonly returned_units: number;
}

export function totalsOf({ lines, offers, charges }: Pick<OrderRow, 'lines' | 'offers' | 'charges'>): OrderTotals {
  let [units, total_minor, cancelled_units, shipped_units, returned_units] = [0, 0, 0, 0, 0];
  for (const { ordered, cancelled, shipped, returned, unitPriceMinor } of lines) {
    units += ordered - cancelled;
    total_minor += (ordered - cancelled) * unitPriceMinor;
    cancelled_units += cancelled;
    shipped_units += shipped;
    returned_units += returned;
  }
  for (const offer of offers ?? []) {
    units += offer.units;
    total_minor += offer.units * offer.unitPriceMinor;
  }
  const isCancelled = units === 0 && cancelled_units > 0;
  const charges_minor = isCancelled ? 0 : (charges ?? []).reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  total_minor += charges_minor;
  return { units, total_minor, charges_minor, cancelled_units, shipped_units, returned_units };
}

/** How far an order is, from its units alone. What is still to leave goes before what has come back. */
export function phaseOf(
  { status, charges }: Pick<OrderRow, 'status' | 'charges'>,
  { units, cancelled_units, shipped_units, returned_units }: OrderTotals,
): OrderPhase {
  if (status === 'declined') return 'cancelled';
  if (status === 'unknown') return returned_units < shipped_units ? 'shipped' : 'returned';
  if (units === 0) return cancelled_units === 0 && charges ? 'shipped' : 'cancelled';
  if (shipped_units === 0) return 'open';
  if (shipped_units < units) return 'partly-shipped';
  if (returned_units === 0) return 'shipped';
  return returned_units < shipped_units ? 'partly-returned' : 'returned';
}
