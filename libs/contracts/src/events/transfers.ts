import { z } from 'zod';
import { defineEvents, type EventOf } from '../define-events.js';
import { instant, units } from '../shapes.js';

const lines = z.array(z.strictObject({ sku: z.string(), units }));
const route = { transferId: z.string(), from: z.string(), to: z.string() };

/** Of stream `transfer-<transferId>`: goods on their way from one location to another. */
export const transferEvents = defineEvents({
  TransferDispatched: {
    when: 'Goods left a location for another one. Until they arrive they are in transit, and no channel is shown them.',
    data: z.strictObject({ ...route, lines, expectedAt: instant.optional() }),
  },
  TransferReceived: {
    when: 'Goods of a transfer arrived: all of it, a part, or more than was dispatched.',
    data: z.strictObject({ ...route, receiptId: z.string(), lines }),
  },
  TransferDifferenceSettled: {
    when: 'A person accepted that fewer or more units of a SKU arrived than were dispatched.',
    data: z.strictObject({
      ...route,
      sku: z.string(),
      units,
      /** More had been dispatched than arrived, or more arrived than had been dispatched. */
      difference: z.enum(['missing', 'surplus']),
      /** Missing units are lost, or were found at a location. Surplus units are a find, or are lacking where they came from. */
      as: z.enum(['lost', 'found']),
      /** Where missing units were found. */
      foundAt: z.string().optional(),
    }),
  },
  TransferCancelled: {
    when: 'A transfer ended before all of it had arrived; these units are back where they came from.',
    data: z.strictObject({ ...route, lines, reason: z.string() }),
  },
});
export type TransferEvent = EventOf<typeof transferEvents>;
