import { z } from 'zod';
import { defineEvents, type EventOf } from '../define-events.js';
import { currencyCode, minorAmount } from '../shapes.js';

/** Of stream `product-<productId>`. */
export const productEvents = defineEvents({
  ProductCreated: {
    when: 'A product exists in the catalogue.',
    data: z.strictObject({
      productId: z.string(),
      title: z.string(),
      description: z.string().optional(),
      brand: z.string().optional(),
    }),
  },
  ProductDescribed: {
    when: 'Title, description or brand of a product were replaced.',
    data: z.strictObject({
      productId: z.string(),
      title: z.string(),
      description: z.string().optional(),
      brand: z.string().optional(),
    }),
  },
});
export type ProductEvent = EventOf<typeof productEvents>;

const attributes = z.record(z.string(), z.union([z.string(), z.int(), z.boolean()]));

/** Of stream `variant-<sku>`: what is sold, its prices and where it is listed. */
export const variantEvents = defineEvents({
  VariantAdded: {
    when: 'A SKU exists and belongs to a product.',
    data: z.strictObject({ sku: z.string(), productId: z.string(), title: z.string(), attributes }),
  },
  VariantDescribed: {
    when: 'Title and attributes of a variant were replaced.',
    data: z.strictObject({ sku: z.string(), title: z.string(), attributes }),
  },
  PriceSet: {
    when: 'A variant costs this much on a channel, in this currency, from now on.',
    data: z.strictObject({ sku: z.string(), channel: z.string(), currency: currencyCode, amountMinor: minorAmount }),
  },
  ListingCreated: {
    when: 'A variant is offered on a channel under the id the channel gave it.',
    data: z.strictObject({ sku: z.string(), channel: z.string(), externalId: z.string() }),
  },
  ListingEnded: {
    when: 'A variant is no longer offered on a channel.',
    data: z.strictObject({ sku: z.string(), channel: z.string(), externalId: z.string() }),
  },
});
export type VariantEvent = EventOf<typeof variantEvents>;

/** Of stream `externalid-<channel>.<external id, percent-encoded>`: makes sure that it names one SKU. */
export const externalIdEvents = defineEvents({
  ExternalIdClaimed: {
    when: "A channel's id stands for one of our SKUs.",
    data: z.strictObject({ channel: z.string(), externalId: z.string(), sku: z.string() }),
  },
  ExternalIdReleased: {
    when: "A channel's id stands for nothing any more and may be claimed again.",
    data: z.strictObject({ channel: z.string(), externalId: z.string(), sku: z.string() }),
  },
});
export type ExternalIdEvent = EventOf<typeof externalIdEvents>;
