import TinyQueue from 'tinyqueue';
import { type StockEvent, stockEvents, typesOf, type UnitsAt } from '#contracts';
import type { Rejected } from '#kernel';
import { addToFigures, emptyFigures, type StockFigures, sum } from './stock-levels.js';
import { type Allocation, sharedLines, sharedTaken, type Taken } from './taken.js';

/** One SKU at all its locations: one consistency boundary, one revision. */
export interface Stock {
  /** Of the last event; -1 before the first. Events count from 0, as in the stream. */
  revision: number;
  readonly figures: StockFigures;
  /** Open reservations. */
  readonly holds: Map<string, Hold>;
  /** Open and some closed holds by due time: what is not in `holds` any more is passed over. */
  readonly due: TinyQueue<Hold>;
  /** The last reservations that ended, so that a repeat or a late confirm learns what became of them. */
  readonly ended: Map<string, EndedHold>;
  /** Units bound per order, by the id the order was given with. */
  readonly allocations: Map<string, readonly Allocation[]>;
  /** The last physical movements, oldest first, for counts that are as of an earlier revision. */
  readonly movements: { readonly revision: number; readonly locationId: string; readonly units: number }[];
  /** Up to which revision movements are forgotten. */
  forgottenUpTo: number;
  /** Per location: the revision its last count was as of. */
  readonly countedAsOf: Record<string, number>;
  /** What came back under the last ids of returns that belong to no order, so that a repeat and a mistake differ. */
  returns?: Map<string, readonly string[]>;
  /** Units received under the last references, by {@link receiptKey}. */
  receipts?: Map<string, number>;
}

export interface Hold extends Taken {
  readonly reservationId: string;
  readonly dueAtMs: number;
}

export interface EndedHold {
  readonly channel: string;
  readonly units: number;
  readonly end: 'confirmed' | 'released' | 'expired';
}

/** What a command comes to: its events, none for a repeat, or why it is refused. */
export type Decision = readonly StockEvent[] | Rejected;

export const stockEventTypes = typesOf(stockEvents);
export const MAX_ENDED_HOLDS = 1_000;
export const MAX_MOVEMENTS = 1_000;
/** Returns, and references of receipts, that are remembered. */
const MAX_DOCUMENTS = 1_000;

export const initialStock = (): Stock => ({
  revision: -1,
  figures: emptyFigures(),
  holds: new Map(),
  due: dueQueue([]),
  ended: new Map(),
  allocations: new Map(),
  movements: [],
  forgottenUpTo: -1,
  countedAsOf: {},
});

/** Adds one event, in place: the command runner owns the state. */
export function evolve(stock: Stock, event: StockEvent): Stock {
  stock.revision += 1;
  if (event.type === 'ChannelRuleSet') beginQuota(stock, event.data);
  addToFigures(stock.figures, event);
  switch (event.type) {
    case 'StockReserved': {
      const { reservationId, channel, from, dueAt } = event.data;
      const hold = { reservationId, ...sharedTaken(channel, from, 0), dueAtMs: Date.parse(dueAt) };
      stock.holds.set(reservationId, hold);
      stock.due.push(hold);
      break;
    }
    case 'StockReservationConfirmed': {
      const hold = endHold(stock, event.data.reservationId, 'confirmed');
      bind(stock, { ...event.data, beforeQuota: hold?.beforeQuota, ahead: true });
      break;
    }
    case 'StockReservationReleased':
      endHold(stock, event.data.reservationId, event.data.orderId === undefined ? 'released' : 'confirmed');
      break;
    case 'StockReservationExpired':
      endHold(stock, event.data.reservationId, 'expired');
      break;
    case 'StockAllocated':
      bind(stock, { ...event.data, ahead: event.data.reservationId !== undefined });
      break;
    case 'StockAllocationCancelled':
      unbind(stock, event.data, event.data.from, event.data.beforeQuota ?? 0);
      break;
    case 'StockShipped':
      unbind(stock, event.data, [event.data], event.data.units);
      remember(stock, event.data.locationId, -event.data.units);
      break;
    case 'StockReceived':
      remember(stock, event.data.locationId, event.data.units);
      if (event.data.reference !== undefined) {
        stock.receipts ??= new Map();
        const key = receiptKey(event.data);
        keep(stock.receipts, key, (stock.receipts.get(key) ?? 0) + event.data.units);
      }
      break;
    case 'StockReturned':
      remember(stock, event.data.locationId, event.data.units);
      if (event.data.orderId === undefined) {
        stock.returns ??= new Map();
        const { returnId } = event.data;
        keep(stock.returns, returnId, [...(stock.returns.get(returnId) ?? []), returnedContent(event.data)]);
      }
      break;
    case 'StockAdjusted':
      remember(stock, event.data.locationId, event.data.onHand);
      break;
    case 'StockTransferred':
      if (event.data.onHand !== 0) remember(stock, event.data.locationId, event.data.onHand);
      break;
    case 'StockCounted':
      stock.countedAsOf[event.data.locationId] = event.data.asOfRevision;
      break;
    case 'StockAllocationDeclined':
    case 'SafetyStockSet':
    case 'ChannelRuleSet':
    case 'ShortageOpened':
    case 'ShortageChanged':
    case 'ShortageResolved':
      break;
    default:
      event satisfies never;
  }
  return stock;
}

