import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { EventMetadata } from '#event-sourcing';
import { CommandMetadata, channelIdSchema, Problems } from '#platform';
import { ChangeChannel } from '../change-channel.js';
import { channelChanged, channelChangedBy } from '../channel.responses.js';

@ApiTags('channels')
@Controller('v1/channels/:channel/resume')
export class ResumeChannelController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Push to a paused channel again, the newest numbers only' })
  @ApiOkResponse({ standardSchema: channelChanged })
  @Problems({ 'not-found': ['unknown-channel'], conflict: ['channel-closed'] })
  async resume(
    @Param('channel', { schema: channelIdSchema }) channel: string,
    @CommandMetadata() metadata: EventMetadata,
  ) {
    const command = { type: 'ResumeChannel', channel } as const;
    return channelChangedBy(channel, await this.commands.execute(new ChangeChannel(channel, command, metadata)));
  }
}
