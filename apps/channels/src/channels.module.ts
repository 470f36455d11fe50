import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { AVAILABILITY_FEED, type AvailabilityFeed, SALES_INTAKE, type SalesIntake } from '#contracts';
import { assembled, type Core } from '#platform';
import { assembleChannels, type Channels } from './assemble.js';
import { ChangeChannelHandler } from './channel/change-channel.js';
import { CloseChannelController } from './channel/close-channel/close-channel.http.js';
import { ConfigureChannelController } from './channel/configure-channel/configure-channel.http.js';
import { PauseChannelController } from './channel/pause-channel/pause-channel.http.js';
import { ResumeChannelController } from './channel/resume-channel/resume-channel.http.js';
import { ChannelMetrics } from './channel-metrics.js';
import { ChannelReach } from './channel-reach.js';
import { ConnectorRegistry, connectorsFrom } from './connectors/connector-registry.js';
import { DriftCheckController } from './drift/drift-check.http.js';
import { DriftChecks } from './drift/drift-checks.js';
import { IntakeTable } from './intake/intake-table.js';
import { ParkedSalesController } from './intake/parked-sales/parked-sales.http.js';
import { ParkedSales } from './intake/parked-sales/parked-sales.js';
import { ReceiveWebhookController } from './intake/receive-webhook/receive-webhook.http.js';
import { Webhooks } from './intake/receive-webhook/webhooks.js';
import { optionsFrom } from './options.js';
import { PushLedger } from './push/push-ledger.js';
import { Pushers } from './push/pushers.js';
import { ChannelDirectory } from './views/channels/channel-directory.js';
import { ChannelsController } from './views/channels/channels.http.js';
import { LagController } from './views/lag/lag.http.js';
import { PushesController } from './views/pushes/pushes.http.js';

/** Where goods are sold: what channels sold comes in, and what they may show goes out. Its processes and exceptions: `assemble.ts`. */
@Module({
  imports: [CqrsModule.forRoot()],
  controllers: [
    // Commands
    ConfigureChannelController,
    PauseChannelController,
    ResumeChannelController,
    CloseChannelController,
    ReceiveWebhookController,
    DriftCheckController,
    // Views
    LagController,
    ChannelsController,
    PushesController,
    ParkedSalesController,
  ],
  providers: assembled(assembleFromEnvironment, {
    from: [SALES_INTAKE, AVAILABILITY_FEED],
    parts: {
      // Commands
      changeChannel: ChangeChannelHandler,
      webhooks: Webhooks,
      drift: DriftChecks,
      parked: ParkedSales,
      // Views
      directory: ChannelDirectory,
      reach: ChannelReach,
      table: IntakeTable,
      ledger: PushLedger,
      pushers: Pushers,
      metrics: ChannelMetrics,
      connectors: ConnectorRegistry,
    },
  }),
})
export class ChannelsModule {}

function assembleFromEnvironment(core: Core, sales: SalesIntake, feed: AvailabilityFeed): Channels {
  const connectors = connectorsFrom(process.env);
  return assembleChannels(core, { sales, feed, connectors, options: optionsFrom(process.env) });
}
