import type { StockEvent, UnitsAt } from '#contracts';
import { Rejected } from '#kernel';
import type { ChannelPolicy } from '../supply/channel-terms.js';
import { availableToSell, refuseBeyondAvailable, UNASSIGNED } from './available-to-sell.js';
import { pick, type Source, takeFrom } from './picking.js';
import { type Decision, type Hold, MAX_ENDED_HOLDS, merge, type Stock } from './stock.js';
import {
  availableToFulfil,
  copyOf,
  figuresAfter,
  free,
  type Level,
  levelOf,
  type StockFigures,
  sum,
  unbound,
} from './stock-levels.js';
import type { Allocation } from './taken.js';

export interface LineUnits {
  readonly lineId: string;
  readonly units: number;
}

/** What an order asks for on one line, and the reservation that holds units for it. */
export interface AskedLine extends LineUnits {
  readonly reservationId?: string | undefined;
}

export interface AllocateLines {
  readonly type: 'AllocateLines';
  /** A request may be refused; a fact has happened and opens a shortage where the shelf is empty. */
  readonly as: 'request' | 'fact';
  readonly orderId: string;
  readonly lines: readonly AskedLine[];
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
  /** Where it left; absent: from where it was allocated, as far as that holds the units. */
  readonly locationId?: string | undefined;
  /** Locations that supply the channel: where the units are looked for if they are not where they were allocated. */
  readonly supply?: readonly string[] | undefined;
}

export function allocateRequest(command: AllocateLines, stock: Stock): Decision {
  const { orderId, lines, policy } = command;
  const refused = refusedHold(lines, policy.channel, stock);
  if (refused) return refused;
  const { freed, own } = ownUnits(command, stock);
  if (freed.length === 0) {
    const refusal = refuseBeyondAvailable(sum(lines), stock, policy);
    return refusal ?? allocate('request', orderId, lines, policy, stock.figures, [availableToFulfil]);
  }
  const figures = figuresAfter(stock.figures, freed);
  const { revision } = stock;
  const refusal = refuseBeyondAvailable(
    sum(lines),
    { revision, figures: withOwn(figures, command, own) },
    policy,
    sum(own),
  );
  if (refusal) return refusal;
  return [...freed, ...allocate('request', orderId, lines, policy, figures, [availableToFulfil], own)];
}

/** Binds units for a reservation that had run out, as a request that the order itself has still to make. */
export function allocateAhead(
  reservationId: string,
  orderId: string,
  lines: readonly LineUnits[],
  policy: ChannelPolicy,
  figures: StockFigures,
): StockEvent[] {
  return allocate('request', orderId, lines, policy, figures, [availableToFulfil]).map((event) =>
    event.type === 'StockAllocated' ? { ...event, data: { ...event.data, reservationId } } : event,
  );
}

/** Takes what is free, then what is only held, then books the rest as missing at the first location. */
export function allocateFact(command: AllocateLines, stock: Stock): StockEvent[] {
  const { orderId, lines, policy } = command;
  const { freed, own } = ownUnits(command, stock);
  const figures = figuresAfter(stock.figures, freed);
  return [...freed, ...allocate('fact', orderId, lines, policy, figures, [free, unbound], own)];
}

/** How many units a request could have, those that are kept for it already among them. */
export function availableFor(command: Pick<AllocateLines, 'orderId' | 'lines' | 'policy'>, stock: Stock): number {
  const { freed, own } = ownUnits(command, stock);
  if (freed.length === 0) return availableToSell(stock.figures, command.policy);
  return sum(own) + availableToSell(withOwn(figuresAfter(stock.figures, freed), command, own), command.policy);
}

/** The numbers once the units that are kept for an order are bound to it, as far as it asks for them. */
function withOwn(
  figures: StockFigures,
  { orderId, lines, policy: { channel } }: Pick<AllocateLines, 'orderId' | 'lines' | 'policy'>,
  own: readonly Part[],
): StockFigures {
  const from = unitsAtOf(takeFrom(own, sum(lines)));
  return figuresAfter(figures, [
    { type: 'StockAllocated', data: { orderId, lineId: '', channel, as: 'request', from } },
  ]);
}

