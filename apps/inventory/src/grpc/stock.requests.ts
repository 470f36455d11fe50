import { z } from 'zod';
import { skuSchema } from '#platform';

// Messages of stock.proto that no slice declares.

export const getAvailabilityRequest = z.strictObject({ skus: z.array(skuSchema).min(1).max(100) });
export const watchAvailabilityRequest = z.strictObject({
  afterSequence: z.int().min(0),
  skus: z.array(skuSchema).max(1_000),
});
