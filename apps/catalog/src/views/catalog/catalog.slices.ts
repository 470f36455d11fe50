import { z } from 'zod';
import { channelIdSchema, decodeCursor, pageOf, pageQuery, skuSchema, toPage } from '#platform';
import { externalIdSchema, productIdSchema } from '../../catalog.schemas.js';
import { catalog } from '../../catalog.slices.js';
import { listingsTable } from './catalog.projection.js';

const product = z
  .object({
    productId: z.string(),
    title: z.string(),
    description: z.string().optional(),
    brand: z.string().optional(),
    revision: z.int(),
    variantCount: z.int().meta({ description: 'They are listed at /v1/variants?productId=' }),
  })
  .meta({ id: 'Product' });
const variant = z
  .object({
    sku: z.string(),
    productId: z.string(),
    title: z.string(),
    attributes: z.record(z.string(), z.union([z.string(), z.int(), z.boolean()])),
    revision: z.int(),
    prices: z.array(z.object({ channel: z.string(), currency: z.string(), amountMinor: z.int() })),
    listings: z.array(z.object({ channel: z.string(), externalId: z.string() })),
  })
  .meta({ id: 'Variant' });
const listing = listingsTable.answer('sku', 'channel', 'externalId', 'listedAt').meta({ id: 'Listing' });
const variantsQuery = z.strictObject({ productId: productIdSchema.optional(), ...pageQuery });
const listingsQuery = z.strictObject({
  sku: skuSchema.optional(),
  channel: channelIdSchema.optional(),
  externalId: externalIdSchema.optional(),
  ...pageQuery,
});
const listingsCursor = z.tuple([z.string(), z.string(), z.string()]);

export const productById = catalog.query({
  name: 'ProductById',
  summary: 'A product',
  path: { productId: productIdSchema },
  answer: product,
  revision: ({ revision }) => revision,
  refusals: { 'not-found': ['unknown-product'] },
  execute: ({ productId }, { catalogQuery }) => catalogQuery.product(productId),
});

export const variantOfSku = catalog.query({
  name: 'VariantOfSku',
  summary: 'A variant with its prices and listings',
  path: { sku: skuSchema },
  answer: variant,
  revision: ({ revision }) => revision,
  refusals: { 'not-found': ['unknown-sku'] },
  execute: ({ sku }, { catalogQuery }) => catalogQuery.variant(sku),
});

export const listVariants = catalog.query({
  name: 'ListVariants',
  summary: 'Variants by SKU, all or those of a product',
  query: variantsQuery,
  answer: pageOf(variant),
  execute: async ({ productId, limit, cursor }, { catalogQuery }) => {
    const after = decodeCursor(cursor, z.string()) ?? '';
    return toPage(await catalogQuery.variants(after, limit + 1, productId), limit, ({ sku }) => sku);
  },
});

export const listListings = catalog.query({
  name: 'ListListings',
  summary: 'Listings by SKU: where a SKU is listed, which SKU an external id of a channel stands for, or all of them',
  query: listingsQuery,
  answer: pageOf(listing),
  execute: async ({ limit, cursor, ...asked }, { catalogQuery }) => {
    const rows = await catalogQuery.listings(asked, decodeCursor(cursor, listingsCursor), limit + 1);
    return toPage(rows, limit, ({ sku, channel, externalId }) => [sku, channel, externalId]);
  },
});
