import { z } from 'zod';
import { channelIdSchema } from '#platform';
import { channels } from '../channels.slices.js';

const result = z.object({
  compared: z.int(),
  ignored: z.int().meta({ description: 'Listings whose number is on its way or has just changed' }),
  missing: z.int().meta({ description: 'Listings of ours that the channel did not show' }),
  found: z.int(),
  examples: z.array(z.object({ sku: z.string(), externalId: z.string(), shown: z.int(), acknowledged: z.int() })),
});

export const checkDrift = channels.command({
  name: 'CheckDrift',
  summary: 'Read what a channel sold, compare what it shows with what it acknowledged, and push again what differs',
  path: { channel: channelIdSchema },
  answer: result,
  refusals: {
    'not-found': ['unknown-channel'],
    unavailable: ['channel-unreachable', 'sales-not-read'],
    invalid: ['stock-not-readable'],
  },
  execute: async ({ channel }, { drift }, metadata) => {
    const { compared, ignored, missing, differences } = await drift.check(channel, metadata);
    const examples = differences
      .slice(0, EXAMPLES)
      .map(({ sku, externalId, shown, acknowledged }) => ({ sku, externalId, shown, acknowledged }));
    return { compared, ignored, missing, found: differences.length, examples };
  },
});

const EXAMPLES = 20;
