import type { IncomingHttpHeaders } from 'node:http';
import { Controller, Headers, HttpCode, Param, Post, RawBody, UnauthorizedException } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { channelIdSchema, Problems, RawBodyOnly } from '#platform';
import { Webhooks, webhookStatuses } from './webhooks.js';

const accepted = z.object({ status: z.enum(webhookStatuses) });

@ApiTags('channels')
@Controller('v1/channels/:channel/webhooks')
export class ReceiveWebhookController {
  constructor(private readonly webhooks: Webhooks) {}

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
    const status = await this.webhooks.receive(channel, rawBody ?? Buffer.alloc(0), headers);
    if (!status) throw new UnauthorizedException();
    return { status };
  }
}
