import { z } from 'zod';
import { externalId, locationIdSchema } from '#platform';
import { orderCommand } from './order.slices.js';
import { happenedAt, namedUnits } from './order-lines.schema.js';

export const returnLines = orderCommand({
  name: 'ReturnLines',
  summary:
    'Records that units of an order came back to a location. A line that is not known is taken where its SKU is said',
  body: z
    .strictObject({
      returnId: externalId.meta({ description: 'Names the return: the same one twice is recorded once' }),
      locationId: locationIdSchema,
      condition: z.enum(['available', 'damaged', 'inspection']),
      lines: namedUnits,
      occurredAt: happenedAt,
    })
    .meta({ id: 'ReturnLines' }),
  status: 201,
  refusals: {
    'not-found': ['unknown-order', 'unknown-line'],
    conflict: ['return-differs', 'order-not-placed'],
    invalid: ['ambiguous-line', 'invalid-occurred-at'],
  },
  command: ({ occurredAt: _, ...returned }) => ({ type: 'ReturnLines', ...returned }),
});
