import { z } from 'zod';
import { channelIdSchema, currency, priceMinor, skuSchema } from '#platform';
import { catalog } from '../catalog.slices.js';
import { catalogChanged, catalogChangedBy } from '../change-catalog.js';

export const setPrice = catalog.command({
  name: 'SetPrice',
  summary: 'What a variant costs on a channel from now on',
  path: { sku: skuSchema, channel: channelIdSchema },
  body: z.strictObject({ currency, amountMinor: priceMinor }).meta({ id: 'SetPrice' }),
  answer: catalogChanged,
  conditional: true,
  refusals: { 'not-found': ['unknown-sku'] },
  execute: async (price, { changes }, metadata) =>
    catalogChangedBy(await changes.execute([{ type: 'SetPrice', ...price }], metadata)),
});
