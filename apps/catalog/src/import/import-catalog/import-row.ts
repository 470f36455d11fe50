import { z } from 'zod';
import { channelIdSchema, currency, priceMinor, skuSchema } from '#platform';
import type { CatalogCommand } from '../../catalog.decider.js';
import { attributesSchema, externalIdSchema, productIdSchema, titleSchema } from '../../catalog.schemas.js';
import type { ReleaseExternalId } from '../../external-id/external-id.decide.js';
import type { Replaced } from '../../variant/variant.decide.js';

const oncePerChannel = <Entry extends { readonly channel: string }>(entries: readonly Entry[]): boolean =>
  new Set(entries.map(({ channel }) => channel)).size === entries.length;

/** A variant, its product, and what it costs and is called on each channel. What is left out stays as it is. */
export const importRow = z.strictObject({
  productId: productIdSchema,
  productTitle: titleSchema,
  sku: skuSchema,
  title: titleSchema,
  attributes: attributesSchema.optional(),
  prices: z
    .array(z.strictObject({ channel: channelIdSchema, currency, amountMinor: priceMinor }))
    .max(100)
    .refine(oncePerChannel, 'Send one price per channel.')
    .default([]),
  listings: z
    .array(z.strictObject({ channel: channelIdSchema, externalId: externalIdSchema }))
    .max(100)
    .refine(oncePerChannel, 'Send one listing per channel.')
    .default([]),
});
export type ImportRow = z.output<typeof importRow>;

/** Everything one row asks for, as decisions that hold together or not at all. */
export const commandsOf = (
  row: ImportRow,
  replaces: Replaced,
  releases: readonly ReleaseExternalId[],
): CatalogCommand[] => {
  const { productId, productTitle, sku, title, attributes, prices, listings } = row;
  return [
    { type: 'ImportVariant', sku, productId, title, attributes, prices, listings, replaces },
    { type: 'PutProduct', productId, title: productTitle },
    ...listings.map(({ channel, externalId }) => ({ type: 'ClaimExternalId', channel, externalId, sku }) as const),
    ...releases,
  ];
};
