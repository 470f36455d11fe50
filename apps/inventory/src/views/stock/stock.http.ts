import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Sku } from '#kernel';
import { channelIdSchema, isoInstant, Problems, skuSchema, wholeNumberOr } from '#platform';
import { StockQuery } from './stock.query.js';

const level = z.object({
  locationId: z.string(),
  locationName: z.string().optional().meta({ description: 'What it is called now; absent where none was ever opened' }),
  onHand: z.int(),
  unavailable: z.int(),
  allocated: z.int(),
  reserved: z.int(),
  safety: z.int(),
  shortage: z.int(),
  free: z.int(),
});
const numbers = z.record(z.string(), z.int()).meta({ description: 'Units each channel may show' });
const stock = z.object({
  sku: z.string(),
  stockRevision: z.int(),
  levels: z.array(level),
  rules: z.record(z.string(), z.looseObject({})),
  available: numbers.optional().meta({ description: 'Units each channel may show; absent with asOf' }),
});
const contributions = z.object({
  sku: z.string(),
  items: z.array(
    z.object({
      revision: z.int(),
      position: z.int(),
      type: z.string(),
      occurredAt: z.string(),
      recordedAt: z.string(),
      commandId: z.string(),
      changes: z.array(z.object({ locationId: z.string(), quantity: z.string(), by: z.int(), to: z.int() })),
    }),
  ),
  nextRevision: z.int().optional().meta({ description: 'fromRevision of the next page; absent on the last' }),
});

const asOfQuery = z.strictObject({ asOf: isoInstant.optional() });
const explainQuery = z.strictObject({
  fromRevision: wholeNumberOr(0, 0),
  limit: wholeNumberOr(100, 1, 1_000),
});
const availabilityQuery = z.strictObject({
  sku: z
    .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(skuSchema).min(1).max(100))
    .meta({ description: 'Up to 100' }),
  channel: channelIdSchema.optional(),
});
export const availability = z.object({
  items: z.array(z.object({ sku: z.string(), stockRevision: z.int(), available: numbers })),
});
const availabilityOnChannel = availability.extend({
  noNumber: z
    .object({ channel: z.string(), reason: z.string() })
    .optional()
    .meta({ description: 'Why the channel that was asked for is shown no number at all' }),
});

@ApiTags('inventory')
@Controller('v1')
export class StockViewController {
  constructor(private readonly query: StockQuery) {}

  @Get('stock/:sku')
  @ApiOperation({ summary: 'Stock of a SKU per location, now or as it was recorded at a moment' })
  @ApiOkResponse({ standardSchema: stock })
  @Problems({ 'not-found': ['unknown-sku'] })
  stock(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Query({ schema: asOfQuery }) { asOf }: z.output<typeof asOfQuery>,
  ) {
    return asOf === undefined ? this.query.stock(sku) : this.query.stockAsOf(sku, asOf);
  }

  @Get('stock/:sku/explain')
  @ApiOperation({ summary: 'The events that add up to the numbers of a SKU' })
  @ApiOkResponse({ standardSchema: contributions })
  @Problems({ 'not-found': ['unknown-sku'] })
  async explain(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Query({ schema: explainQuery }) { fromRevision, limit }: z.output<typeof explainQuery>,
  ) {
    const items = await this.query.explain(sku, fromRevision, limit);
    return { sku, items, ...(items.length === limit && { nextRevision: fromRevision + limit }) };
  }

  @Get('availability')
  @ApiOperation({ summary: 'Units each channel may show now, for up to 100 SKUs' })
  @ApiOkResponse({ standardSchema: availabilityOnChannel })
  @Problems({ 'not-found': ['unknown-channel'] })
  async availability(@Query({ schema: availabilityQuery }) { sku, channel }: z.output<typeof availabilityQuery>) {
    const reason = channel === undefined ? undefined : await this.query.whyNoNumber(channel);
    const rows = await this.query.availability(sku);
    const items = rows.map(({ sku: code, revision, available }) => ({
      sku: code,
      stockRevision: revision,
      available: channel === undefined ? available : onlyOf(channel, available),
    }));
    return reason === undefined ? { items } : { items, noNumber: { channel, reason } };
  }
}

const onlyOf = (channel: string, available: Readonly<Record<string, number>>): Record<string, number> =>
  available[channel] === undefined ? {} : { [channel]: available[channel] };
