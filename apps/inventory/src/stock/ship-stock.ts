import { z } from 'zod';
import { channelIdSchema, isoInstant, lineIdSchema, locationIdSchema, orderIdSchema, quantity } from '#platform';
import { stockCommand } from './stock.slices.js';

export const shipStock = stockCommand({
  name: 'ShipStock',
  summary: 'A parcel left, wherever its units had been allocated',
  body: z.strictObject({
    orderId: orderIdSchema,
    lineId: lineIdSchema,
    channel: channelIdSchema,
    units: quantity,
    locationId: locationIdSchema.optional(),
    occurredAt: isoInstant.optional(),
  }),
  refusals: { 'not-found': ['unknown-location'], conflict: ['location-closed'], invalid: ['invalid-occurred-at'] },
  command: ({ orderId, lineId, channel, units, locationId }, { supply }) => {
    if (locationId !== undefined) supply.requireLocation(locationId);
    const lines = [{ lineId, units }];
    return { type: 'ShipStock', orderId, channel, lines, locationId, supply: supply.policyOf(channel).supply };
  },
});
