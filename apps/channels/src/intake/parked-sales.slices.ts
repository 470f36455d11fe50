import { z } from 'zod';
import { channelIdSchema, decodeCursor, pageOf, pageQuery, reasonText, toPage, wholeNumber } from '#platform';
import { channels } from '../channels.slices.js';

const parkedSale = z.object({
  id: z.int(),
  messageId: z.string(),
  kind: z.enum(['unrecorded', 'unreadable']).meta({
    description:
      'unrecorded: a sale that orders refused. unreadable: a message that is not understood, kept whole and sealed',
  }),
  externalOrderId: z.string().nullable(),
  externalRevision: z.int().nullable(),
  receivedAt: z.string(),
  attempts: z.int(),
  error: z.string(),
});
const waitingSale = z.object({ id: z.int(), state: z.literal('waiting') });
const dismissedSale = z.object({ id: z.int(), state: z.literal('done') });
const parkedPath = { channel: channelIdSchema, id: wholeNumber(1) };

export const listParkedSales = channels.query({
  name: 'ListParkedSales',
  summary: 'Sales that could not be recorded and messages that were not understood, the oldest first',
  path: { channel: channelIdSchema },
  query: z.strictObject(pageQuery),
  answer: pageOf(parkedSale),
  refusals: { 'not-found': ['unknown-channel'] },
  execute: async ({ channel, limit, cursor }, { directory, table }) => {
    directory.get(channel);
    const rows = await table.parked(channel, decodeCursor(cursor, z.int()) ?? 0, limit + 1);
    return toPage(rows, limit, ({ id }) => id);
  },
});

export const retryParkedSale = channels.command({
  name: 'RetryParkedSale',
  summary: 'Try a parked sale again, or read a parked message again',
  path: parkedPath,
  answer: waitingSale,
  status: 202,
  refusals: {
    'not-found': ['unknown-channel', 'not-parked'],
    invalid: ['unreadable-message', 'connector-unavailable'],
  },
  execute: async ({ channel, id }, { parked }) => {
    await parked.retry(channel, id);
    return { id, state: 'waiting' as const };
  },
});

export const dismissParkedSale = channels.command({
  name: 'DismissParkedSale',
  summary: 'Close the case of a parked sale or message that a person has seen to; its content is erased',
  path: parkedPath,
  body: z.strictObject({ reason: reasonText }),
  answer: dismissedSale,
  refusals: { 'not-found': ['unknown-channel', 'not-parked'] },
  execute: async ({ channel, id, reason }, { parked }) => {
    await parked.dismiss(channel, id, reason);
    return { id, state: 'done' as const };
  },
});
