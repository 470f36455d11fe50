import { z } from 'zod';
import { channelIdSchema, isoInstant, skuSchema, wholeNumberOr } from '#platform';
import { inventory } from '../../inventory.slices.js';

const level = z.object({
  locationId: z.string(),
  locationName: z.string().optional().meta({ description: 'What it is called now; absent where none was ever opened' }),
  onHand: z.int(),
  unavailable: z.int(),
  allocated: z.int(),
  reserved: z.int(),
  safety: z.int(),
  shortage: z.int(),
  inTransit: z.int().optional().meta({
    description:
      'On their way here and sold nowhere; absent where nothing ever was, below zero while more arrived than was dispatched',
  }),
  free: z.int(),
});
const channelRule = z.object({
  buffer: z.int().optional(),
  cap: z.int().optional(),
  sharePercent: z.int().optional(),
  quota: z.int().optional(),
  restriction: z.string().optional(),
});
const numbers = z.record(z.string(), z.int()).meta({ description: 'Units each channel may show' });
const stock = z.object({
  sku: z.string(),
  stockRevision: z.int(),
  levels: z.array(level),
  rules: z.record(z.string(), channelRule).meta({ description: 'By the channel that has one for this SKU' }),
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

export const stockOfSku = inventory.query({
  name: 'StockOfSku',
  summary: 'Stock of a SKU per location, now or as it was recorded at a moment',
  path: { sku: skuSchema },
  query: asOfQuery,
  answer: stock,
  revision: ({ stockRevision }) => stockRevision,
  refusals: { 'not-found': ['unknown-sku'] },
  execute: ({ sku, asOf }, { stockQuery }) =>
    asOf === undefined ? stockQuery.stock(sku) : stockQuery.stockAsOf(sku, asOf),
});

export const explainStock = inventory.query({
  name: 'ExplainStock',
  summary: 'The events that add up to the numbers of a SKU',
  path: { sku: skuSchema },
  query: explainQuery,
  answer: contributions,
  refusals: { 'not-found': ['unknown-sku'] },
  execute: async ({ sku, fromRevision, limit }, { stockQuery }) => {
    const items = await stockQuery.explain(sku, fromRevision, limit);
    return { sku, items, ...(items.length === limit && { nextRevision: fromRevision + limit }) };
  },
});

export const availabilityOfSkus = inventory.query({
  name: 'AvailabilityOfSkus',
  summary: 'Units each channel may show now, for up to 100 SKUs',
  query: availabilityQuery,
  answer: availabilityOnChannel,
  refusals: { 'not-found': ['unknown-channel'] },
  execute: async ({ sku, channel }, { stockQuery }) => {
    const reason = channel === undefined ? undefined : await stockQuery.whyNoNumber(channel);
    const rows = await stockQuery.availability(sku);
    const items = rows.map(({ sku: code, revision, available }) => ({
      sku: code,
      stockRevision: revision,
      available: channel === undefined ? available : onlyOf(channel, available),
    }));
    return channel === undefined || reason === undefined ? { items } : { items, noNumber: { channel, reason } };
  },
});

const onlyOf = (channel: string, available: Readonly<Record<string, number>>): Record<string, number> =>
  available[channel] === undefined ? {} : { [channel]: available[channel] };
