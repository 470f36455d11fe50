import { z } from 'zod';
import { idFrom } from '#kernel';
import { productDescription, productIdSchema } from '../catalog.schemas.js';
import { catalog } from '../catalog.slices.js';
import { catalogChanged, catalogChangedBy } from '../change-catalog.js';

export const createProduct = catalog.command({
  name: 'CreateProduct',
  summary: 'Create a product',
  body: z
    .strictObject({
      productId: productIdSchema.optional().meta({ description: 'Left out: one is made' }),
      ...productDescription,
    })
    .meta({ id: 'CreateProduct' }),
  answer: catalogChanged.extend({ productId: z.string() }).meta({ id: 'ProductCreated' }),
  status: 201,
  refusals: { conflict: ['product-exists'] },
  execute: async (product, { changes }, metadata) => {
    const productId = product.productId ?? idFrom(`${metadata.commandId}/product`);
    const change = await changes.execute([{ ...product, type: 'CreateProduct', productId }], metadata);
    return { productId, ...catalogChangedBy(change) };
  },
});
