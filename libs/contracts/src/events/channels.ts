import { z } from 'zod';
import { defineEvents, type EventOf } from '../define-events.js';
import { currencyCode, unitsInAll, unitsOrNone } from '../shapes.js';

const settings = {
  channel: z.string(),
  name: z.string(),
  connector: z.string(),
  currency: currencyCode,
  /** Where the connector reaches the channel. Secrets are not here: they come from the environment. */
  baseUrl: z.string(),
  /** Stock pushes per second the channel takes. */
  pushesPerSecond: z.int().min(1),
};

/** Of stream `channel-<channel>`. */
export const channelEvents = defineEvents({
  ChannelRegistered: { when: 'Goods are sold on this channel from now on.', data: z.strictObject(settings) },
  ChannelReconfigured: { when: 'The settings of a channel were replaced.', data: z.strictObject(settings) },
  ChannelPaused: {
    when: 'Nothing is pushed to the channel until it is resumed; its sales are still taken.',
    data: z.strictObject({ channel: z.string(), reason: z.string() }),
  },
  ChannelResumed: { when: 'Pushes to the channel go on.', data: z.strictObject({ channel: z.string() }) },
  ChannelClosed: {
    when: 'Nothing is sold on the channel any more: each of its offers gets 0. What it sold all the same is still taken.',
    data: z.strictObject({ channel: z.string(), reason: z.string() }),
  },
  ChannelReopened: {
    when: 'Goods are sold again on a channel that was closed, with these settings.',
    data: z.strictObject(settings),
  },
  DriftFound: {
    when: 'A channel showed another number than the one it had acknowledged.',
    data: z.strictObject({
      channel: z.string(),
      sku: z.string(),
      externalId: z.string(),
      shown: unitsInAll,
      acknowledged: unitsOrNone,
    }),
  },
});
export type ChannelEvent = EventOf<typeof channelEvents>;
