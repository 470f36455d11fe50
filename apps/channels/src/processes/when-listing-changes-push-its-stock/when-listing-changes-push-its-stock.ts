import type { VariantEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import type { Reaction } from '#read-models';
import type { ChannelListing, PushLedger, WantedOnChannel } from '../../push/push-ledger.js';

type ListingEvent = Extract<VariantEvent, { type: 'ListingCreated' | 'ListingEnded' }>;

/** What becomes of the listings, for what keeps them in memory. */
export interface ListingsTarget {
  want(listings: readonly WantedOnChannel[]): void;
}

/**
 * Keeps the ledger's rows: one per listing. A row knows the position of the event that made it, so events that come
 * again change nothing.
 */
export const whenListingChangesPushItsStock = (ledger: PushLedger, target: ListingsTarget): Reaction => ({
  name: 'when-listing-changes-push-its-stock',
  types: ['ListingCreated', 'ListingEnded'],
  react: async (events) => {
    const { ended, created } = foldListings(events as readonly RecordedEvent<ListingEvent>[]);
    if (ended.length > 0) target.want(await ledger.end(ended));
    if (created.length > 0) target.want(await ledger.list(created));
  },
});

/** What a page comes to: first the endings, then the newest listing per channel and external id that has not ended. */
export function foldListings(events: readonly RecordedEvent<ListingEvent>[]): {
  ended: ChannelListing[];
  created: ChannelListing[];
} {
  const ended: ChannelListing[] = [];
  const created = new Map<string, ChannelListing>();
  for (const { type, data, position, recordedAt, metadata } of events) {
    const { channel, sku, externalId } = data;
    const key = `${channel} ${externalId}`;
    const listing = { channel, sku, externalId, position, at: metadata.receivedAt ?? recordedAt };
    if (type === 'ListingCreated') created.set(key, listing);
    else {
      if (created.get(key)?.sku === sku) created.delete(key);
      ended.push(listing);
    }
  }
  return { ended, created: [...created.values()] };
}
