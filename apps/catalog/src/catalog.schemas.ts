import { z } from 'zod';
import { externalId, skuSchema } from '#platform';

/** One line of printable text, without blanks at the ends. */
const line = (maxLength: number) =>
  z
    .string()
    .trim()
    .min(1, 'Send at least one character.')
    .max(maxLength, `Send at most ${maxLength} characters.`)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'Send one line of printable text.');

/** The merchant's own id of a product; as free as a SKU is. */
export const productIdSchema = skuSchema.meta({ description: 'Id of a product', examples: ['MUG'] });

export const titleSchema = line(256).meta({ examples: ['Red mug, 300 ml'] });

export const productDescription = {
  title: titleSchema,
  description: z
    .string()
    .max(8_192, 'Send at most 8,192 characters.')
    .regex(/^(?:[^\p{Cc}\p{Cs}]|[\n\r\t])*$/u, 'Send printable text.')
    .optional(),
  brand: line(128).optional(),
};

export const attributesSchema = z
  .record(
    z
      .string()
      .max(64)
      .regex(
        /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._-]*$/u,
        'Name an attribute with letters, digits, blanks, dots and hyphens.',
      ),
    z.union([line(1_024), z.int(), z.boolean()], 'An attribute is one line of text, a whole number, or true or false.'),
  )
  .refine((attributes) => Object.keys(attributes).length <= 100, 'Send at most 100 attributes.')
  .meta({ examples: [{ colour: 'red', volumeMl: 300 }] });

/** Ids of listings may stand in one list with ids of other systems: printable ASCII. */
export const externalIdSchema = externalId.meta({
  description: 'Id the channel gave the listing',
  examples: ['B0ABC12345'],
});