/** A reservation that an order names has to be one of its channel and of this SKU. One that has run out binds nothing. */
export function refusedHold(lines: readonly AskedLine[], channel: string, stock: Stock): HoldRefused | undefined {
  for (const { reservationId } of lines) {
    if (reservationId === undefined) continue;
    const reason = whyNotUsable(reservationId, channel, stock);
    if (reason) return new HoldRefused(reason, reservationId);
  }
  return undefined;
}

type WhyNotUsable = NonNullable<Extract<StockEvent, { type: 'StockAllocationDeclined' }>['data']['reason']>;

class HoldRefused extends Rejected {
  constructor(
    readonly reason: WhyNotUsable,
    readonly reservationId: string,
  ) {
    super('conflict', reason, `Reservation ${reservationId} cannot be used for this order: ${HOLD_REFUSALS[reason]}`, {
      reservationId,
    });
  }
}

const HOLD_REFUSALS: Readonly<Record<WhyNotUsable, string>> = {
  'unknown-reservation': 'there is none of that id on this SKU.',
  'reservation-of-another-channel': 'it is of another channel.',
  'reservation-confirmed': 'it was confirmed for another order.',
};

function whyNotUsable(reservationId: string, channel: string, stock: Stock): WhyNotUsable | undefined {
  const reservation = stock.holds.get(reservationId) ?? stock.ended.get(reservationId);
  // Where some that have ended are forgotten, an unknown one may have been one of them.
  if (!reservation) return stock.ended.size < MAX_ENDED_HOLDS ? 'unknown-reservation' : undefined;
  if (reservation.channel !== channel) return 'reservation-of-another-channel';
  return 'end' in reservation && reservation.end === 'confirmed' ? 'reservation-confirmed' : undefined;
}

/**
 * Units that are kept for an order already: bound by a reservation that was confirmed for it, whatever line was named, or
 * held by a reservation it names. They are freed, to be bound to its lines; what it does not ask for stays free.
 */
function ownUnits(
  { orderId, lines, policy: { channel } }: Pick<AllocateLines, 'orderId' | 'lines' | 'policy'>,
  stock: Stock,
): { freed: StockEvent[]; own: Part[] } {
  const bound = boundAhead(orderId, channel, stock);
  const named = new Set(lines.flatMap(({ reservationId = '' }) => stock.holds.get(reservationId) ?? []));
  if (bound.length === 0 && named.size === 0) return NOTHING_KEPT;
  const held = [...named].filter((hold) => hold.channel === channel);
  return {
    freed: [
      ...bound.map(
        ({ orderId: known, lineId, from, beforeQuota }): StockEvent => ({
          type: 'StockAllocationCancelled',
          data: { orderId: known, lineId, channel, from: [...from], ...older(beforeQuota) },
        }),
      ),
      ...held.map(
        ({ reservationId, from, beforeQuota }): StockEvent => ({
          type: 'StockReservationReleased',
          data: { reservationId, channel, from: [...from], orderId, ...older(beforeQuota) },
        }),
      ),
    ],
    own: [...bound, ...held.filter((hold) => !isOvertaken(hold, stock))].flatMap(partsOf),
  };
}

/** Units that a reservation confirmed for an order before the order itself asked for them. */
export function boundAhead(orderId: string, channel: string, stock: Stock): (Allocation & { orderId: string })[] {
  return boundTo(orderId, channel, stock).filter(({ ahead }) => ahead);
}

const NOTHING_KEPT = { freed: [], own: [] };

/** Units at a location, some of them older than the quota of their channel. */
interface Part extends UnitsAt {
  readonly beforeQuota: number;
}

/** The units per location. */
const unitsAtOf = (parts: readonly UnitsAt[]): UnitsAt[] =>
  merge(
    [],
    parts.map(({ locationId, units }) => ({ locationId, units })),
  );

