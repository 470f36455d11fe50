import type { StockEvent, UnitsAt } from '#contracts';

/** One SKU at one location, in units. */
export interface Level {
  onHand: number;
  /** Of what is on hand: damaged or in inspection. */
  unavailable: number;
  allocated: number;
  reserved: number;
  safety: number;
  /** Units of the open shortage, as last recorded. */
  shortage: number;
  /**
   * On their way here, and nobody's to sell: absent where nothing ever was. Below zero where more arrived than was dispatched, until
   * that is settled.
   */
  inTransit?: number;
}

/** What one channel may show of one SKU, where it differs from the channel's default. */
export interface ChannelRule {
  readonly buffer?: number | undefined;
  readonly cap?: number | undefined;
  readonly sharePercent?: number | undefined;
  readonly quota?: number | undefined;
  readonly restriction?: string | undefined;
}

/** The numbers of one SKU: folds of its events, never counters of their own. Plain JSON. */
export interface StockFigures {
  levels: Record<string, Level>;
  rules: Record<string, ChannelRule>;
  /** Units each channel has taken since its quota was set. */
  quotaUsed: Record<string, number>;
  /** Per location with a shortage: whose orders wait for the missing units, the oldest first. They add up to the shortage. */
  waiting: Record<string, Waiting[]>;
}

export interface Waiting {
  /** Absent where the shelf shrank under orders of no matter whom. */
  readonly channel?: string | undefined;
  units: number;
}

export const emptyFigures = (): StockFigures => ({ levels: {}, rules: {}, quotaUsed: {}, waiting: {} });

/** Adds one event to the numbers, in place. The aggregate and the stock view fold with this one function. */
export function addToFigures(figures: StockFigures, event: StockEvent): StockFigures {
  switch (event.type) {
    case 'StockReceived':
      levelAt(figures, event.data.locationId).onHand += event.data.units;
      settle(figures, event.data.locationId);
      break;
    case 'StockReserved':
      for (const { locationId, units } of event.data.from) levelAt(figures, locationId).reserved += units;
      useQuota(figures, event.data.channel, sum(event.data.from));
      break;
    case 'StockReservationConfirmed':
      for (const { locationId, units } of event.data.from) {
        levelAt(figures, locationId).reserved -= units;
        levelAt(figures, locationId).allocated += units;
        settle(figures, locationId, event.data.channel);
      }
      break;
    case 'StockReservationReleased':
    case 'StockReservationExpired':
      for (const { locationId, units } of event.data.from) levelAt(figures, locationId).reserved -= units;
      useQuota(figures, event.data.channel, -unitsOfQuota(event.data));
      break;
    case 'StockAllocated':
      for (const { locationId, units } of event.data.from) {
        levelAt(figures, locationId).allocated += units;
        settle(figures, locationId, event.data.channel);
      }
      useQuota(figures, event.data.channel, unitsOfQuota(event.data));
      break;
    case 'StockAllocationCancelled':
      for (const { locationId, units } of event.data.from) {
        levelAt(figures, locationId).allocated -= units;
        settle(figures, locationId, event.data.channel);
      }
      useQuota(figures, event.data.channel, -unitsOfQuota(event.data));
      break;
    case 'StockShipped':
      levelAt(figures, event.data.locationId).onHand -= event.data.units;
      levelAt(figures, event.data.locationId).allocated -= event.data.units;
      settle(figures, event.data.locationId);
      break;
    case 'StockReturned':
      levelAt(figures, event.data.locationId).onHand += event.data.units;
      if (event.data.condition !== 'available') levelAt(figures, event.data.locationId).unavailable += event.data.units;
      settle(figures, event.data.locationId);
      break;
    case 'StockAdjusted':
      levelAt(figures, event.data.locationId).onHand += event.data.onHand;
      levelAt(figures, event.data.locationId).unavailable += event.data.unavailable;
      settle(figures, event.data.locationId);
      break;
    case 'StockCounted': {
      const level = levelAt(figures, event.data.locationId);
      level.onHand = event.data.onHand;
      level.unavailable = Math.min(level.unavailable, level.onHand);
      settle(figures, event.data.locationId);
      break;
    }
    case 'StockTransferred': {
      const level = levelAt(figures, event.data.locationId);
      level.onHand += event.data.onHand;
      if (event.data.inTransit !== 0) level.inTransit = (level.inTransit ?? 0) + event.data.inTransit;
      settle(figures, event.data.locationId);
      break;
    }
    case 'SafetyStockSet':
      levelAt(figures, event.data.locationId).safety = event.data.units;
      break;
    case 'ChannelRuleSet': {
      const { channel, ...rule } = event.data;
      if (rule.quota !== figures.rules[channel]?.quota) delete figures.quotaUsed[channel];
      figures.rules[channel] = rule;
      break;
    }
    case 'ShortageOpened':
    case 'ShortageChanged':
      levelAt(figures, event.data.locationId).shortage = event.data.units;
      break;
    case 'ShortageResolved':
      levelAt(figures, event.data.locationId).shortage = 0;
      break;
    case 'StockAllocationDeclined':
      break;
    default:
      event satisfies never;
  }
  return figures;
}

