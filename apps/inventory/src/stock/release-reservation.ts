import { reservationIdSchema } from '#platform';
import { stockCommand } from './stock.slices.js';

export const releaseReservation = stockCommand({
  name: 'ReleaseReservation',
  summary: 'Give a reservation back before it is due',
  path: { reservationId: reservationIdSchema },
  refusals: { 'not-found': ['unknown-reservation'], conflict: ['reservation-confirmed'] },
  command: ({ reservationId }) => ({ type: 'ReleaseReservation', reservationId }),
});
