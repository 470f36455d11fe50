import { z } from 'zod';
import { type ChannelsParts, channels } from '../../channels.slices.js';

const lag = z.object({
  channel: z.string(),
  windowSeconds: z.number(),
  pushes: z.int().meta({ description: 'Numbers acknowledged within the window' }),
  p50Ms: z.number(),
  p99Ms: z.number(),
  maxMs: z.number(),
  waiting: z.int().meta({ description: 'Listings whose newest number is not acknowledged' }),
  oldestWaitingMs: z.number(),
});

export const channelLag = channels.query({
  name: 'ChannelLag',
  summary:
    'Time from learning of a change to its acknowledgement, per channel, as this process saw it; without closed channels',
  answer: z.object({ items: z.array(lag) }),
  execute: (_, parts) => ({
    items: parts.directory.all().flatMap(({ settings, closedBecause }) => {
      const ofChannel = lagOf(settings.channel, parts);
      return closedBecause !== undefined && ofChannel.waiting === 0 ? [] : [ofChannel];
    }),
  }),
});

function lagOf(channel: string, { pushers, metrics }: ChannelsParts): z.output<typeof lag> {
  const { waiting = 0, oldestWaitingMs = 0 } = pushers.get(channel)?.status() ?? {};
  return { channel, ...metrics.lags.summary(channel), waiting, oldestWaitingMs };
}
