import { z } from 'zod';
import { channelIdSchema, reasonText } from '#platform';
import { channels } from '../channels.slices.js';
import { channelChanged, channelChangedBy } from './channel.responses.js';

export const closeChannel = channels.command({
  name: 'CloseChannel',
  summary: 'End every offer of a channel, which shows 0 from then on; what it sold all the same is still taken',
  path: { channel: channelIdSchema },
  body: z.strictObject({ reason: reasonText }),
  answer: channelChanged,
  conditional: true,
  refusals: { 'not-found': ['unknown-channel'] },
  execute: async (close, { changes }, metadata) =>
    channelChangedBy(close.channel, await changes.execute(close.channel, { type: 'CloseChannel', ...close }, metadata)),
});
