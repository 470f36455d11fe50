import type { UnitsAt } from '#contracts';
import { dueQueue, type EndedHold, type Stock } from './stock.js';
import { sharedLines, sharedTaken, type Taken } from './taken.js';

/**
 * Snapshot format of a stock. Raise the version with any change to {@link Stock} or to the meaning of an event. A stock may
 * have a hundred thousand holds and allocations, almost all of a few kinds: each names its kind, which is written once.
 */
export const stockSnapshot = {
  version: 6,
  everyEvents: 1_000,
  size: ({ holds, allocations }: Stock): number => holds.size + allocations.size,
  write: (stock: Stock): unknown => {
    const kinds = new Kinds();
    return {
      ...structuredClone({ ...stock, ...NOT_PLAIN }),
      holds: Array.from(stock.holds.values(), (hold) => [hold.reservationId, hold.dueAtMs, kinds.indexOf(hold)]),
      ended: [...stock.ended],
      allocations: Array.from(stock.allocations, ([orderId, lines]) => [
        orderId,
        lines.map((line) => [line.lineId, line.ahead, kinds.indexOf(line)]),
      ]),
      ...(stock.returns && { returns: [...stock.returns] }),
      ...(stock.receipts && { receipts: [...stock.receipts] }),
      kinds: kinds.all,
    };
  },
  read: (json: unknown): Stock => {
    const { kinds, returns, receipts, ...stored } = json as Stored;
    const shared = kinds.map(({ channel, from, beforeQuota }) => sharedTaken(channel, from, beforeQuota));
    const kindAt = (index: number) => shared[index] as Taken;
    const holds = stored.holds.map(([reservationId, dueAtMs, kind]) => ({ reservationId, ...kindAt(kind), dueAtMs }));
    const linesOf = (lines: StoredLine[]) =>
      sharedLines(lines.map(([lineId, ahead, kind]) => ({ lineId, ahead, ...kindAt(kind) })));
    return {
      ...stored,
      holds: new Map(holds.map((hold) => [hold.reservationId, hold])),
      due: dueQueue([...holds]),
      ended: new Map(stored.ended),
      allocations: new Map(stored.allocations.map(([orderId, lines]) => [orderId, linesOf(lines)])),
      ...(returns && { returns: new Map(returns) }),
      ...(receipts && { receipts: new Map(receipts) }),
    };
  },
};

type StoredLine = [lineId: string, ahead: boolean, kind: number];
/** What is written in another form than it is kept in. */
const NOT_PLAIN = {
  due: undefined,
  holds: undefined,
  ended: undefined,
  allocations: undefined,
  returns: undefined,
  receipts: undefined,
};
type Stored = Omit<Stock, keyof typeof NOT_PLAIN> & {
  holds: [reservationId: string, dueAtMs: number, kind: number][];
  ended: [string, EndedHold][];
  allocations: [orderId: string, lines: StoredLine[]][];
  returns?: [string, string[]][];
  receipts?: [string, number][];
  kinds: Taken[];
};

/** The different channels and locations of holds and allocations, told apart by the list of locations they share. */
class Kinds {
  readonly all: Taken[] = [];
  readonly #indexes = new Map<readonly UnitsAt[], number>();

  indexOf({ channel, from, beforeQuota }: Taken): number {
    const known = this.#indexes.get(from);
    if (known !== undefined) return known;
    this.#indexes.set(from, this.all.length);
    return this.all.push({ channel, from, beforeQuota }) - 1;
  }
}
