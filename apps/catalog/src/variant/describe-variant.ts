import { z } from 'zod';
import { skuSchema } from '#platform';
import { attributesSchema, titleSchema } from '../catalog.schemas.js';
import { catalog } from '../catalog.slices.js';
import { catalogChanged, catalogChangedBy } from '../change-catalog.js';

export const describeVariant = catalog.command({
  name: 'DescribeVariant',
  summary: 'Replace title and attributes of a variant',
  path: { sku: skuSchema },
  body: z
    .strictObject({ title: titleSchema, attributes: attributesSchema.default({}) })
    .meta({ id: 'DescribeVariant' }),
  answer: catalogChanged,
  conditional: true,
  refusals: { 'not-found': ['unknown-sku'] },
  execute: async (description, { changes }, metadata) =>
    catalogChangedBy(await changes.execute([{ type: 'DescribeVariant', ...description }], metadata)),
});
