import { z } from 'zod';
import { externalId, isoInstant, locationIdSchema, quantity } from '#platform';
import { inventory } from '../inventory.slices.js';
import { stockChanged, stockChangedBy } from './stock.responses.js';
import { stock } from './stock.slices.js';

/** A return that is known changes nothing, whichever request it comes with. */
const returnCommand = inventory.commandsOn({
  ...stock,
  answer: stockChanged,
  answerOf: (sku, outcome) => ({ ...stockChangedBy(sku, outcome), repeated: outcome.events.length === 0 }),
});

export const returnStock = returnCommand({
  name: 'ReturnStock',
  summary: 'Goods came back that no known order is behind; the same returnId and content again changes nothing',
  body: z.strictObject({
    locationId: locationIdSchema,
    units: quantity,
    condition: z.enum(['available', 'damaged', 'inspection']),
    returnId: externalId.optional(),
    occurredAt: isoInstant.optional(),
  }),
  refusals: {
    'not-found': ['unknown-location'],
    conflict: ['location-closed', 'return-differs'],
    invalid: ['invalid-occurred-at'],
  },
  command: ({ returnId, locationId, units, condition }, { supply }, { commandId }) => {
    supply.requireLocation(locationId);
    return { type: 'ReturnStock', returnId: returnId ?? commandId, locationId, units, condition };
  },
});
