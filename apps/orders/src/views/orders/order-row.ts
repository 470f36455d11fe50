import type { Charge, OfferLine, OrderEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { column, defineTable, orNull, type RowOf } from '#read-models';
import { amendedLines, type Line, newLines, withUnits } from '../../order/lines.js';
import { channelOf } from '../../order/order-id.js';
import { casesAfter, type OrderCases } from './order-cases.js';

/** Orders as they stand. Units and money count what was ordered and not cancelled. */
export const ordersTable = defineTable({
  name: 'orders',
  columns: {
    orderId: column.code('The order'),
    channel: column.code('Where it was bought'),
    externalId: orNull(column.text("The channel's own number; null for our own shop")),
    status: column.oneOf(
      ['unknown', 'submitted', 'declined', 'placed'],
      '`unknown`: units moved under its id, and no channel has sent it',
    ),
    phase: column.oneOf(
      ['open', 'partly-shipped', 'shipped', 'partly-returned', 'returned', 'cancelled'],
      'How far it is, from its units alone',
    ),
    currency: column.text('ISO 4217; XXX while the order is unknown'),
    totalMinor: column.money('Without what was cancelled'),
    chargesMinor: column.money('The part of the total that is no goods'),
    units: column.units('Ordered and not cancelled'),
    cancelledUnits: column.units('Ordered and cancelled'),
    shippedUnits: column.units('Left us'),
    returnedUnits: column.units('Came back'),
    placedAt: column.instant('When it was placed'),
    revision: column.integer('Of the last event that changed the order'),
    lines: column.json<readonly StoredLine[]>('Its lines; a quantity that a line leaves out is 0'),
    charges: orNull(
      column.json<readonly Charge[]>('Shipping and surcharges, and below zero discounts; null without any'),
    ),
    offers: orNull(
      column.json<readonly OfferLine[]>('Goods sold by an offer that leads to no SKU yet; null without any'),
    ),
    cases: orNull(column.json<OrderCases>('What of it waits for a person; null where nothing does')),
  },
  key: ['orderId'],
  indexes: {
    orders_by_age: ['placedAt', 'orderId'],
    orders_by_channel: ['channel', 'placedAt', 'orderId'],
    orders_with_offers: { on: ['orderId'], where: 'offers is not null' },
    orders_with_cases: { on: ['orderId'], where: 'cases is not null' },
  },
});
type StoredOrder = RowOf<typeof ordersTable>;

export type OrderPhase = StoredOrder['phase'];

/** What follows from the lines of an order. */
export type OrderTotals = Pick<
  StoredOrder,
  'units' | 'totalMinor' | 'chargesMinor' | 'cancelledUnits' | 'shippedUnits' | 'returnedUnits'
>;

/** An order as a fold has it: with its lines, and without what follows from them. */
export interface OrderRow extends Omit<Readonly<StoredOrder>, keyof OrderTotals | 'phase' | 'lines'> {
  readonly lines: readonly Line[];
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
      const { externalOrderId: externalId, lines, charges = [], offers = [] } = event.data;
      const before = row ?? begun(event);
      return {
        ...before,
        ...placedOf(event.data),
        externalId,
        status: 'placed',
        lines: row ? amendedLines(row.lines, lines) : newLines(lines),
        charges: nullIfNone(charges),
        offers: nullIfNone(offers),
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
          charges: charges ? nullIfNone(charges) : row.charges,
          offers: offers ? nullIfNone(offers) : row.offers,
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
  orderId,
  channel: channelOf(orderId),
  externalId: null,
  status: 'unknown',
  currency: 'XXX',
  placedAt: metadata.occurredAt,
  revision,
  lines: [],
  charges: null,
  offers: null,
  cases: null,
});

const placedOf = ({ channel, currency, placedAt }: Pick<OrderRow, 'channel' | 'currency' | 'placedAt'>) => ({
  channel,
  currency,
  placedAt,
});

const nullIfNone = <Item>(items: readonly Item[]): readonly Item[] | null => (items.length === 0 ? null : items);

/** A line of which nothing has moved, as most are, is stored without its zeros: less to write, to parse and to keep. */
export type StoredLine = Pick<Line, 'lineId' | 'sku' | 'unitPriceMinor' | 'ordered'> & Partial<Line>;

export const storedLine = (line: Line): StoredLine => {
  const { lineId, sku, unitPriceMinor, ordered, cancelled, shipped } = line;
  return cancelled + shipped + line.returned === 0 ? { lineId, sku, unitPriceMinor, ordered } : line;
};

export const lineFrom = (stored: StoredLine): Line => ({ cancelled: 0, shipped: 0, returned: 0, ...stored });

/** `chargesMinor` of a cancelled order is 0. */
export function totalsOf({ lines, offers, charges }: Pick<OrderRow, 'lines' | 'offers' | 'charges'>): OrderTotals {
  let [units, totalMinor, cancelledUnits, shippedUnits, returnedUnits] = [0, 0, 0, 0, 0];
  for (const { ordered, cancelled, shipped, returned, unitPriceMinor } of lines) {
    units += ordered - cancelled;
    totalMinor += (ordered - cancelled) * unitPriceMinor;
    cancelledUnits += cancelled;
    shippedUnits += shipped;
    returnedUnits += returned;
  }
  for (const offer of offers ?? []) {
    units += offer.units;
    totalMinor += offer.units * offer.unitPriceMinor;
  }
  const isCancelled = units === 0 && cancelledUnits > 0;
  const chargesMinor = isCancelled ? 0 : (charges ?? []).reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  totalMinor += chargesMinor;
  return { units, totalMinor, chargesMinor, cancelledUnits, shippedUnits, returnedUnits };
}

/** How far an order is, from its units alone. What is still to leave goes before what has come back. */
export function phaseOf(
  { status, charges }: Pick<OrderRow, 'status' | 'charges'>,
  { units, cancelledUnits, shippedUnits, returnedUnits }: OrderTotals,
): OrderPhase {
  if (status === 'declined') return 'cancelled';
  if (status === 'unknown') return returnedUnits < shippedUnits ? 'shipped' : 'returned';
  if (units === 0) return cancelledUnits === 0 && charges ? 'shipped' : 'cancelled';
  if (shippedUnits === 0) return 'open';
  if (shippedUnits < units) return 'partly-shipped';
  if (returnedUnits === 0) return 'shipped';
  return returnedUnits < shippedUnits ? 'partly-returned' : 'returned';
}
