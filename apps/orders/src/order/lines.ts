import type { OrderLine } from '#contracts';

/**
 * One line of an order. `ordered` is what was asked for in all: open + cancelled + shipped. `returned` is the part of
 * `shipped` that came back. A line is known by its id and its SKU: a channel may put another SKU on a line of which
 * units of the first have left already.
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
export const openUnits = ({ ordered, cancelled, shipped }: Line): number => ordered - cancelled - shipped;

/** Units that are with the customer. */
export const keptUnits = ({ shipped, returned }: Line): number => shipped - returned;

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

/** The lines once `ordered` holds; what was cancelled, shipped and returned of a line stays with it. */
export function amendedLines(lines: readonly Line[], ordered: readonly OrderLine[]): Line[] {
  const before = byKey(lines);
  return newLines(ordered).map((line) => {
    const { cancelled, shipped, returned } = before.get(keyOf(line)) ?? line;
    return { ...line, cancelled, shipped, returned };
  });
}

/** The lines with units added to one of their quantities. */
export function withUnits(
  lines: readonly Line[],
  quantity: 'cancelled' | 'shipped' | 'returned',
  added: readonly LineUnits[],
): Line[] {
  const units = new Map(added.map((line) => [keyOf(line), line.units]));
  return lines.map((line) => {
    const more = units.get(keyOf(line));
    return more === undefined ? line : { ...line, [quantity]: line[quantity] + more };
  });
}

/** What names a line within its order. Neither part holds a line break: see `order.rules.ts`. */
export const keyOf = ({ lineId, sku }: Pick<Line, 'lineId' | 'sku'>): string => `${lineId}\n${sku}`;

export const byKey = <Item extends Pick<Line, 'lineId' | 'sku'>>(lines: readonly Item[]): Map<string, Item> =>
  new Map(lines.map((line) => [keyOf(line), line]));
