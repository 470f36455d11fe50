import type { CatalogChange } from '../change-catalog.js';
import type { ReleaseExternalId } from '../external-id/external-id.decide.js';
import { ListingConflict } from './variant.decide.js';

/**
 * Ends every listing of a SKU on a channel, together with the release of their external ids. Which those are, the variant
 * itself says: the first attempt takes it that there is none, and the refusal says which there are.
 */
export async function endingListings(
  sku: string,
  channel: string,
  send: (externalIds: readonly string[], releases: readonly ReleaseExternalId[]) => Promise<CatalogChange>,
): Promise<CatalogChange> {
  let externalIds: readonly string[] = [];
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(
        externalIds,
        externalIds.map((externalId) => ({ type: 'ReleaseExternalId', channel, externalId, sku })),
      );
    } catch (error) {
      if (!(error instanceof ListingConflict) || attempt === ATTEMPTS_MAX) throw error;
      externalIds = error.externalIds;
    }
  }
}

/** The second attempt knows; every further one means that the listings changed in between. */
const ATTEMPTS_MAX = 10;
