import type { RecordedEvent } from '#event-sourcing';
import { type CatalogFold, type CatalogRecorded, offerOf } from './catalog-fold.js';
import { must } from './violation.js';

export const isOfCatalog = ({ stream }: RecordedEvent): boolean => /^(product|variant|externalid)-/.test(stream);

/** What one event of the catalogue may say, given everything before it. */
export function checkCatalogEvent(event: CatalogRecorded, fold: CatalogFold): void {
  const where = () => `${event.type} of ${JSON.stringify(event.data)} at ${event.position}`;
  switch (event.type) {
    case 'ProductCreated':
      must(!fold.products.has(event.data.productId), 'a product is created once', where);
      break;
    case 'VariantAdded':
      must(!fold.variants.has(event.data.sku), 'a SKU belongs to one product', where);
      break;
    case 'ListingCreated':
      must(!fold.listings.has(offerOf(event.data)), 'an external id stands for one SKU', where);
      break;
    case 'ExternalIdClaimed':
      must(!fold.claims.has(offerOf(event.data)), 'an external id stands for one SKU', where);
      break;
    case 'ListingEnded':
      must(fold.listings.get(offerOf(event.data)) === event.data.sku, 'an external id stands for one SKU', where);
      break;
    case 'ExternalIdReleased':
      must(fold.claims.get(offerOf(event.data)) === event.data.sku, 'an external id stands for one SKU', where);
      break;
    case 'ProductDescribed':
      must(fold.products.has(event.data.productId), 'what is described is there', where);
      break;
    case 'VariantDescribed':
    case 'PriceSet':
      must(fold.variants.has(event.data.sku), 'what is described is there', where);
      break;
    default:
      event satisfies never;
  }
}

/** After a commit: a listing is claimed by its SKU and nothing else is; a variant is of a product that is there. */
export function checkCatalogAtRest(fold: CatalogFold, events: readonly CatalogRecorded[]): void {
  for (const { data } of events) {
    if ('externalId' in data)
      must(
        fold.listings.get(offerOf(data)) === fold.claims.get(offerOf(data)),
        'what is listed is claimed by its SKU',
        () => `${offerOf(data)}: ${fold.listings.get(offerOf(data))} and ${fold.claims.get(offerOf(data))}`,
      );
    if ('sku' in data) {
      const variant = fold.variants.get(data.sku);
      must(
        variant !== undefined && fold.products.has(variant.productId),
        'a variant is of a product that is there',
        () => `${data.sku} of ${variant?.productId}`,
      );
    }
  }
}
