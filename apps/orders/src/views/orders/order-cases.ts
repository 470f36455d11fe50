import type { OrderEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { excessUnits, keyOf, type Line, type LineUnits, openUnits, unshippedReturns } from '../../order/lines.js';

/** What may be the matter with one order: the kinds of exception that its own events open and close. */
export type OrderCase =
  | 'currency-changed'
  | 'order-reopened'
  | 'parcel-of-cancelled-order'
  | 'parcel-beyond-order'
  | 'return-without-parcel'
  | 'movement-of-unknown-order';

/** By kind: since when, and a sentence with the numbers. */
export type OrderCases = Partial<Record<OrderCase, Case>>;

interface Case {
  readonly since: string;
  readonly detail: string;
  /** Of a parcel: units that the channel took out of the order after they had left, as far as they did not come back. */
  readonly leftAnyway?: readonly LineUnits[];
}

/** An order as far as its cases follow from it. */
interface Cased {
  readonly status: 'unknown' | 'submitted' | 'declined' | 'placed';
  readonly currency: string;
  readonly lines: readonly Line[];
  readonly cases: OrderCases | null;
}

/** What of an order waits for a person after an event; null where nothing does. */
export function casesAfter(row: Cased, event: RecordedEvent<OrderEvent>): OrderCases | null {
  const left = leftAnywayAfter(row, event);
  const details = { ...ofMoney(row, event), ...ofReopening(row, event), ...ofMovements(row, unitsOf(left)) };
  const open = Object.entries(details) as [OrderCase, string][];
  if (open.length === 0) return null;
  return Object.fromEntries(
    open.map(([kind, detail]) => [
      kind,
      {
        since: row.cases?.[kind]?.since ?? event.recordedAt,
        detail,
        ...(kind === 'parcel-of-cancelled-order' && left.length > 0 && { leftAnyway: left }),
      },
    ]),
  );
}

function leftAnywayAfter({ cases }: Cased, { type, data }: RecordedEvent<OrderEvent>): readonly LineUnits[] {
  if (type === 'SaleAmended') return data.leftAnyway ?? [];
  const before = cases?.['parcel-of-cancelled-order']?.leftAnyway ?? [];
  if (type !== 'OrderLinesReturned' || before.length === 0) return before;
  const back = new Map(data.lines.map((line) => [keyOf(line), line.units]));
  return before
    .map((line) => ({ ...line, units: line.units - (back.get(keyOf(line)) ?? 0) }))
    .filter(({ units }) => units > 0);
}

type Details = Partial<Record<OrderCase, string>>;

/** Until the channel says the order again in its own currency. */
function ofMoney({ cases, currency }: Cased, { type, data }: RecordedEvent<OrderEvent>): Details {
  if (type === 'SaleAmended') {
    const { otherCurrency, externalRevision } = data;
    return otherCurrency === undefined
      ? {}
      : {
          'currency-changed': `Revision ${externalRevision} is in ${otherCurrency}, the order in ${currency}: its units hold, its prices do not.`,
        };
  }
  const before = cases?.['currency-changed'];
  return before ? { 'currency-changed': before.detail } : {};
}

/** As long as units of it are to leave. */
function ofReopening({ cases, lines }: Cased, { type, data }: RecordedEvent<OrderEvent>): Details {
  const open = sumOf(lines, openUnits);
  const again = type === 'SaleAmended' && data.reopened !== undefined;
  if (open === 0 || (!again && !cases?.['order-reopened'])) return {};
  return { 'order-reopened': `The channel took back its cancellation; ${unitsIn(open)} are to leave.` };
}

function ofMovements({ status, lines }: Cased, leftAnyway: number): Details {
  if (status === 'unknown') {
    const [left, back] = [sumOf(lines, ({ shipped }) => shipped), sumOf(lines, ({ returned }) => returned)];
    return {
      'movement-of-unknown-order': `${unitsIn(left)} left and ${unitsIn(back)} came back for an order that no channel has sent.`,
    };
  }
  const held = status === 'declined' ? lines.map((line) => ({ ...line, cancelled: line.ordered })) : lines;
  const cancelled = sumOf(held.filter(hasCancelled), excessUnits) + leftAnyway;
  const surplus = sumOf(
    held.filter((line) => !hasCancelled(line)),
    excessUnits,
  );
  const unshipped = sumOf(held, unshippedReturns);
  return {
    ...(cancelled > 0 && { 'parcel-of-cancelled-order': `${unitsIn(cancelled)} left although they were cancelled.` }),
    ...(surplus > 0 && { 'parcel-beyond-order': `${unitsIn(surplus)} left that were not ordered.` }),
    ...(unshipped > 0 && { 'return-without-parcel': `${unitsIn(unshipped)} came back of which no parcel is known.` }),
  };
}

const hasCancelled = ({ cancelled }: Line): boolean => cancelled > 0;

const unitsOf = (lines: readonly LineUnits[]): number => lines.reduce((sum, { units }) => sum + units, 0);

const sumOf = (lines: readonly Line[], units: (line: Line) => number): number =>
  lines.reduce((sum, line) => sum + units(line), 0);

const unitsIn = (units: number): string => (units === 1 ? '1 unit' : `${units} units`);
