import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { CommandMetadata, channelIdSchema, Problems, reasonText } from '#platform';
import { ChangeChannel } from '../change-channel.js';
import { channelChanged, channelChangedBy } from '../channel.responses.js';

const close = z.strictObject({ reason: reasonText });

@ApiTags('channels')
@Controller('v1/channels/:channel/close')
export class CloseChannelController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'End every offer of a channel, which shows 0 from then on; what it sold all the same is still taken',
  })
  @ApiOkResponse({ standardSchema: channelChanged })
  @Problems({ 'not-found': ['unknown-channel'] })
  async close(
    @Param('channel', { schema: channelIdSchema }) channel: string,
    @Body({ schema: close }) { reason }: z.output<typeof close>,
    @CommandMetadata() metadata: EventMetadata,
  ) {
    const command = { type: 'CloseChannel', channel, reason } as const;
    return channelChangedBy(channel, await this.commands.execute(new ChangeChannel(channel, command, metadata)));
  }
}
