import { z } from 'zod';
import { skuSchema } from '#platform';
import { attributesSchema, productIdSchema, titleSchema } from '../catalog.schemas.js';
import { catalog } from '../catalog.slices.js';
import { catalogChanged, catalogChangedBy } from '../change-catalog.js';

export const addVariant = catalog.command({
  name: 'AddVariant',
  summary: 'Add a SKU to a product',
  path: { productId: productIdSchema },
  body: z
    .strictObject({ sku: skuSchema, title: titleSchema, attributes: attributesSchema.default({}) })
    .meta({ id: 'AddVariant' }),
  answer: catalogChanged,
  conditional: true,
  status: 201,
  refusals: { 'not-found': ['unknown-product'], conflict: ['sku-taken', 'sku-exists'] },
  execute: async (variant, { changes }, metadata) => {
    const required = { type: 'RequireProduct', productId: variant.productId } as const;
    return catalogChangedBy(await changes.execute([required, { type: 'AddVariant', ...variant }], metadata));
  },
});
