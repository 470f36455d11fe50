import type { IncomingHttpHeaders } from 'node:http';
import { Controller, Headers, HttpCode, Param, Post, RawBody, UnauthorizedException } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { channelIdSchema, Problems, RawBodyOnly } from '#platform';
import { ChannelMetrics } from '../../channel-metrics.js';
import { ConnectorRegistry } from '../../connectors/connector-registry.js';
import { ChannelDirectory } from '../../views/channels/channel-directory.js';
import { IntakeInbox } from '../intake-inbox.js';

const accepted = z.object({ status: z.enum(['stored', 'repeated', 'unsupported', 'unreadable']) });

@ApiTags('channels')
@Controller('v1/channels/:channel/webhooks')
export class ReceiveWebhookController {
  constructor(
    private readonly directory: ChannelDirectory,
    private readonly connectors: ConnectorRegistry,
    private readonly inbox: IntakeInbox,
    private readonly metrics: ChannelMetrics,
  ) {}

  @Post()
  @HttpCode(202)
  @RawBodyOnly(262_144)
  @ApiOperation({
    summary: 'Take a message that the channel signed; 202 once it is stored for good, also when it is not understood',
  })
  @ApiAcceptedResponse({ standardSchema: accepted })
  @ApiBody({ schema: {}, description: 'As the channel sends it; its signature covers these bytes' })
  @Problems({
    unauthenticated: ['unauthenticated'],
    'not-found': ['unknown-channel'],
    invalid: ['connector-unavailable'],
  })
  async receive(
    @Param('channel', { schema: channelIdSchema }) channel: string,
    @RawBody() rawBody: Buffer | undefined,
    @Headers() headers: IncomingHttpHeaders,
  ): Promise<z.output<typeof accepted>> {
    const connector = this.connectors.of(this.directory.get(channel).settings);
    const raw = connector.verify(rawBody ?? Buffer.alloc(0), headers);
    if (!raw) {
      this.metrics.webhook(channel, 'bad-signature');
      throw new UnauthorizedException();
    }
    const reading = connector.read(raw);
    const isNew = await this.inbox.take(channel, { raw, reading });
    const status = reading.kind === 'unsupported' ? 'unsupported' : isNew ? STORED_AS[reading.kind] : 'repeated';
    this.metrics.webhook(channel, status);
    return { status };
  }
}

const STORED_AS = { sales: 'stored', unreadable: 'unreadable' } as const;