/** What is older than the quota comes first. */
function partsOf({ from, beforeQuota }: Pick<Allocation, 'from' | 'beforeQuota'>): Part[] {
  let left = beforeQuota;
  return from.map((part) => {
    const aged = Math.min(part.units, left);
    left -= aged;
    return { ...part, beforeQuota: aged };
  });
}

/** True when a sale that had happened already took the units of a hold. */
export const isOvertaken = ({ from }: Hold, { figures }: Stock): boolean =>
  from.some(({ locationId, units }) => unbound(levelOf(figures, locationId)) < units);

/** Units bound to an order, by whichever of its ids: its number on the channel, or the id of its stream. */
export function boundTo(orderId: string, channel: string, stock: Stock): (Allocation & { orderId: string })[] {
  if (stock.allocations.size === 0) return [];
  return idsOf(orderId, channel).flatMap((known) =>
    (stock.allocations.get(known) ?? [])
      .filter((line) => line.channel === channel)
      .map((line) => ({ ...line, orderId: known })),
  );
}

function idsOf(orderId: string, channel: string): [string, string] {
  const prefix = `${channel}.`;
  if (!orderId.startsWith(prefix)) return [orderId, prefix + encodeURIComponent(orderId.toWellFormed())];
  try {
    return [orderId, decodeURIComponent(orderId.slice(prefix.length))];
  } catch {
    return [orderId, orderId.slice(prefix.length)];
  }
}

export const older = (beforeQuota: number): { beforeQuota?: number } => (beforeQuota > 0 ? { beforeQuota } : {});

function allocate(
  as: 'request' | 'fact',
  orderId: string,
  lines: readonly LineUnits[],
  { channel, supply }: ChannelPolicy,
  given: StockFigures,
  sources: readonly Source[],
  own: readonly Part[] = [],
): StockEvent[] {
  const events: StockEvent[] = [];
  const kept = own.map((part) => ({ ...part }));
  let figures = given;
  for (const { lineId, units } of lines) {
    const taken = takeKept(kept, units);
    let from = unitsAtOf(taken);
    for (const source of sources) {
      const missing = units - sum(from);
      if (missing > 0) from = merge(from, pick(missing, figuresLess(figures, [...from, ...kept]), supply, source));
    }
    const missing = units - sum(from);
    if (missing > 0) from = merge(from, [{ locationId: supply[0] ?? UNASSIGNED, units: missing }]);
    const beforeQuota = taken.reduce((total, part) => total + part.beforeQuota, 0);
    const data = { orderId, lineId, channel, as, from, ...older(beforeQuota) };
    const event: StockEvent = { type: 'StockAllocated', data };
    events.push(event);
    if (lines.length > 1) figures = figuresAfter(figures, [event]);
  }
  return events;
}

/** Takes units out of what is kept for the order. */
function takeKept(kept: { -readonly [Key in keyof Part]: Part[Key] }[], units: number): Part[] {
  let missing = units;
  return kept.flatMap((part) => {
    const taken = Math.min(part.units, missing);
    if (taken === 0) return [];
    const beforeQuota = Math.min(part.beforeQuota, taken);
    missing -= taken;
    part.units -= taken;
    part.beforeQuota -= beforeQuota;
    return [{ locationId: part.locationId, units: taken, beforeQuota }];
  });
}

export function cancel(orderId: string, lines: readonly LineUnits[], stock: Stock): StockEvent[] {
  return lines.flatMap(({ lineId, units }): StockEvent[] => {
    const allocation = lineOf(orderId, lineId, stock);
    if (!allocation) return [];
    const from = takeFrom(shortestFirst(allocation.from, stock.figures), units);
    if (from.length === 0) return [];
    const data = { orderId, lineId, channel: allocation.channel, from, ...older(agedOf(allocation, sum(from))) };
    return [{ type: 'StockAllocationCancelled', data }];
  });
}

const lineOf = (orderId: string, lineId: string, { allocations }: Stock): Allocation | undefined =>
  allocations.get(orderId)?.find((line) => line.lineId === lineId);

