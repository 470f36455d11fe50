import { z } from 'zod';
import { channelIdSchema, lineIdSchema, orderIdSchema, reservationIdSchema } from '#platform';
import { stockCommand } from './stock.slices.js';

export const confirmReservation = stockCommand({
  name: 'ConfirmReservation',
  summary: 'Turn a reservation into the allocation of an order line; one that ran out is decided afresh',
  path: { reservationId: reservationIdSchema },
  body: z.strictObject({ channel: channelIdSchema, orderId: orderIdSchema, lineId: lineIdSchema.default('1') }),
  refusals: {
    'not-found': ['unknown-reservation'],
    conflict: ['insufficient-stock', 'reservation-overtaken', 'reservation-released', 'reservation-id-reused'],
  },
  command: ({ reservationId, channel, orderId, lineId }, { supply }) => ({
    type: 'ConfirmReservation',
    reservationId,
    orderId,
    lineId,
    policy: supply.policyOf(channel),
  }),
});
