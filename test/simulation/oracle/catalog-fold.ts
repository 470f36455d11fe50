import type { ExternalIdEvent, ProductEvent, VariantEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';

export type CatalogRecorded = RecordedEvent<ProductEvent | VariantEvent | ExternalIdEvent>;

type Described = Extract<ProductEvent, { type: 'ProductCreated' }>['data'];
type Added = Extract<VariantEvent, { type: 'VariantAdded' }>['data'];
type Price = Extract<VariantEvent, { type: 'PriceSet' }>['data'];

/** The catalogue, folded from its events, independently of the system's own folds. */
export class CatalogFold {
  readonly products = new Map<string, Described>();
  readonly variants = new Map<string, Added>();
  /** By channel and SKU. */
  readonly prices = new Map<string, Price>();
  /** SKU by channel and external id, as `<channel> <external id>`: what is offered, and what the id is claimed for. */
  readonly listings = new Map<string, string>();
  readonly claims = new Map<string, string>();
  /** Listings that ended at some time. */
  readonly ended = new Set<string>();

  apply(event: CatalogRecorded): void {
    switch (event.type) {
      case 'ProductCreated':
      case 'ProductDescribed':
        this.products.set(event.data.productId, event.data);
        break;
      case 'VariantAdded':
        this.variants.set(event.data.sku, event.data);
        break;
      case 'VariantDescribed': {
        const productId = this.variants.get(event.data.sku)?.productId ?? 'none';
        this.variants.set(event.data.sku, { ...event.data, productId });
        break;
      }
      case 'PriceSet':
        this.prices.set(`${event.data.channel} ${event.data.sku}`, event.data);
        break;
      case 'ListingCreated':
        this.listings.set(offerOf(event.data), event.data.sku);
        break;
      case 'ListingEnded':
        this.listings.delete(offerOf(event.data));
        this.ended.add(offerOf(event.data));
        break;
      case 'ExternalIdClaimed':
        this.claims.set(offerOf(event.data), event.data.sku);
        break;
      case 'ExternalIdReleased':
        this.claims.delete(offerOf(event.data));
        break;
      default:
        event satisfies never;
    }
  }
}

export const offerOf = ({ channel, externalId }: { readonly channel: string; readonly externalId: string }): string =>
  `${channel} ${externalId}`;
