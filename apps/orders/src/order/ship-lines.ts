import { z } from 'zod';
import { externalId } from '#platform';
import { orderCommand } from './order.slices.js';
import { happenedAt, namedUnits } from './order-lines.schema.js';

export const shipLines = orderCommand({
  name: 'ShipLines',
  summary:
    'Records that units of an order have left, whatever the order says of them. A line that is not known is taken where its SKU is said',
  body: z
    .strictObject({
      shipmentId: externalId.meta({ description: 'Names the shipment: the same one twice is recorded once' }),
      lines: namedUnits,
      occurredAt: happenedAt,
    })
    .meta({ id: 'ShipLines' }),
  status: 201,
  refusals: {
    'not-found': ['unknown-order', 'unknown-line'],
    conflict: ['shipment-differs', 'order-not-placed'],
    invalid: ['ambiguous-line', 'invalid-occurred-at'],
  },
  command: ({ occurredAt: _, ...shipment }) => ({ type: 'ShipLines', ...shipment }),
});
