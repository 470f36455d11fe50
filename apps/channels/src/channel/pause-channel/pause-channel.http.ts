import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { CommandMetadata, channelIdSchema, Problems, reasonText } from '#platform';
import { ChangeChannel } from '../change-channel.js';
import { channelChanged, channelChangedBy } from '../channel.responses.js';

const pause = z.strictObject({ reason: reasonText });

@ApiTags('channels')
@Controller('v1/channels/:channel/pause')
export class PauseChannelController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Push nothing to a channel until it is resumed; its sales are still taken' })
  @ApiOkResponse({ standardSchema: channelChanged })
  @Problems({ 'not-found': ['unknown-channel'], conflict: ['channel-closed'] })
  async pause(
    @Param('channel', { schema: channelIdSchema }) channel: string,
    @Body({ schema: pause }) { reason }: z.output<typeof pause>,
    @CommandMetadata() metadata: EventMetadata,
  ) {
    const command = { type: 'PauseChannel', channel, reason } as const;
    return channelChangedBy(channel, await this.commands.execute(new ChangeChannel(channel, command, metadata)));
  }
}
