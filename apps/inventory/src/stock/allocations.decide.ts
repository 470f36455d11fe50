import type { StockEvent, UnitsAt } from '#contracts';
import { type ChannelPolicy, refuseBeyondAvailable, UNASSIGNED } from './available-to-sell.js';
import { availableToFulfil, figuresAfter, free, levelOf, type StockFigures, sum, unbound } from './figures.js';
import { pick, type Source, takeFrom } from './picking.js';
import { allocationKey, type Decision, merge, type Stock } from './stock.js';

export interface LineUnits {
  readonly lineId: string;
  readonly units: number;
}

export interface AllocateLines {
  readonly type: 'AllocateLines';
  /** A request may be refused; a fact has happened and opens a shortage where the shelf is empty. */
  readonly as: 'request' | 'fact';
  readonly orderId: string;
  readonly lines: readonly LineUnits[];
  readonly policy: ChannelPolicy;
}

export interface CancelAllocation {
  readonly type: 'CancelAllocation';
  readonly orderId: string;
  readonly lines: readonly LineUnits[];
}

export interface ShipStock {
  readonly type: 'ShipStock';
  readonly orderId: string;
  readonly lines: readonly LineUnits[];
  readonly channel: string;
  /** Where it left; absent: from where it was allocated. */
  readonly locationId?: string | undefined;
}

export function allocateRequest({ orderId, lines, policy }: AllocateLines, stock: Stock): Decision {
  const units = lines.reduce((total, line) => total + line.units, 0);
  const refusal = refuseBeyondAvailable(units, stock, policy);
  if (refusal) return refusal;
  return allocate('request', orderId, lines, policy, stock, [(level) => availableToFulfil(level)]);
}

/** Takes what is free, then what is only held, then books the rest as missing at the first location. */
export function allocateFact({ orderId, lines, policy }: AllocateLines, stock: Stock): StockEvent[] {
  return allocate('fact', orderId, lines, policy, stock, [(level) => free(level), (level) => unbound(level)]);
}

function allocate(
  as: 'request' | 'fact',
  orderId: string,
  lines: readonly LineUnits[],
  { channel, supply }: ChannelPolicy,
  stock: Stock,
  sources: readonly Source[],
): StockEvent[] {
  const events: StockEvent[] = [];
  let figures = stock.figures;
  for (const { lineId, units } of lines) {
    let from: UnitsAt[] = [];
    for (const source of sources) {
      const missing = units - sum(from);
      if (missing > 0) from = merge(from, pick(missing, figuresLess(figures, from), supply, source));
    }
    const missing = units - sum(from);
    if (missing > 0) from = merge(from, [{ locationId: supply[0] ?? UNASSIGNED, units: missing }]);
    const event: StockEvent = { type: 'StockAllocated', data: { orderId, lineId, channel, as, from } };
    events.push(event);
    if (lines.length > 1) figures = figuresAfter(figures, [event]);
  }
  return events;
}

export function cancel(orderId: string, lines: readonly LineUnits[], stock: Stock): StockEvent[] {
  return lines.flatMap(({ lineId, units }): StockEvent[] => {
    const allocation = stock.allocations.get(allocationKey(orderId, lineId));
    if (!allocation) return [];
    const from = takeFrom(shortestFirst(allocation.from, stock.figures), units);
    return from.length === 0
      ? []
      : [{ type: 'StockAllocationCancelled', data: { orderId, lineId, channel: allocation.channel, from } }];
  });
}

/**
 * A parcel has left: the books follow. Units allocated elsewhere, or not at all, are allocated where they left; units
 * the shelf did not hold are found first.
 */
export function ship({ orderId, lines, channel, locationId }: ShipStock, stock: Stock): StockEvent[] {
  const events: StockEvent[] = [];
  for (const { lineId, units } of lines) {
    const allocated = stock.allocations.get(allocationKey(orderId, lineId))?.from ?? [];
    const leaving = locationId ? [{ locationId, units }] : takeFrom(allocated, units);
    const missing = units - sum(leaving);
    const left =
      missing > 0 ? merge(leaving, [{ locationId: allocated[0]?.locationId ?? UNASSIGNED, units: missing }]) : leaving;
    events.push(...reallocate(orderId, lineId, channel, allocated, left));
    for (const part of left) events.push(...leave(orderId, lineId, part, figuresAfter(stock.figures, events)));
  }
  return events;
}

function reallocate(
  orderId: string,
  lineId: string,
  channel: string,
  allocated: readonly UnitsAt[],
  left: readonly UnitsAt[],
): StockEvent[] {
  const lacking = left.flatMap(({ locationId, units }) => {
    const there = allocated.find((part) => part.locationId === locationId)?.units ?? 0;
    return units > there ? [{ locationId, units: units - there }] : [];
  });
  if (lacking.length === 0) return [];
  const spare = merge(
    allocated,
    left.map(({ locationId, units }) => ({ locationId, units: -units })),
  ).filter(({ units }) => units > 0);
  const moved = takeFrom(spare, sum(lacking));
  const events: StockEvent[] = [
    { type: 'StockAllocated', data: { orderId, lineId, channel, as: 'fact', from: lacking } },
  ];
  if (moved.length > 0)
    events.unshift({ type: 'StockAllocationCancelled', data: { orderId, lineId, channel, from: moved } });
  return events;
}

function leave(orderId: string, lineId: string, { locationId, units }: UnitsAt, figures: StockFigures): StockEvent[] {
  const level = levelOf(figures, locationId);
  const found = units - (level.onHand - level.unavailable);
  const shipped: StockEvent = { type: 'StockShipped', data: { orderId, lineId, locationId, units } };
  if (found <= 0) return [shipped];
  const reason = 'shipped more than was on the books';
  return [{ type: 'StockAdjusted', data: { locationId, onHand: found, unavailable: 0, reason } }, shipped];
}

/** Where a line's units are short comes first: cancelling there makes the shortage smaller. */
const shortestFirst = (from: readonly UnitsAt[], figures: StockFigures): UnitsAt[] =>
  from.toSorted((a, b) => unbound(levelOf(figures, a.locationId)) - unbound(levelOf(figures, b.locationId)));

/** The numbers as if `from` were bound already. */
function figuresLess(figures: StockFigures, from: readonly UnitsAt[]): StockFigures {
  if (from.length === 0) return figures;
  const copy = figuresAfter(figures, []);
  for (const { locationId, units } of from) {
    const level = copy.levels[locationId];
    if (level) level.allocated += units;
  }
  return copy;
}
