import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Sku } from '#kernel';
import { channelIdSchema, decodeCursor, type PageOf, Problems, pageOf, pageQuery, skuSchema, toPage } from '#platform';
import { externalIdSchema, productIdSchema } from '../../catalog.schemas.js';
import { type ListingRow, listingsTable } from './catalog.projection.js';
import { CatalogQuery } from './catalog.query.js';

const product = z
  .object({
    productId: z.string(),
    title: z.string(),
    description: z.string().optional(),
    brand: z.string().optional(),
    variantCount: z.int().meta({ description: 'They are listed at /v1/variants?productId=' }),
  })
  .meta({ id: 'Product' });
const variant = z
  .object({
    sku: z.string(),
    productId: z.string(),
    title: z.string(),
    attributes: z.record(z.string(), z.union([z.string(), z.int(), z.boolean()])),
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

@ApiTags('catalog')
@Controller('v1')
export class CatalogController {
  constructor(private readonly query: CatalogQuery) {}

  @Get('products/:productId')
  @ApiOperation({ summary: 'A product' })
  @ApiOkResponse({ standardSchema: product })
  @Problems({ 'not-found': ['unknown-product'] })
  product(@Param('productId', { schema: productIdSchema }) productId: string) {
    return this.query.product(productId);
  }

  @Get('variants/:sku')
  @ApiOperation({ summary: 'A variant with its prices and listings' })
  @ApiOkResponse({ standardSchema: variant })
  @Problems({ 'not-found': ['unknown-sku'] })
  variant(@Param('sku', { schema: skuSchema }) sku: Sku) {
    return this.query.variant(sku);
  }

  @Get('variants')
  @ApiOperation({ summary: 'Variants by SKU, all or those of a product' })
  @ApiOkResponse({ standardSchema: pageOf(variant) })
  async variants(@Query({ schema: variantsQuery }) { productId, limit, cursor }: z.output<typeof variantsQuery>) {
    const after = decodeCursor(cursor, z.string()) ?? '';
    return toPage(await this.query.variants(after, limit + 1, productId), limit, ({ sku }) => sku);
  }

  @Get('listings')
  @ApiOperation({
    summary: 'Listings by SKU: where a SKU is listed, which SKU an external id of a channel stands for, or all of them',
  })
  @ApiOkResponse({ standardSchema: pageOf(listing) })
  async listings(
    @Query({ schema: listingsQuery }) { limit, cursor, ...asked }: z.output<typeof listingsQuery>,
  ): Promise<PageOf<ListingRow>> {
    const rows = await this.query.listings(asked, decodeCursor(cursor, listingsCursor), limit + 1);
    return toPage(rows, limit, ({ sku, channel, externalId }) => [sku, channel, externalId]);
  }
}
