import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { channelIdSchema, Problems } from '#platform';
import { ChannelReach } from '../../channel-reach.js';
import {
  type ChannelNumbers,
  type ClosedChannel,
  NEVER_COUNTED,
  NOT_SUPPLIED,
  PushLedger,
} from '../../push/push-ledger.js';
import { Pushers } from '../../push/pushers.js';
import { ChannelDirectory, type KnownChannel } from './channel-directory.js';

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

@ApiTags('channels')
@Controller('v1/channels')
export class ChannelsController {
  constructor(
    private readonly directory: ChannelDirectory,
    private readonly pushers: Pushers,
    private readonly ledger: PushLedger,
    private readonly reach: ChannelReach,
  ) {}

  @Get()
  @ApiOperation({ summary: 'All channels' })
  @ApiOkResponse({ standardSchema: z.object({ items: z.array(channelAnswer) }) })
  async list() {
    return { items: await this.answersFor(this.directory.all()) };
  }

  @Get(':channel')
  @ApiOperation({ summary: 'One channel' })
  @ApiOkResponse({ standardSchema: channelAnswer })
  @Problems({ 'not-found': ['unknown-channel'] })
  async one(@Param('channel', { schema: channelIdSchema }) channel: string) {
    const [answer] = await this.answersFor([this.directory.get(channel)], channel);
    return answer;
  }

  private async answersFor(
    channels: readonly KnownChannel[],
    only?: string,
  ): Promise<z.output<typeof channelAnswer>[]> {
    const [numbers, unreachable, closed] = await Promise.all([
      this.ledger.numbers(only),
      this.reach.unreachable(only),
      this.ledger.closed(),
    ]);
    const closedBy = new Map(closed.map((each) => [each.channel, each]));
    const numbersOf = new Map(numbers.map((each) => [each.channel, each]));
    const unreachableBy = Map.groupBy(unreachable, ({ channel }) => channel);
    return channels.map((known) => {
      const { settings, pausedBecause, closedBecause, revision } = known;
      const { channel } = settings;
      const push = this.pushers.get(channel)?.status();
      return {
        ...settings,
        status: statusOf(known, closedBy.get(channel)),
        ...(closedBecause !== undefined && { closedBecause }),
        ...(pausedBecause !== undefined && { pausedBecause }),
        revision,
        numbers: numbersAnswer(channel, numbersOf.get(channel)),
        unreachable: (unreachableBy.get(channel) ?? []).map(({ errand, since, error }) => ({ errand, since, error })),
        ...(push && { push }),
      };
    });
  }
}

/** The ledger may not know yet what the directory knows. */
function statusOf(
  { pausedBecause, closedBecause, revision }: KnownChannel,
  closed: ClosedChannel | undefined,
): z.output<typeof channelAnswer>['status'] {
  if (closedBecause !== undefined) return closed?.shown && closed.revision >= revision ? 'closed' : 'closing';
  return pausedBecause === undefined ? 'active' : 'paused';
}

function numbersAnswer(
  channel: string,
  numbers: ChannelNumbers | undefined,
): z.output<typeof channelAnswer>['numbers'] {
  if (!numbers) return { state: 'no-number', told: 0, untold: 0, because: 'Nothing is listed on this channel.' };
  const { told, untold, unsupplied } = numbers;
  if (untold === 0) return { state: 'told', told, untold };
  const because =
    unsupplied > 0 ? `${NOT_SUPPLIED} Name the locations with PUT /v1/supply-maps/${channel}.` : NEVER_COUNTED;
  return { state: told > 0 ? 'partly' : 'no-number', told, untold, because };
}
