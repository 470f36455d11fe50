import { Body, Controller, Param, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { CommandMetadata, channelIdSchema, currency, Problems, textLine } from '#platform';
import { ConnectorRegistry } from '../../connectors/connector-registry.js';
import { ChangeChannel } from '../change-channel.js';
import { channelChanged, channelChangedBy } from '../channel.responses.js';

const settings = z.strictObject({
  name: textLine(100),
  connector: textLine(64).meta({ examples: ['simulated'] }),
  currency,
  baseUrl: z
    .url({ protocol: /^https?$/, error: 'Send an address that starts with http:// or https://.' })
    .max(500)
    .refine(isPlain, 'Send the address without user, password, query or fragment: secrets come from the environment.'),
  pushesPerSecond: z.int().min(1).max(1_000).meta({ description: 'Stock requests per second the channel takes' }),
});

@ApiTags('channels')
@Controller('v1/channels/:channel')
export class ConfigureChannelController {
  constructor(
    private readonly commands: CommandBus,
    private readonly connectors: ConnectorRegistry,
  ) {}

  @Put()
  @ApiOperation({ summary: 'Register a channel, replace its settings, or open it again when it is closed' })
  @ApiOkResponse({ standardSchema: channelChanged })
  @Problems({ invalid: ['connector-unavailable'] })
  async configure(
    @Param('channel', { schema: channelIdSchema }) channel: string,
    @Body({ schema: settings }) body: z.output<typeof settings>,
    @CommandMetadata() metadata: EventMetadata,
  ) {
    this.connectors.check(body.connector);
    const command = { type: 'ConfigureChannel', settings: { channel, ...body } } as const;
    return channelChangedBy(channel, await this.commands.execute(new ChangeChannel(channel, command, metadata)));
  }
}

/** Nothing that is stored in events may hold a credential. */
function isPlain(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return `${username}${password}${search}${hash}` === '';
}