/** The numbers as they would be after some events; the given ones stay as they are. */
export const figuresAfter = (figures: StockFigures, events: readonly StockEvent[]): Readonly<StockFigures> =>
  events.length === 0 ? figures : events.reduce(addToFigures, copyOf(figures));

export function copyOf(figures: StockFigures): StockFigures {
  const { rules, quotaUsed } = figures;
  const copy: StockFigures = { levels: {}, rules: { ...rules }, quotaUsed: { ...quotaUsed }, waiting: {} };
  for (const [locationId, level] of Object.entries(figures.levels)) copy.levels[locationId] = { ...level };
  for (const [locationId, waiting] of Object.entries(figures.waiting))
    copy.waiting[locationId] = waiting.map((each) => ({ ...each }));
  return copy;
}

/** Units fit for sale that no order is bound to; holds may stand on them. Below zero: a shortage. */
export const unbound = (level: Level): number => level.onHand - level.unavailable - level.allocated;

/** Units without a claim on them. */
export const free = (level: Level): number => unbound(level) - level.reserved;

/** Units of a location that requests may take. */
export function availableToFulfil(level: Level): number {
  return Math.max(0, free(level) - level.safety);
}

/** Units a location has bound and does not hold. */
export const shortageOf = (level: Level): number => Math.max(0, -unbound(level));

const NOTHING: Readonly<Level> = { onHand: 0, unavailable: 0, allocated: 0, reserved: 0, safety: 0, shortage: 0 };

/** The level of a location that may never have held the SKU; not to be changed. */
export const levelOf = (figures: StockFigures, locationId: string): Readonly<Level> =>
  figures.levels[locationId] ?? NOTHING;

export const sum = (from: readonly { readonly units: number }[]): number =>
  from.reduce((total, { units }) => total + units, 0);

/** The level of a location, to be changed. */
export function levelAt(figures: StockFigures, locationId: string): Level {
  figures.levels[locationId] ??= { ...NOTHING };
  return figures.levels[locationId];
}

/**
 * Keeps whose units are missing in step with the shortage: a channel adds its own and takes its own back first; else the
 * oldest get theirs first.
 */
function settle(figures: StockFigures, locationId: string, channel?: string): void {
  const missing = shortageOf(levelAt(figures, locationId));
  const waiting = figures.waiting[locationId] ?? [];
  if (missing === 0) {
    if (waiting.length > 0) delete figures.waiting[locationId];
    return;
  }
  const grown = missing - sum(waiting);
  const own = waiting.filter((each) => each.channel === channel);
  if (grown < 0) serve(waiting, serve(own, -grown));
  const queue: Waiting[] = [];
  for (const each of waiting) join(queue, each.channel, each.units);
  join(queue, channel, Math.max(0, grown));
  figures.waiting[locationId] = queue;
}

/** Answers what is left over. */
function serve(waiting: readonly Waiting[], units: number): number {
  let left = units;
  for (const each of waiting) {
    const served = Math.min(each.units, left);
    each.units -= served;
    left -= served;
  }
  return left;
}

function join(queue: Waiting[], channel: string | undefined, units: number): void {
  const last = queue.at(-1);
  if (units === 0) return;
  if (last && last.channel === channel) last.units += units;
  else queue.push(channel === undefined ? { units } : { channel, units });
}

/** Units that count against the quota of their channel: those taken since it was set. */
export function unitsOfQuota({
  from,
  beforeQuota = 0,
}: {
  readonly from: readonly UnitsAt[];
  readonly beforeQuota?: number | undefined;
}): number {
  return sum(from) - beforeQuota;
}

function useQuota(figures: StockFigures, channel: string, units: number): void {
  if (figures.rules[channel]?.quota === undefined) return;
  figures.quotaUsed[channel] = Math.max(0, (figures.quotaUsed[channel] ?? 0) + units);
}
