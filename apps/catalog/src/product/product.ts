import { type ProductEvent, productEvents, typesOf } from '#contracts';
import type { Decider } from '#event-sourcing';
import { decideProduct, type ProductCommand } from './product.decide.js';

/** What the catalogue says about a product as a whole. */
export interface ProductDescription {
  readonly title: string;
  readonly description?: string | undefined;
  readonly brand?: string | undefined;
}

export type Product = { readonly status: 'unknown' } | ({ readonly status: 'known' } & ProductDescription);

/** Streams `product-<productId>`. */
export const productDecider: Decider<ProductCommand, ProductEvent, Product> = {
  category: 'product',
  eventTypes: typesOf(productEvents),
  initialState: () => UNKNOWN,
  decide: decideProduct,
  evolve: (_, { data: { title, description, brand } }) => ({ status: 'known', title, description, brand }),
};

const UNKNOWN: Product = { status: 'unknown' };
