import { z } from 'zod';
import { channelIdSchema } from '#platform';
import { type ChannelsParts, channels } from '../../channels.slices.js';
import { type ChannelNumbers, type ClosedChannel, NEVER_COUNTED, NOT_SUPPLIED } from '../../push/push-ledger.js';
import type { KnownChannel } from './channel-directory.js';

const channelAnswer = z.object({
  channel: z.string(),
  name: z.string(),
  connector: z.string(),
  currency: z.string(),
  baseUrl: z.string(),
  pushesPerSecond: z.int(),
  status: z
    .enum(['active', 'paused', 'closing', 'closed'])
    .meta({ description: 'closing: until the channel has acknowledged 0 for each of its offers' }),
  pausedBecause: z.string().optional(),
  closedBecause: z.string().optional(),
  revision: z.int(),
  numbers: z
    .object({
      state: z.enum(['told', 'partly', 'no-number']),
      told: z.int(),
      untold: z.int(),
      because: z.string().optional(),
    })
    .meta({ description: 'How many listings the channel gets a number for, and why not for the others' }),
  unreachable: z
    .array(z.object({ errand: z.string(), since: z.string(), error: z.string() }))
    .meta({ description: 'What cannot be done with the channel, and since when' }),
  push: z
    .object({
      circuit: z.enum(['closed', 'open', 'half-open']),
      waiting: z.int(),
      oldestWaitingMs: z.number().optional(),
    })
    .optional()
    .meta({ description: 'Absent where another process does the pushes' }),
});

export const listChannels = channels.query({
  name: 'ListChannels',
  summary: 'All channels',
  answer: z.object({ items: z.array(channelAnswer) }),
  execute: async (_, parts) => ({ items: await answersFor(parts.directory.all(), parts) }),
});

export const channelById = channels.query({
  name: 'ChannelById',
  summary: 'One channel',
  path: { channel: channelIdSchema },
  answer: channelAnswer,
  revision: ({ revision }) => revision,
  refusals: { 'not-found': ['unknown-channel'] },
  execute: async ({ channel }, parts) => {
    const [answer] = await answersFor([parts.directory.get(channel)], parts, channel);
    return answer as ChannelAnswer;
  },
});

type ChannelAnswer = z.output<typeof channelAnswer>;

async function answersFor(
  known: readonly KnownChannel[],
  { ledger, reach, pushers }: ChannelsParts,
  only?: string,
): Promise<ChannelAnswer[]> {
  const [numbers, unreachable, closed] = await Promise.all([
    ledger.numbers(only),
    reach.unreachable(only),
    ledger.closed(),
  ]);
  const closedBy = new Map(closed.map((one) => [one.channel, one]));
  const numbersOf = new Map(numbers.map((one) => [one.channel, one]));
  const unreachableBy = Map.groupBy(unreachable, ({ channel }) => channel);
  return known.map((each) => {
    const { settings, pausedBecause, closedBecause, revision } = each;
    const { channel } = settings;
    const push = pushers.get(channel)?.status();
    return {
      ...settings,
      status: statusOf(each, closedBy.get(channel)),
      ...(closedBecause !== undefined && { closedBecause }),
      ...(pausedBecause !== undefined && { pausedBecause }),
      revision,
      numbers: numbersAnswer(channel, numbersOf.get(channel)),
      unreachable: (unreachableBy.get(channel) ?? []).map(({ errand, since, error }) => ({ errand, since, error })),
      ...(push && { push }),
    };
  });
}

/** The ledger may not know yet what the directory knows. */
function statusOf(
  { pausedBecause, closedBecause, revision }: KnownChannel,
  closed: ClosedChannel | undefined,
): ChannelAnswer['status'] {
  if (closedBecause !== undefined) return closed?.shown && closed.revision >= revision ? 'closed' : 'closing';
  return pausedBecause === undefined ? 'active' : 'paused';
}

function numbersAnswer(channel: string, numbers: ChannelNumbers | undefined): ChannelAnswer['numbers'] {
  if (!numbers) return { state: 'no-number', told: 0, untold: 0, because: 'Nothing is listed on this channel.' };
  const { told, untold, unsupplied } = numbers;
  if (untold === 0) return { state: 'told', told, untold };
  const because =
    unsupplied > 0 ? `${NOT_SUPPLIED} Name the locations with PUT /v1/supply-maps/${channel}.` : NEVER_COUNTED;
  return { state: told > 0 ? 'partly' : 'no-number', told, untold, because };
}
