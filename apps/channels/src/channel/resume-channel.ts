import { channelIdSchema } from '#platform';
import { channels } from '../channels.slices.js';
import { channelChanged, channelChangedBy } from './channel.responses.js';

export const resumeChannel = channels.command({
  name: 'ResumeChannel',
  summary: 'Push to a paused channel again, the newest numbers only',
  path: { channel: channelIdSchema },
  answer: channelChanged,
  conditional: true,
  refusals: { 'not-found': ['unknown-channel'], conflict: ['channel-closed'] },
  execute: async ({ channel }, { changes }, metadata) =>
    channelChangedBy(channel, await changes.execute(channel, { type: 'ResumeChannel', channel }, metadata)),
});
