import { z } from 'zod';
import { locationIdSchema, quantityOrNone } from '#platform';
import { stockCommand } from './stock.slices.js';

export const setSafetyStock = stockCommand({
  name: 'SetSafetyStock',
  summary: 'Keep units of a location back from every channel',
  path: { locationId: locationIdSchema },
  body: z.strictObject({ units: quantityOrNone }),
  refusals: { 'not-found': ['unknown-location'], conflict: ['location-closed'] },
  command: ({ locationId, units }, { supply }) => {
    supply.requireLocation(locationId);
    return { type: 'SetSafetyStock', locationId, units };
  },
});
