import { z } from 'zod';
import { isoInstant, priceMinor, quantity, skuSchema } from '#platform';

const lineId = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}]{1,64}$/u, 'Send 1 to 64 printable characters.')
  .meta({ description: 'Id of the line within its order', examples: ['1'] });

/** The lines of a sale or an order. */
export const orderLines = linesOf(
  z.strictObject({ lineId, sku: skuSchema, units: quantity, unitPriceMinor: priceMinor }),
);

/** Units of lines that move: `sku` only where a channel has put several SKUs on one line. */
export const namedUnits = linesOf(z.strictObject({ lineId, sku: skuSchema.optional(), units: quantity }));

export const orderIdParameter = {
  schema: z
    .string()
    .min(1)
    .max(1_024)
    .meta({ description: 'Id of the order, percent-encoded', examples: ['etsy.1001'] }),
};

/** When a fact was true in the world; now unless given. */
export const occurredAt = isoInstant.optional().meta({ description: 'When it happened; now unless given' });

function linesOf<Line extends z.ZodType>(line: Line) {
  return z.array(line).min(1, 'Send at least one line.').max(1_000, 'Send at most 1,000 lines.');
}
