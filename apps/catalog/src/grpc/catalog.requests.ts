import { z } from 'zod';
import { skuSchema } from '#platform';

// Messages of catalog.proto that no slice declares.

export const watchPricesRequest = z.strictObject({
  afterPosition: z.int().min(0),
  skus: z.array(skuSchema).max(1_000),
});
