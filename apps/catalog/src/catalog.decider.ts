import type { ExternalIdEvent, ProductEvent, VariantEvent } from '#contracts';
import type { Decider } from '#event-sourcing';
import type { ExternalIdCommand } from './external-id/external-id.decide.js';
import { externalIdDecider } from './external-id/external-id.decider.js';
import type { ExternalId } from './external-id/external-id.js';
import type { ProductCommand } from './product/product.decide.js';
import { productDecider } from './product/product.decider.js';
import type { Product } from './product/product.js';
import type { VariantCommand } from './variant/variant.decide.js';
import { variantDecider } from './variant/variant.decider.js';
import type { Variant } from './variant/variant.js';

export type CatalogCommand = ProductCommand | VariantCommand | ExternalIdCommand;
export type CatalogEvent = ProductEvent | VariantEvent | ExternalIdEvent;

/** A stream is one of the three; the other two stay as they began. */
export interface CatalogState {
  readonly product: Product;
  readonly variant: Variant;
  readonly externalId: ExternalId;
}

/**
 * Products, variants and external ids as one decider, so that one decision may span streams of all three: a listing and
 * the claim on its external id are stored together or not at all. Its ids are whole stream names ({@link streamOf}).
 */
export const catalogDecider: Decider<CatalogCommand, CatalogEvent, CatalogState> = {
  category: 'catalog',
  eventTypes: [...productDecider.eventTypes, ...variantDecider.eventTypes, ...externalIdDecider.eventTypes],
  initialState: () => NOTHING,
  decide: (command, state, context) => {
    switch (command.type) {
      case 'CreateProduct':
      case 'DescribeProduct':
      case 'PutProduct':
      case 'RequireProduct':
        return productDecider.decide(command, state.product, context);
      case 'ClaimExternalId':
      case 'ReleaseExternalId':
        return externalIdDecider.decide(command, state.externalId, context);
      default:
        return variantDecider.decide(command, state.variant, context);
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'ProductCreated':
      case 'ProductDescribed':
        return { ...state, product: productDecider.evolve(state.product, event) };
      case 'ExternalIdClaimed':
      case 'ExternalIdReleased':
        return { ...state, externalId: externalIdDecider.evolve(state.externalId, event) };
      default:
        return { ...state, variant: variantDecider.evolve(state.variant, event) };
    }
  },
};

/** The stream a command decides on. */
export function streamOf(command: CatalogCommand): string {
  switch (command.type) {
    case 'CreateProduct':
    case 'DescribeProduct':
    case 'PutProduct':
    case 'RequireProduct':
      return `${productDecider.category}-${command.productId}`;
    case 'ClaimExternalId':
    case 'ReleaseExternalId':
      return `${externalIdDecider.category}-${command.channel}.${encodeURIComponent(command.externalId)}`;
    default:
      return `${variantDecider.category}-${command.sku}`;
  }
}

const NOTHING: CatalogState = {
  product: productDecider.initialState(),
  variant: variantDecider.initialState(),
  externalId: externalIdDecider.initialState(),
};
