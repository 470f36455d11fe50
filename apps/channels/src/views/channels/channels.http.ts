import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { channelIdSchema, Problems } from '#platform';
import { Pushers } from '../../push/pushers.js';
import { ChannelDirectory, type KnownChannel } from './channel-directory.js';

const channelAnswer = z.object({
  channel: z.string(),
  name: z.string(),
  connector: z.string(),
  currency: z.string(),
  baseUrl: z.string(),
  pushesPerSecond: z.int(),
  status: z.enum(['active', 'paused']),
  pausedBecause: z.string().optional(),
  revision: z.int(),
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
  ) {}

  @Get()
  @ApiOperation({ summary: 'All channels' })
  @ApiOkResponse({ standardSchema: z.object({ items: z.array(channelAnswer) }) })
  list() {
    return { items: this.directory.all().map((channel) => this.answerOf(channel)) };
  }

  @Get(':channel')
  @ApiOperation({ summary: 'One channel' })
  @ApiOkResponse({ standardSchema: channelAnswer })
  @Problems({ 'not-found': ['unknown-channel'] })
  one(@Param('channel', { schema: channelIdSchema }) channel: string) {
    return this.answerOf(this.directory.get(channel));
  }

  private answerOf({ settings, pausedBecause, revision }: KnownChannel): z.output<typeof channelAnswer> {
    const push = this.pushers.get(settings.channel)?.status();
    return {
      ...settings,
      status: pausedBecause === undefined ? 'active' : 'paused',
      ...(pausedBecause !== undefined && { pausedBecause }),
      revision,
      ...(push && { push }),
    };
  }
}
