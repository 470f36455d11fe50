import type { UnitsAt } from '#contracts';

/** Units a channel has taken. */
export interface Taken {
  readonly channel: string;
  readonly from: readonly UnitsAt[];
  /** Of them, units that were taken before the channel's present quota was set: they do not use it. */
  readonly beforeQuota: number;
}

/** Units bound to one line of an order. */
export interface Allocation extends Taken {
  readonly lineId: string;
  /** Bound by a reservation, ahead of the order itself: what the order asks for is found here. */
  readonly ahead: boolean;
}

/**
 * Almost every hold and open order line is a few units from one location, and there are hundreds of thousands of them in memory:
 * equal ones share one object, which is never changed.
 */
export function sharedTaken(channel: string, from: readonly UnitsAt[], beforeQuota: number): Taken {
  const [only] = from;
  if (!only || from.length > 1) return { channel, from, beforeQuota };
  return shared(SHARED_TAKEN, `${channel}/${only.locationId}/${only.units}/${beforeQuota}`, () => ({
    channel,
    from: [{ ...only }],
    beforeQuota,
  }));
}

/** As {@link sharedTaken}, for orders of one line that is counted and has no name of its own. */
export function sharedLines(lines: readonly Allocation[]): readonly Allocation[] {
  const [only] = lines;
  if (!only || lines.length > 1 || only.from.length > 1 || !/^\d{1,2}$/.test(only.lineId)) return lines;
  const { lineId, ahead, channel, from, beforeQuota } = only;
  const [{ locationId, units } = { locationId: '', units: 0 }] = from;
  return shared(SHARED_LINES, `${channel}/${locationId}/${units}/${beforeQuota}/${lineId}/${ahead}`, () => lines);
}

function shared<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  const value = known.get(key) ?? make();
  if (known.size < MAX_SHARED) known.set(key, value);
  return value;
}

const SHARED_TAKEN = new Map<string, Taken>();
const SHARED_LINES = new Map<string, readonly Allocation[]>();
const MAX_SHARED = 10_000;
