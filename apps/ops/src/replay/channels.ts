import { type JsonClient, SystemUnreachable } from '#client';
import type { Mapping } from './mapping.js';
import type { OpeningItem } from './opening-stock.js';

/** The side of the simulated shop that a seller lists goods on. */
export interface ListingShop {
  /** Creates or replaces listings; a new one shows 0 units. */
  putListings(
    channel: string,
    listings: readonly {
      readonly externalId: string;
      readonly sku: string;
      readonly title: string;
      readonly priceMinor: number;
      readonly currency: string;
    }[],
  ): Promise<void>;
}

/** Reaches the simulated shop at an address. */
export type OpenShop = (shopUrl: string, signal: AbortSignal) => Promise<ListingShop>;

/**
 * Lists every SKU on every channel of the shop, and registers the channels, so that each sale tells all of them their
 * new numbers. In this order: a number for a listing the shop does not have would be refused. Again it changes nothing.
 */
export async function openChannels(
  api: JsonClient,
  shop: ListingShop,
  shopUrl: string,
  { channels, currency }: Mapping,
  items: readonly OpeningItem[],
): Promise<void> {
  const listings = items.map(({ sku, title, priceMinor = 0 }) => ({
    externalId: sku,
    sku,
    title: title.slice(0, MAX_TITLE_LENGTH),
    priceMinor,
    currency,
  }));
  for (const { channel, name = channel } of channels) {
    await shop.putListings(channel, listings).catch((error: unknown) => {
      throw new SystemUnreachable(`The simulated shop at ${shopUrl} did not take its listings: ${reasonOf(error)}.`, {
        cause: error,
      });
    });
    await api.put(`/v1/channels/${channel}`, {
      name,
      connector: 'simulated',
      currency,
      baseUrl: shopUrl,
      pushesPerSecond: PUSHES_PER_SECOND,
    });
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const MAX_TITLE_LENGTH = 500;
/** Requests with up to 250 numbers each. */
const PUSHES_PER_SECOND = 100;
