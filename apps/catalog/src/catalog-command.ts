import type { ExternalIdEvent, ProductEvent, VariantEvent } from '#contracts';
import type { CommandTo } from '#event-sourcing';
import type { ExternalIdCommand } from './external-id/external-id.decide.js';
import { externalIdDecider } from './external-id/external-id.decider.js';
import type { ProductCommand } from './product/product.decide.js';
import { productDecider } from './product/product.decider.js';
import type { VariantCommand } from './variant/variant.decide.js';
import { variantDecider } from './variant/variant.decider.js';

export type CatalogCommand = ProductCommand | VariantCommand | ExternalIdCommand;
export type CatalogEvent = ProductEvent | VariantEvent | ExternalIdEvent;

type CatalogDecider = typeof productDecider | typeof variantDecider | typeof externalIdDecider;

/** A command with its decider and the stream it decides on. */
export function addressed(command: CatalogCommand): CommandTo<CatalogDecider> {
  switch (command.type) {
    case 'CreateProduct':
    case 'DescribeProduct':
    case 'PutProduct':
    case 'RequireProduct':
      return { on: productDecider, id: command.productId, command };
    case 'ClaimExternalId':
    case 'ReleaseExternalId':
      return { on: externalIdDecider, id: `${command.channel}.${encodeURIComponent(command.externalId)}`, command };
    case 'AddVariant':
    case 'DescribeVariant':
    case 'SetPrice':
    case 'ListVariant':
    case 'EndListings':
    case 'ImportVariant':
    case 'RequireNoListing':
      return { on: variantDecider, id: command.sku, command };
    default:
      return command satisfies never;
  }
}
