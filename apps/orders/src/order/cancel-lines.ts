import { z } from 'zod';
import { slug } from '#platform';
import { orderCommand } from './order.slices.js';
import { namedUnits } from './order-lines.schema.js';

export const cancelLines = orderCommand({
  name: 'CancelLines',
  summary: 'Cancels units that have not left',
  body: z
    .strictObject({
      lines: namedUnits,
      /** A word and not free text: free text would hold names. */
      reason: slug('Why, as a short code', 'customer-request'),
    })
    .meta({ id: 'CancelLines' }),
  status: 201,
  refusals: {
    'not-found': ['unknown-order', 'unknown-line'],
    conflict: ['not-cancellable', 'order-not-placed'],
    invalid: ['ambiguous-line'],
  },
  command: (cancelled) => ({ type: 'CancelLines', ...cancelled }),
});
