import { type ProductEvent, productEvents, typesOf } from '#contracts';
import type { Decider } from '#event-sourcing';
import { decideProduct, type ProductCommand } from './product.decide.js';
import { evolveProduct, type Product, unknownProduct } from './product.js';

/** Streams `product-<productId>`. */
export const productDecider: Decider<ProductCommand, ProductEvent, Product> = {
  category: 'product',
  eventTypes: typesOf(productEvents),
  initialState: () => unknownProduct,
  decide: decideProduct,
  evolve: evolveProduct,
  memory: { rememberedCommands: 64 },
};
