import type { VariantEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import type { Reaction } from '#read-models';
import type { ChannelListing, ListedAt, PushLedger, WantedOnChannel } from '../../push/push-ledger.js';

type ListingEvent = Extract<VariantEvent, { type: 'ListingCreated' | 'ListingEnded' }>;

/** What becomes of the listings, for whoever keeps them in memory. */
export interface ListingsTarget {
  want(listings: readonly WantedOnChannel[]): void;
  drop(listings: readonly ChannelListing[]): void;
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
    if (ended.length > 0) {
      await ledger.unlist(ended);
      target.drop(ended);
    }
    if (created.length > 0) target.want(await ledger.list(created));
  },
});

/** What a page comes to: first the endings, then the newest listing per channel and SKU that has not ended. */
export function foldListings(events: readonly RecordedEvent<ListingEvent>[]): {
  ended: ChannelListing[];
  created: ListedAt[];
} {
  const ended: ChannelListing[] = [];
  const created = new Map<string, ListedAt>();
  for (const { type, data, position, recordedAt, metadata } of events) {
    const { channel, sku, externalId } = data;
    const key = `${channel} ${sku}`;
    if (type === 'ListingCreated') {
      created.set(key, { channel, sku, externalId, position, at: metadata.receivedAt ?? recordedAt });
    } else {
      if (created.get(key)?.externalId === externalId) created.delete(key);
      ended.push({ channel, sku, externalId, position });
    }
  }
  return { ended, created: [...created.values()] };
}
