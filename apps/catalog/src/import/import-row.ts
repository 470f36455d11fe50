import { z } from 'zod';
import { channelIdSchema, currency, priceMinor, skuSchema } from '#platform';
import { attributesSchema, externalIdSchema, productIdSchema, titleSchema } from '../catalog.schemas.js';
import type { CatalogCommand } from '../catalog-command.js';
import { claimsOf } from '../variant/claims-of.js';

const oncePerChannel = <Entry extends { readonly channel: string }>(entries: readonly Entry[]): boolean =>
  new Set(entries.map(({ channel }) => channel)).size === entries.length;

const eachOnce = (listings: readonly { readonly channel: string; readonly externalId: string }[]): boolean =>
  new Set(listings.map(({ channel, externalId }) => `${channel} ${externalId}`)).size === listings.length;

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
    .array(
      z.strictObject({ channel: channelIdSchema, externalId: externalIdSchema, replaces: externalIdSchema.optional() }),
    )
    .max(100)
    .refine(eachOnce, 'Send each listing once.')
    .default([]),
});
export type ImportRow = z.output<typeof importRow>;

/** Everything one row asks for, as decisions that hold together or not at all. */
export const commandsOf = (row: ImportRow): CatalogCommand[] => {
  const { productId, productTitle, sku, title, attributes, prices, listings } = row;
  return [
    { type: 'ImportVariant', sku, productId, title, attributes, prices, listings },
    { type: 'PutProduct', productId, title: productTitle },
    ...claimsOf(sku, listings),
  ];
};
