import TinyQueue from 'tinyqueue';
import { type StockEvent, stockEvents, typesOf, type UnitsAt } from '#contracts';
import type { Rejected } from '#kernel';
import { addToFigures, emptyFigures, type StockFigures } from './figures.js';

/** One SKU at all its locations: one consistency boundary, one revision. */
export interface Stock {
  /** Of the last event; -1 before the first. Events count from 0, as in the stream. */
  revision: number;
  readonly figures: StockFigures;
  /** Open reservations. */
  readonly holds: Map<string, Hold>;
  /** Open and some closed holds by due time: what is not in `holds` any more is passed over. */
  readonly due: TinyQueue<Hold>;
  /** The last reservations that ended, so that a repeat or a late confirm is told what became of them. */
  readonly ended: Map<string, EndedHold>;
  /** Units bound per order line, by {@link allocationKey}. */
  readonly allocations: Map<string, Allocation>;
  /** The last physical movements, oldest first, for counts that are as of an earlier revision. */
  readonly movements: { readonly revision: number; readonly locationId: string; readonly units: number }[];
  /** Up to which revision movements are forgotten. */
  forgottenUpTo: number;
  /** Per location: the revision its last count was as of. */
  readonly countedAsOf: Record<string, number>;
}

export interface Hold {
  readonly reservationId: string;
  readonly channel: string;
  readonly from: readonly UnitsAt[];
  readonly dueAtMs: number;
}

export interface EndedHold {
  readonly channel: string;
  readonly units: number;
  readonly end: 'confirmed' | 'released' | 'expired';
}

export interface Allocation {
  readonly channel: string;
  readonly from: readonly UnitsAt[];
}

/** What a command comes to: its events, none for a repeat, or why it is refused. */
export type Decision = readonly StockEvent[] | Rejected;

export const stockEventTypes = typesOf(stockEvents);
export const MAX_ENDED_HOLDS = 1_000;
export const MAX_MOVEMENTS = 1_000;

/**
 * Both ids are free text: the length keeps "a/b" + "c" and "a" + "b/c" apart. Joined, because a template makes a tree of
 * four strings that lives as long as the key, and there is a key for every open order line.
 */
export const allocationKey = (orderId: string, lineId: string): string => [orderId.length, orderId, lineId].join('/');

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
  addToFigures(stock.figures, event);
  switch (event.type) {
    case 'StockReserved': {
      const { reservationId, channel, from, dueAt } = event.data;
      const { from: places } = sharedAllocation(channel, from);
      const hold = { reservationId, channel, from: places, dueAtMs: Date.parse(dueAt) };
      stock.holds.set(reservationId, hold);
      stock.due.push(hold);
      break;
    }
    case 'StockReservationConfirmed':
      endHold(stock, event.data.reservationId, 'confirmed');
      bind(stock, event.data);
      break;
    case 'StockReservationReleased':
      endHold(stock, event.data.reservationId, 'released');
      break;
    case 'StockReservationExpired':
      endHold(stock, event.data.reservationId, 'expired');
      break;
    case 'StockAllocated':
      bind(stock, event.data);
      break;
    case 'StockAllocationCancelled':
      unbind(stock, event.data, event.data.from);
      break;
    case 'StockShipped':
      unbind(stock, event.data, [event.data]);
      remember(stock, event.data.locationId, -event.data.units);
      break;
    case 'StockReceived':
    case 'StockReturned':
      remember(stock, event.data.locationId, event.data.units);
      break;
    case 'StockAdjusted':
      remember(stock, event.data.locationId, event.data.onHand);
      break;
    case 'StockCounted':
      stock.countedAsOf[event.data.locationId] = event.data.asOfRevision;
      break;
    default:
  }
  return stock;
}

/**
 * Snapshot format of a stock. Raise the version with any change to {@link Stock} or to the meaning of an event. A stock may
 * have a hundred thousand holds and allocations, almost all of a few kinds: each names its kind, which is written once.
 */
export const stockSnapshot = {
  version: 5,
  everyEvents: 1_000,
  size: ({ holds, allocations }: Stock): number => holds.size + allocations.size,
  write: (stock: Stock): unknown => {
    const kinds = new Kinds();
    return {
      ...structuredClone({ ...stock, due: undefined, holds: undefined, ended: undefined, allocations: undefined }),
      holds: Array.from(stock.holds.values(), (hold) => [hold.reservationId, hold.dueAtMs, kinds.indexOf(hold)]),
      ended: [...stock.ended],
      allocations: Array.from(stock.allocations, ([key, allocation]) => [key, kinds.indexOf(allocation)]),
      kinds: kinds.all,
    };
  },
  read: (json: unknown): Stock => {
    const { kinds, ...stored } = json as Stored;
    const shared = kinds.map(({ channel, from }) => sharedAllocation(channel, from));
    const kindAt = (index: number) => shared[index] as Allocation;
    const holds = stored.holds.map(([reservationId, dueAtMs, kind]) => ({ reservationId, ...kindAt(kind), dueAtMs }));
    return {
      ...stored,
      holds: new Map(holds.map((hold) => [hold.reservationId, hold])),
      due: dueQueue([...holds]),
      ended: new Map(stored.ended),
      allocations: new Map(stored.allocations.map(([key, kind]) => [key, kindAt(kind)])),
    };
  },
};

