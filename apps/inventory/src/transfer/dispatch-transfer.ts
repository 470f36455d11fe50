import { z } from 'zod';
import { isoInstant, locationIdSchema } from '#platform';
import { transferCommand, transferLines } from './transfer.slices.js';

export const dispatchTransfer = transferCommand({
  name: 'DispatchTransfer',
  summary: 'Goods left a location for another one; the same document again changes nothing',
  body: z.strictObject({
    from: locationIdSchema,
    to: locationIdSchema,
    lines: transferLines,
    expectedAt: isoInstant.optional().meta({ description: 'When they should arrive' }),
    occurredAt: isoInstant.optional(),
  }),
  refusals: {
    'not-found': ['unknown-location'],
    conflict: ['location-closed', 'transfer-differs'],
    invalid: ['transfer-to-itself', 'invalid-occurred-at'],
  },
  command: ({ transferId, from, to, lines, expectedAt }, { supply }) => {
    for (const locationId of [from, to]) supply.requireLocation(locationId);
    return { type: 'DispatchTransfer', transferId, from, to, lines, expectedAt };
  },
});
