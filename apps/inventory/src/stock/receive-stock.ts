import { z } from 'zod';
import { externalId, isoInstant, locationIdSchema, quantity } from '#platform';
import { goodsCommand } from './stock.slices.js';

export const receiveStock = goodsCommand({
  name: 'ReceiveStock',
  summary: 'Goods arrived; a reference that had come before is taken with a warning',
  body: z.strictObject({
    locationId: locationIdSchema,
    units: quantity,
    reference: externalId.optional(),
    occurredAt: isoInstant.optional(),
  }),
  refusals: { 'not-found': ['unknown-location'], conflict: ['location-closed'], invalid: ['invalid-occurred-at'] },
  command: ({ locationId, units, reference }, { supply }) => {
    supply.requireLocation(locationId);
    return { type: 'ReceiveStock', locationId, units, reference };
  },
});
