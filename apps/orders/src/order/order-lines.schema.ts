import { z } from 'zod';
import { isoInstant, lineIdSchema, priceMinor, quantity, reservationIdSchema, skuSchema } from '#platform';

/** The lines of an order of our own shop: a cart may hold their units already. */
export const submittedLines = linesOf(
  z.strictObject({
    lineId: lineIdSchema,
    sku: skuSchema,
    units: quantity,
    unitPriceMinor: priceMinor,
    reservationId: reservationIdSchema.optional().meta({
      description: "The reservation of this SKU whose units become the order's; one that has run out is decided afresh",
    }),
  }),
);

/** Units of lines that move: `sku` only where a channel has put several SKUs on one line. */
export const namedUnits = linesOf(z.strictObject({ lineId: lineIdSchema, sku: skuSchema.optional(), units: quantity }));

/** When a fact was true in the world; now unless given. */
export const happenedAt = isoInstant.optional().meta({ description: 'When it happened; now unless given' });

function linesOf<Line extends z.ZodType>(line: Line) {
  return z.array(line).min(1, 'Send at least one line.').max(1_000, 'Send at most 1,000 lines.');
}
