import { z } from 'zod';
import type { ChannelEvent } from '#contracts';
import type { Outcome } from '#event-sourcing';

export const channelChanged = z.object({
  channel: z.string(),
  changed: z.boolean().meta({ description: 'False when the channel was like that already' }),
  revision: z.int(),
  position: z.int(),
});
export type ChannelChanged = z.output<typeof channelChanged>;

export const channelChangedBy = (
  channel: string,
  { events, revision, position }: Outcome<ChannelEvent>,
): ChannelChanged => ({
  channel,
  changed: events.length > 0,
  revision,
  position,
});
