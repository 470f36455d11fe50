import { z } from 'zod';
import { channelIdSchema, quantityOrNone, reasonText } from '#platform';
import { stockCommand } from './stock.slices.js';

export const setChannelRule = stockCommand({
  name: 'SetChannelRule',
  summary: 'Replace what one channel may show of this SKU; what is absent falls back to the rule of the channel',
  path: { channel: channelIdSchema },
  body: z.strictObject({
    buffer: quantityOrNone.optional(),
    cap: quantityOrNone.optional(),
    sharePercent: z.int().min(0).max(100).optional(),
    quota: quantityOrNone.optional(),
    restriction: reasonText.optional(),
  }),
  command: ({ sku: _, ...rule }) => ({ type: 'SetChannelRule', ...rule }),
});
