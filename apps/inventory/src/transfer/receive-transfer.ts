import { z } from 'zod';
import { externalId, isoInstant } from '#platform';
import { transferCommand, transferLines } from './transfer.slices.js';

export const receiveTransfer = transferCommand({
  name: 'ReceiveTransfer',
  summary:
    'Goods of a transfer arrived: all, a part, or more than was dispatched; a difference stays open until it is settled',
  body: z.strictObject({
    receiptId: externalId.meta({ description: 'Names the document: the same one twice is recorded once' }),
    lines: transferLines,
    occurredAt: isoInstant.optional(),
  }),
  refusals: { 'not-found': ['unknown-transfer'], conflict: ['receipt-differs'], invalid: ['invalid-occurred-at'] },
  command: ({ transferId, receiptId, lines }) => ({ type: 'ReceiveTransfer', transferId, receiptId, lines }),
});
