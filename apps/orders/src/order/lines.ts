import type { OrderLine } from '#contracts';

/**
 * One line of an order. `ordered` is what was asked for in all: open + cancelled + shipped, unless more has left than holds.
 * `returned` came back of what had left. A line is known by its id and its SKU: a channel may put another SKU on a line of
 * which units of the first have left already. Nothing is ordered of a line that is known from a parcel or a return alone.
 */
export interface Line {
  readonly lineId: string;
  readonly sku: string;
  readonly unitPriceMinor: number;
  readonly ordered: number;
  readonly cancelled: number;
  readonly shipped: number;
  readonly returned: number;
}

export interface LineUnits {
  readonly lineId: string;
  readonly sku: string;
  readonly units: number;
}

/** Units that may still leave or be cancelled. */
export const openUnits = ({ ordered, cancelled, shipped }: Line): number => Math.max(0, ordered - cancelled - shipped);

/** Units that the customer has although they were cancelled or never ordered. */
export const excessUnits = ({ ordered, cancelled, shipped, returned }: Line): number =>
  Math.max(0, shipped - returned - (ordered - cancelled));

/** Units that came back although no parcel is known to have brought them. */
export const unshippedReturns = ({ shipped, returned }: Line): number => Math.max(0, returned - shipped);

export const newLines = (ordered: readonly OrderLine[]): Line[] =>
  ordered.map(({ lineId, sku, unitPriceMinor, units }) => ({
    lineId,
    sku,
    unitPriceMinor,
    ordered: units,
    cancelled: 0,
    shipped: 0,
    returned: 0,
  }));

/**
 * The lines once `ordered` holds; what was cancelled, shipped and returned of a line stays with it, but for units the channel
 * takes back into the order.
 */
export function amendedLines(
  lines: readonly Line[],
  ordered: readonly OrderLine[],
  reopened: readonly LineUnits[] = [],
): Line[] {
  const before = byKey(reopened.length === 0 ? lines : withUnits(lines, 'cancelled', reopened.map(negative)));
  const after = newLines(ordered).map((line) => {
    const known = before.get(keyOf(line));
    if (!known) return line;
    before.delete(keyOf(line));
    const { cancelled, shipped, returned } = known;
    return { ...line, cancelled, shipped, returned };
  });
  return [...after, ...[...before.values()].filter(hasMoved).map((line) => ({ ...line, ordered: 0, cancelled: 0 }))];
}

/** The lines with units added to one of their quantities. A line that is not there yet is one of which nothing is ordered. */
export function withUnits(
  lines: readonly Line[],
  quantity: 'cancelled' | 'shipped' | 'returned',
  added: readonly LineUnits[],
): Line[] {
  const units = new Map(added.map((line) => [keyOf(line), line]));
  const after = lines.map((line) => {
    const more = units.get(keyOf(line));
    if (!more) return line;
    units.delete(keyOf(line));
    return { ...line, [quantity]: line[quantity] + more.units };
  });
  return [...after, ...[...units.values()].map((line) => ({ ...movedOnly(line), [quantity]: line.units }))];
}

const hasMoved = ({ shipped, returned }: Line): boolean => shipped + returned > 0;

const negative = (line: LineUnits): LineUnits => ({ ...line, units: -line.units });

export const movedOnly = ({ lineId, sku }: Pick<Line, 'lineId' | 'sku'>): Line => ({
  lineId,
  sku,
  unitPriceMinor: 0,
  ordered: 0,
  cancelled: 0,
  shipped: 0,
  returned: 0,
});

/** What names a line within its order. Neither part holds a line break: see `order.rules.ts`. */
export const keyOf = ({ lineId, sku }: Pick<Line, 'lineId' | 'sku'>): string => `${lineId}\n${sku}`;

export const byKey = <Item extends Pick<Line, 'lineId' | 'sku'>>(lines: readonly Item[]): Map<string, Item> =>
  new Map(lines.map((line) => [keyOf(line), line]));
