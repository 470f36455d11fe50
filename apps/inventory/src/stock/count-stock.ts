import { z } from 'zod';
import { isoInstant, locationIdSchema, quantityOrNone } from '#platform';
import { stockCommand } from './stock.slices.js';

export const countStock = stockCommand({
  name: 'CountStock',
  summary: 'A shelf was counted, as of a stock revision; what moved since still stands',
  body: z.strictObject({
    locationId: locationIdSchema,
    counted: quantityOrNone,
    asOfRevision: z.int().min(-1).optional(),
    occurredAt: isoInstant.optional(),
  }),
  refusals: {
    'not-found': ['unknown-location'],
    conflict: ['location-closed', 'count-outdated'],
    invalid: ['count-from-the-future', 'invalid-occurred-at'],
  },
  command: ({ locationId, counted, asOfRevision }, { supply }) => {
    supply.requireLocation(locationId);
    return { type: 'CountStock', locationId, counted, asOfRevision };
  },
});
