import { z } from 'zod';
import { reasonText } from '#platform';
import { transferCommand } from './transfer.slices.js';

export const cancelTransfer = transferCommand({
  name: 'CancelTransfer',
  summary: 'End a transfer: what has not arrived is back where it came from',
  body: z.strictObject({ reason: reasonText }),
  refusals: { 'not-found': ['unknown-transfer'], conflict: ['transfer-received'] },
  command: ({ transferId, reason }) => ({ type: 'CancelTransfer', transferId, reason }),
});
