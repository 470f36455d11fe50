import { z } from 'zod';
import { channelIdSchema, skuSchema } from '#platform';
import { externalIdSchema } from '../catalog.schemas.js';
import { catalog } from '../catalog.slices.js';
import { catalogChanged, catalogChangedBy } from '../change-catalog.js';
import { claimsOf } from './claims-of.js';

export const listVariant = catalog.command({
  name: 'ListVariant',
  summary: 'Offer a variant on a channel under the id the channel gave it, beside its other listings there',
  path: { sku: skuSchema, channel: channelIdSchema },
  body: z
    .strictObject({
      externalId: externalIdSchema,
      replaces: externalIdSchema
        .optional()
        .meta({ description: 'External id of the listing of the SKU that ends with this' }),
    })
    .meta({ id: 'ListVariant' }),
  answer: catalogChanged,
  conditional: true,
  refusals: { 'not-found': ['unknown-sku'], conflict: ['external-id-taken'] },
  execute: async ({ sku, channel, externalId, replaces }, { changes }, metadata) => {
    const listing = { channel, externalId, replaces };
    const commands = [{ type: 'ListVariant', sku, ...listing } as const, ...claimsOf(sku, [listing])];
    return catalogChangedBy(await changes.execute(commands, metadata));
  },
});