/** Of `units` that a line gives up, those older than the quota: what the line took last, it gives up first. */
const agedOf = ({ from, beforeQuota }: Allocation, units: number): number =>
  Math.max(0, units - (sum(from) - beforeQuota));

/**
 * A parcel has left: the books follow. Units allocated elsewhere, or not at all, are allocated where they left; units
 * the shelf did not hold are found first.
 */
export function ship({ orderId, lines, channel, locationId, supply = [] }: ShipStock, stock: Stock): StockEvent[] {
  const events: StockEvent[] = [];
  for (const { lineId, units } of lines) {
    const allocation = lineOf(orderId, lineId, stock);
    const figures = figuresAfter(stock.figures, events);
    const left = locationId ? [{ locationId, units }] : leavingFrom(units, allocation?.from ?? [], figures, supply);
    events.push(...reallocate(orderId, lineId, allocation?.channel ?? channel, allocation, left));
    for (const part of left) events.push(...leave(orderId, lineId, part, figuresAfter(stock.figures, events)));
  }
  return events;
}

/**
 * Where a parcel left that does not say so: where its units were allocated and stand; then where units of the channel's supply
 * are free; then, if nothing was allocated, where any stand: an order that was cancelled had given its units to others.
 */
export function leavingFrom(
  units: number,
  allocated: readonly UnitsAt[],
  figures: StockFigures,
  supply: readonly string[],
): UnitsAt[] {
  const allocatedAndThere = allocated.map((part) => ({
    ...part,
    units: Math.min(part.units, onShelf(levelOf(figures, part.locationId))),
  }));
  let left = takeFrom(allocatedAndThere, units);
  const sources: readonly Source[] = allocated.length > 0 ? [free] : [free, onShelf];
  for (const source of sources) {
    const missing = units - sum(left);
    if (missing > 0) left = merge(left, pick(missing, figuresLess(figures, left), supply, source));
  }
  const missing = units - sum(left);
  if (missing === 0) return left;
  return merge(left, takeFrom(spareOf(allocated, left, supply), missing));
}

/** Where units are booked that no shelf holds: where they were allocated, else where the channel's goods come from. */
function spareOf(allocated: readonly UnitsAt[], left: readonly UnitsAt[], supply: readonly string[]): UnitsAt[] {
  const spare = less(allocated, left);
  const last = { locationId: allocated[0]?.locationId ?? supply[0] ?? UNASSIGNED, units: Number.MAX_SAFE_INTEGER };
  return [...spare, last];
}

/** What stands there fit for sale, bound to an order or not. */
const onShelf = ({ onHand, unavailable }: Readonly<Level>): number => Math.max(0, onHand - unavailable);

/** The parts of `from` that are not among `taken`. */
const less = (from: readonly UnitsAt[], taken: readonly UnitsAt[]): UnitsAt[] =>
  merge(
    from,
    taken.map(({ locationId, units }) => ({ locationId, units: -units })),
  ).filter(({ units }) => units > 0);

function reallocate(
  orderId: string,
  lineId: string,
  channel: string,
  allocation: Allocation | undefined,
  left: readonly UnitsAt[],
): StockEvent[] {
  const allocated = allocation?.from ?? [];
  const lacking = less(left, allocated);
  if (lacking.length === 0) return [];
  const moved = takeFrom(less(allocated, left), sum(lacking));
  const aged = allocation ? older(agedOf(allocation, sum(moved))) : {};
  const events: StockEvent[] = [
    { type: 'StockAllocated', data: { orderId, lineId, channel, as: 'fact', from: lacking, ...aged } },
  ];
  if (moved.length > 0)
    events.unshift({ type: 'StockAllocationCancelled', data: { orderId, lineId, channel, from: moved, ...aged } });
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
  const copy = copyOf(figures);
  for (const { locationId, units } of from) {
    const level = copy.levels[locationId];
    if (level) level.allocated += units;
  }
  return copy;
}
