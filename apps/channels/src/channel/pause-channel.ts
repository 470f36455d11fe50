import { z } from 'zod';
import { channelIdSchema, reasonText } from '#platform';
import { channels } from '../channels.slices.js';
import { channelChanged, channelChangedBy } from './channel.responses.js';

export const pauseChannel = channels.command({
  name: 'PauseChannel',
  summary: 'Push nothing to a channel until it is resumed; its sales are still taken',
  path: { channel: channelIdSchema },
  body: z.strictObject({ reason: reasonText }),
  answer: channelChanged,
  conditional: true,
  refusals: { 'not-found': ['unknown-channel'], conflict: ['channel-closed'] },
  execute: async (pause, { changes }, metadata) =>
    channelChangedBy(pause.channel, await changes.execute(pause.channel, { type: 'PauseChannel', ...pause }, metadata)),
});
