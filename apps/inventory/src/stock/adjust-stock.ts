import { z } from 'zod';
import { MAX_QUANTITY } from '#kernel';
import { isoInstant, locationIdSchema, reasonText } from '#platform';
import { stockCommand } from './stock.slices.js';

const change = z.int().min(-MAX_QUANTITY).max(MAX_QUANTITY).default(0);

export const adjustStock = stockCommand({
  name: 'AdjustStock',
  summary: 'Put the books right by hand',
  body: z.strictObject({
    locationId: locationIdSchema,
    onHand: change,
    unavailable: change,
    reason: reasonText,
    occurredAt: isoInstant.optional(),
  }),
  refusals: {
    'not-found': ['unknown-location'],
    conflict: ['location-closed', 'adjustment-below-zero'],
    invalid: ['invalid-occurred-at'],
  },
  command: ({ locationId, onHand, unavailable, reason }, { supply }) => {
    supply.requireLocation(locationId);
    return { type: 'AdjustStock', locationId, onHand, unavailable, reason };
  },
});
