import { z } from 'zod';
import { locationIdSchema, skuSchema } from '#platform';
import { transferCommand } from './transfer.slices.js';

export const settleTransferDifference = transferCommand({
  name: 'SettleTransferDifference',
  summary:
    'Accept what differs of a SKU: missing units are lost or were found; surplus units are a find or lack at the sender',
  body: z.strictObject({
    sku: skuSchema,
    as: z.enum(['lost', 'found']),
    foundAt: locationIdSchema
      .optional()
      .meta({ description: 'Where missing units were found; else where they were going' }),
  }),
  refusals: { 'not-found': ['unknown-transfer', 'unknown-location'], conflict: ['location-closed'] },
  command: ({ transferId, sku, as, foundAt }, { supply }) => {
    if (foundAt !== undefined) supply.requireLocation(foundAt);
    return { type: 'SettleTransferDifference', transferId, sku, as, foundAt };
  },
});
