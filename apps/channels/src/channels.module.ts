import { Module } from '@nestjs/common';
import { AVAILABILITY_FEED, type AvailabilityFeed, SALES_INTAKE, type SalesIntake } from '#contracts';
import { assembled, type Core } from '#platform';
import { assembleChannels, type Channels } from './assemble.js';
import { ChannelsController } from './channel/channels.controller.js';
import { ConnectorRegistry, connectorsFrom } from './connectors/connector-registry.js';
import { ReceiveWebhookController } from './intake/receive-webhook.controller.js';
import { Webhooks } from './intake/webhooks.js';
import { optionsFrom } from './options.js';

/** Where goods are sold: what channels sold comes in, and what they may show goes out. Its processes and exceptions: `assemble.ts`. */
@Module({
  controllers: [ChannelsController, ReceiveWebhookController],
  providers: assembled(assembleFromEnvironment, {
    from: [SALES_INTAKE, AVAILABILITY_FEED],
    parts: { webhooks: Webhooks, connectors: ConnectorRegistry },
  }),
})
export class ChannelsModule {}

function assembleFromEnvironment(core: Core, sales: SalesIntake, feed: AvailabilityFeed): Channels {
  const connectors = connectorsFrom(process.env);
  return assembleChannels(core, { sales, feed, connectors, options: optionsFrom(process.env) });
}
