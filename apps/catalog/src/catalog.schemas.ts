import { z } from 'zod';
import { externalId, skuSchema, textBlock, textLine } from '#platform';

/** The merchant's own id of a product; as free as a SKU is. */
export const productIdSchema = skuSchema.meta({ description: 'Id of a product', examples: ['MUG'] });

export const titleSchema = textLine(256).meta({ examples: ['Red mug, 300 ml'] });

export const productDescription = {
  title: titleSchema,
  description: textBlock(8_192).optional(),
  brand: textLine(128).optional(),
};

export const attributesSchema = z
  .record(
    textLine(64),
    z.union(
      [textLine(1_024), z.int(), z.boolean()],
      'An attribute is one line of text, a whole number, or true or false.',
    ),
  )
  .refine((attributes) => Object.keys(attributes).length <= 100, 'Send at most 100 attributes.')
  .meta({ examples: [{ colour: 'red', volumeMl: 300 }] });

export const externalIdSchema = externalId.meta({
  description: 'Id the channel gave the listing',
  examples: ['B0ABC12345'],
});
