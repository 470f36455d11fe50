import type { IncomingHttpHeaders } from 'node:http';
import { Controller, Headers, HttpCode, Param, Post, RawBody, UnauthorizedException } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Rejected } from '#kernel';
import { BodyLimit, channelIdSchema, Problems } from '#platform';
import { ChannelMetrics } from '../../channel-metrics.js';
import { ConnectorRegistry } from '../../connectors/connector-registry.js';
import { ChannelDirectory } from '../../views/channels/channel-directory.js';
import { IntakeInbox } from '../intake-inbox.js';

const accepted = z.object({ status: z.enum(['stored', 'repeated', 'unsupported']) });

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
  @BodyLimit(262_144)
  @ApiOperation({ summary: 'Take a message that the channel signed; 202 once it is stored for good' })
  @ApiAcceptedResponse({ standardSchema: accepted })
  @Problems({ 'not-found': ['unknown-channel'], invalid: ['unreadable-message', 'connector-unavailable'] })
  async receive(
    @Param('channel', { schema: channelIdSchema }) channel: string,
    @RawBody() rawBody: Buffer | undefined,
    @Headers() headers: IncomingHttpHeaders,
  ): Promise<z.output<typeof accepted>> {
    const connector = this.connectors.of(this.directory.get(channel).settings);
    const message = connector.verifyAndParse(rawBody ?? Buffer.alloc(0), headers);
    switch (message.kind) {
      case 'bad-signature':
        this.metrics.webhook(channel, 'bad-signature');
        throw new UnauthorizedException();
      case 'unreadable':
        this.metrics.webhook(channel, 'unreadable');
        throw new Rejected(
          'invalid',
          'unreadable-message',
          `The signature is right, but the message is not understood: ${message.reason}.`,
        );
      case 'unsupported':
        this.metrics.webhook(channel, 'unsupported');
        return { status: 'unsupported' };
      case 'sales': {
        const status = (await this.inbox.take(message.messageId, message.sales)) ? 'stored' : 'repeated';
        this.metrics.webhook(channel, status);
        return { status };
      }
      default:
        return message satisfies never;
    }
  }
}
