import { z } from 'zod';
import { channelIdSchema, currency, textLine } from '#platform';
import { channels } from '../channels.slices.js';
import { channelChanged, channelChangedBy } from './channel.responses.js';

export const configureChannel = channels.command({
  name: 'ConfigureChannel',
  summary: 'Register a channel, replace its settings, or open it again when it is closed',
  path: { channel: channelIdSchema },
  body: z.strictObject({
    name: textLine(100),
    connector: textLine(64).meta({ examples: ['simulated'] }),
    currency,
    baseUrl: z
      .url({ protocol: /^https?$/, error: 'Send an address that starts with http:// or https://.' })
      .max(500)
      .refine(
        isPlain,
        'Send the address without user, password, query or fragment: secrets come from the environment.',
      ),
    pushesPerSecond: z.int().min(1).max(1_000).meta({ description: 'Stock requests per second the channel takes' }),
  }),
  answer: channelChanged,
  conditional: true,
  refusals: { invalid: ['connector-unavailable'] },
  execute: async (settings, { connectors, changes }, metadata) => {
    const { channel, connector } = settings;
    connectors.check(connector);
    return channelChangedBy(channel, await changes.execute(channel, { type: 'ConfigureChannel', settings }, metadata));
  },
});

/** Nothing that is stored in events may hold a credential. */
function isPlain(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return `${username}${password}${search}${hash}` === '';
}
