import { z } from 'zod';
import { channelIdSchema, skuSchema } from '#platform';
import { externalIdSchema } from '../catalog.schemas.js';
import { catalog } from '../catalog.slices.js';
import { catalogChanged, catalogChangedBy } from '../change-catalog.js';
import type { ReleaseExternalId } from '../external-id/external-id.decide.js';
import { endingListings } from './ending-listings.js';

export const endListing = catalog.command({
  name: 'EndListing',
  summary:
    'End the listings of a variant on a channel, or one of them; their external ids may be used again. The channel gets 0 first',
  path: { sku: skuSchema, channel: channelIdSchema },
  query: z.strictObject({
    externalId: externalIdSchema.optional().meta({ description: 'Only this listing; without it all on the channel' }),
  }),
  answer: catalogChanged,
  conditional: true,
  refusals: { 'not-found': ['unknown-sku'], conflict: ['listing-changed'] },
  execute: async ({ sku, channel, externalId }, { changes }, metadata) => {
    const end = (externalIds: readonly string[], releases: readonly ReleaseExternalId[], all: boolean) =>
      changes.execute([{ type: 'EndListings', sku, channel, externalIds, all }, ...releases], metadata);
    if (externalId === undefined)
      return catalogChangedBy(await endingListings(sku, channel, (ids, releases) => end(ids, releases, true)));
    const release = { type: 'ReleaseExternalId', channel, externalId, sku } as const;
    return catalogChangedBy(await end([externalId], [release], false));
  },
});
