import type { Charge, OfferLine, OrderLine, SaleLine } from '#contracts';

/** What the lines of a sale are: goods by SKU, goods by the id of an offer, money that is no goods. */
export interface Sold {
  readonly lines: readonly OrderLine[];
  readonly offers: readonly OfferLine[];
  readonly charges: readonly Charge[];
}

/**
 * `skuOf` names the SKU a line is sold by, for goods. A line of 0 units is left out. Below zero a price is a discount, whatever
 * stands in place of a SKU. Lines that share an id are distinguished by their ordinal among them.
 */
export function soldBy(lines: readonly SaleLine[], skuOf: (line: SaleLine) => string | undefined): Sold {
  const sold: { lines: OrderLine[]; offers: OfferLine[]; charges: Charge[] } = { lines: [], offers: [], charges: [] };
  for (const line of withOwnIds(lines)) {
    const { lineId, units, unitPriceMinor } = line;
    if (units === 0) continue;
    if (isCharge(line)) {
      const code = line.sku || line.externalId;
      sold.charges.push({ lineId, ...(code && { code }), amountMinor: units * unitPriceMinor });
      continue;
    }
    const sku = skuOf(line);
    if (sku !== undefined) sold.lines.push({ lineId, sku, units, unitPriceMinor });
    else sold.offers.push({ lineId, externalId: line.externalId ?? '', units, unitPriceMinor });
  }
  return sold;
}

/** Money that is no goods. */
export function isCharge({ sku, externalId, unitPriceMinor }: SaleLine): boolean {
  return unitPriceMinor < 0 || (!sku && !externalId);
}

/** A second line of an id becomes `<id>/2`, or the next number that no other line has. */
function withOwnIds(lines: readonly SaleLine[]): readonly SaleLine[] {
  const given = new Set(lines.map(({ lineId }) => lineId));
  if (given.size === lines.length) return lines;
  const taken = new Set<string>();
  return lines.map((line) => {
    const lineId = taken.has(line.lineId) ? nextId(line.lineId, (id) => given.has(id) || taken.has(id)) : line.lineId;
    taken.add(lineId);
    return { ...line, lineId };
  });
}

function nextId(lineId: string, isTaken: (id: string) => boolean): string {
  for (let place = 2; ; place += 1) {
    const id = `${[...lineId].slice(0, LINE_ID_MAX - 5).join('')}/${place}`;
    if (!isTaken(id)) return id;
  }
}

const LINE_ID_MAX = 64;