/** Sooner due comes first. */
export const dueQueue = (holds: Hold[]) => new TinyQueue(holds, (a, b) => a.dueAtMs - b.dueAtMs);

function endHold(stock: Stock, reservationId: string, end: EndedHold['end']): Hold | undefined {
  const hold = stock.holds.get(reservationId);
  if (!hold) return undefined;
  stock.holds.delete(reservationId);
  for (let next = stock.due.peek(); next && !stock.holds.has(next.reservationId); next = stock.due.peek())
    stock.due.pop();
  stock.ended.set(reservationId, { channel: hold.channel, units: sum(hold.from), end });
  if (stock.ended.size > MAX_ENDED_HOLDS) stock.ended.delete(firstKeyOf(stock.ended));
  return hold;
}

function bind(
  stock: Stock,
  line: {
    orderId: string;
    lineId: string;
    channel: string;
    from: readonly UnitsAt[];
    beforeQuota?: number | undefined;
    ahead: boolean;
  },
): void {
  const { orderId, lineId, channel, from, beforeQuota = 0, ahead } = line;
  const bound = stock.allocations.get(orderId) ?? [];
  const before = bound.find((each) => each.lineId === lineId && each.channel === channel);
  const taken = before
    ? sharedTaken(channel, merge(before.from, from), before.beforeQuota + beforeQuota)
    : sharedTaken(channel, from, beforeQuota);
  const next = { lineId, ahead: ahead && (before?.ahead ?? true), ...taken };
  const lines = before ? bound.map((each) => (each === before ? next : each)) : [...bound, next];
  stock.allocations.set(orderId, sharedLines(lines));
}

/** Takes units from a line, `beforeQuota` of them older than the quota as far as there are any. */
function unbind(
  stock: Stock,
  { orderId, lineId, channel }: { orderId: string; lineId: string; channel?: string },
  from: readonly UnitsAt[],
  beforeQuota: number,
): void {
  const bound = stock.allocations.get(orderId) ?? [];
  const before = bound.find(
    (each) => each.lineId === lineId && (channel === undefined ? holdsOneOf(each, from) : each.channel === channel),
  );
  if (!before) return;
  const left = merge(
    before.from,
    from.map(({ locationId, units }) => ({ locationId, units: -units })),
  );
  const next = { ...before, ...sharedTaken(before.channel, left, Math.max(0, before.beforeQuota - beforeQuota)) };
  const lines = bound.flatMap((each) => (each !== before ? [each] : left.length > 0 ? [next] : []));
  if (lines.length === 0) stock.allocations.delete(orderId);
  else stock.allocations.set(orderId, sharedLines(lines));
}

const holdsOneOf = (line: Allocation, from: readonly UnitsAt[]): boolean =>
  line.from.some(({ locationId }) => locationId === from[0]?.locationId);

/** A new quota is used by what its channel takes from now on. Rare, so all it has taken until now is gone through. */
function beginQuota(stock: Stock, { channel, quota }: { channel: string; quota?: number | undefined }): void {
  if (quota === undefined || quota === stock.figures.rules[channel]?.quota) return;
  const aged = <Part extends Taken>(part: Part): Part =>
    part.channel === channel ? { ...part, ...sharedTaken(channel, part.from, sum(part.from)) } : part;
  for (const [reservationId, hold] of stock.holds) stock.holds.set(reservationId, aged(hold));
  for (const [orderId, lines] of stock.allocations) stock.allocations.set(orderId, sharedLines(lines.map(aged)));
}

/** Adds units per location; a location that comes to zero drops out. */
export function merge(a: readonly UnitsAt[], b: readonly UnitsAt[]): UnitsAt[] {
  if (a.length === 0 && b.length < 2) return [...b];
  const units = new Map(a.map((part) => [part.locationId, part.units]));
  for (const part of b) units.set(part.locationId, (units.get(part.locationId) ?? 0) + part.units);
  return [...units].filter(([, total]) => total !== 0).map(([locationId, total]) => ({ locationId, units: total }));
}

function remember(stock: Stock, locationId: string, units: number): void {
  stock.movements.push({ revision: stock.revision, locationId, units });
  if (stock.movements.length <= MAX_MOVEMENTS) return;
  stock.forgottenUpTo = stock.movements.shift()?.revision ?? stock.forgottenUpTo;
}

/** Remembers the newest {@link MAX_DOCUMENTS}. */
function keep<Value>(known: Map<string, Value>, key: string, value: Value): void {
  known.delete(key);
  known.set(key, value);
  if (known.size > MAX_DOCUMENTS) known.delete(firstKeyOf(known));
}

/** A location is a slug, so the first slash ends it. */
export const receiptKey = ({ locationId, reference }: { locationId: string; reference?: string | undefined }): string =>
  `${locationId}/${reference}`;

export const returnedContent = (part: { locationId: string; units: number; condition: string }): string =>
  `${part.units} to ${part.locationId}, ${part.condition}`;

const firstKeyOf = (map: ReadonlyMap<string, unknown>): string => map.keys().next().value ?? '';
