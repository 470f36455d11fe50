import type { Charge, OfferLine, OrderLine } from '#contracts';
import { isOneLine, Rejected } from '#kernel';

/** What a sale or an order says about itself, from any sender. */
export interface OrderInput {
  readonly channel: string;
  readonly externalOrderId?: string;
  readonly currency: string;
  readonly placedAt: string;
  readonly lines: readonly OrderLine[];
  readonly charges?: readonly Charge[];
  readonly offers?: readonly OfferLine[];
}

/** Why nothing can be made of it; undefined when it is sound. A stored event must be readable by every view, permanently. */
export function refusalOf(input: OrderInput): Rejected | undefined {
  const { lines, charges, offers = [] } = input;
  return (
    unusableText(input) ??
    unusableInstant(input) ??
    duplicateLine([...lines, ...offers]) ??
    totalTooLarge([...lines, ...offers], charges)
  );
}

/** Sums in minor units stay exact in a double. */
export function totalTooLarge(
  lines: readonly Pick<OrderLine, 'units' | 'unitPriceMinor'>[],
  charges: readonly Charge[] = [],
): Rejected | undefined {
  const total =
    lines.reduce((sum, { units, unitPriceMinor }) => sum + units * unitPriceMinor, 0) +
    charges.reduce((sum, { amountMinor }) => sum + Math.abs(amountMinor), 0);
  if (Number.isSafeInteger(total)) return undefined;
  return new Rejected(
    'invalid',
    'total-too-large',
    'The total of the order exceeds 2^53 - 1 minor units. Check units and prices.',
  );
}

function unusableText(input: OrderInput): Rejected | undefined {
  const { channel, externalOrderId = '', currency, lines, charges = [], offers = [] } = input;
  const sound =
    isOneLine(channel + externalOrderId + currency) &&
    lines.every(({ lineId, sku }) => isOneLine(lineId + sku)) &&
    charges.every(({ lineId, code = '' }) => isOneLine(lineId + code)) &&
    offers.every(({ lineId, externalId }) => isOneLine(lineId + externalId));
  if (sound) return undefined;
  return new Rejected(
    'invalid',
    'unusable-text',
    'An id holds control characters or is not valid Unicode. Send printable text.',
  );
}

function unusableInstant({ placedAt }: OrderInput): Rejected | undefined {
  if (Date.parse(placedAt) >= 0) return undefined;
  return new Rejected(
    'invalid',
    'invalid-placed-at',
    'placedAt lies before 1970. Send the instant at which the order was placed.',
  );
}

function duplicateLine(lines: readonly Pick<OrderLine, 'lineId'>[]): Rejected | undefined {
  const seen = new Set<string>();
  for (const { lineId } of lines) {
    if (seen.has(lineId)) {
      return new Rejected(
        'invalid',
        'duplicate-line',
        `Line ${lineId} comes twice. Give every line an id of its own.`,
        { lineId },
      );
    }
    seen.add(lineId);
  }
  return undefined;
}
