import type { CatalogChange } from '../change-catalog.js';
import type { ReleaseExternalId } from '../external-id/external-id.decide.js';
import { ListedOtherwise, type Replaced } from './variant.decide.js';

/**
 * Sends a change that may replace listings of a SKU, together with the release of the external ids it replaces. Which
 * those are is told by the variant itself: the first attempt takes it that none is, and the refusal says which are.
 */
export async function replacingListings(
  sku: string,
  send: (replaces: Replaced, releases: readonly ReleaseExternalId[]) => Promise<CatalogChange>,
): Promise<CatalogChange> {
  let replaces: Replaced = {};
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(replaces, releasesOf(sku, replaces));
    } catch (error) {
      if (!(error instanceof ListedOtherwise) || attempt === ATTEMPTS_MAX) throw error;
      replaces = error.listed;
    }
  }
}

/** The second attempt knows; every further one means that somebody else changed the same listing in between. */
const ATTEMPTS_MAX = 10;

const releasesOf = (sku: string, replaces: Replaced): ReleaseExternalId[] =>
  Object.entries(replaces).map(([channel, externalId]) => ({ type: 'ReleaseExternalId', channel, externalId, sku }));