type Stored = Omit<Stock, 'holds' | 'due' | 'ended' | 'allocations'> & {
  holds: [reservationId: string, dueAtMs: number, kind: number][];
  ended: [string, EndedHold][];
  allocations: [key: string, kind: number][];
  kinds: Allocation[];
};

/** The different channels and places of holds and allocations, told apart by the list of places they share. */
class Kinds {
  readonly all: Allocation[] = [];
  readonly #indexes = new Map<readonly UnitsAt[], number>();

  indexOf({ channel, from }: Allocation): number {
    const known = this.#indexes.get(from);
    if (known !== undefined) return known;
    this.#indexes.set(from, this.all.length);
    return this.all.push({ channel, from }) - 1;
  }
}

const dueQueue = (holds: Hold[]) => new TinyQueue(holds, (a, b) => a.dueAtMs - b.dueAtMs);

function endHold(stock: Stock, reservationId: string, end: EndedHold['end']): void {
  const hold = stock.holds.get(reservationId);
  if (!hold) return;
  stock.holds.delete(reservationId);
  for (let next = stock.due.peek(); next && !stock.holds.has(next.reservationId); next = stock.due.peek())
    stock.due.pop();
  const units = hold.from.reduce((total, part) => total + part.units, 0);
  stock.ended.set(reservationId, { channel: hold.channel, units, end });
  if (stock.ended.size > MAX_ENDED_HOLDS) stock.ended.delete(firstKeyOf(stock.ended));
}

function bind(
  stock: Stock,
  line: { orderId: string; lineId: string; channel: string; from: readonly UnitsAt[] },
): void {
  const key = allocationKey(line.orderId, line.lineId);
  const bound = stock.allocations.get(key)?.from ?? [];
  stock.allocations.set(key, sharedAllocation(line.channel, merge(bound, line.from)));
}

function unbind(stock: Stock, line: { orderId: string; lineId: string }, from: readonly UnitsAt[]): void {
  const key = allocationKey(line.orderId, line.lineId);
  const allocation = stock.allocations.get(key);
  if (!allocation) return;
  const left = merge(
    allocation.from,
    from.map(({ locationId, units }) => ({ locationId, units: -units })),
  );
  if (left.length === 0) stock.allocations.delete(key);
  else stock.allocations.set(key, sharedAllocation(allocation.channel, left));
}

/**
 * Almost every hold and open order line is a few units from one place, and there are hundreds of thousands of them in memory:
 * equal ones share one object, which nobody changes.
 */
function sharedAllocation(channel: string, from: readonly UnitsAt[]): Allocation {
  const [only] = from;
  if (!only || from.length > 1) return { channel, from };
  const key = `${channel}/${only.locationId}/${only.units}`;
  const shared = SHARED_ALLOCATIONS.get(key) ?? { channel, from: [{ ...only }] };
  if (SHARED_ALLOCATIONS.size < MAX_SHARED_ALLOCATIONS) SHARED_ALLOCATIONS.set(key, shared);
  return shared;
}

const SHARED_ALLOCATIONS = new Map<string, Allocation>();
const MAX_SHARED_ALLOCATIONS = 10_000;

/** Adds units per location; a location that comes to zero drops out. */
export function merge(a: readonly UnitsAt[], b: readonly UnitsAt[]): UnitsAt[] {
  if (a.length === 0) return [...b];
  const units = new Map(a.map((part) => [part.locationId, part.units]));
  for (const part of b) units.set(part.locationId, (units.get(part.locationId) ?? 0) + part.units);
  return [...units].filter(([, total]) => total !== 0).map(([locationId, total]) => ({ locationId, units: total }));
}

function remember(stock: Stock, locationId: string, units: number): void {
  stock.movements.push({ revision: stock.revision, locationId, units });
  if (stock.movements.length <= MAX_MOVEMENTS) return;
  stock.forgottenUpTo = stock.movements.shift()?.revision ?? stock.forgottenUpTo;
}

const firstKeyOf = (map: ReadonlyMap<string, unknown>): string => map.keys().next().value ?? '';
