import { z } from 'zod';
import { productDescription, productIdSchema } from '../catalog.schemas.js';
import { catalog } from '../catalog.slices.js';
import { catalogChanged, catalogChangedBy } from '../change-catalog.js';

export const describeProduct = catalog.command({
  name: 'DescribeProduct',
  summary: 'Replace title, description and brand of a product',
  path: { productId: productIdSchema },
  body: z.strictObject(productDescription).meta({ id: 'DescribeProduct' }),
  answer: catalogChanged,
  conditional: true,
  refusals: { 'not-found': ['unknown-product'] },
  execute: async (description, { changes }, metadata) =>
    catalogChangedBy(await changes.execute([{ type: 'DescribeProduct', ...description }], metadata)),
});
