import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { SALES_INTAKE, type SalesIntake } from '#contracts';
import { CLOCK } from '#event-sourcing';
import type { Clock } from '#kernel';
import { CONFIG, type Config, Exceptions, PersonalDataHasher, PersonalDataSealer } from '#platform';
import { type Projection, READ_MODELS, type ReadModels } from '#read-models';
import { ChangeChannelHandler } from './channel/change-channel.js';
import { CloseChannelController } from './channel/close-channel/close-channel.http.js';
import { ConfigureChannelController } from './channel/configure-channel/configure-channel.http.js';
import { PauseChannelController } from './channel/pause-channel/pause-channel.http.js';
import { ResumeChannelController } from './channel/resume-channel/resume-channel.http.js';
import { CHANNEL_EXCEPTIONS } from './channel-exceptions.js';
import { ChannelMetrics } from './channel-metrics.js';
import { ChannelReach } from './channel-reach.js';
import { ChannelSupervisor } from './channel-supervisor.js';
import { ConnectorRegistry } from './connectors/connector-registry.js';
import { DriftCheckController } from './drift/drift-check.http.js';
import { DriftChecks } from './drift/drift-checks.js';
import { ChannelSales } from './intake/channel-sales.js';
import { IntakeInbox } from './intake/intake-inbox.js';
import { IntakeRows } from './intake/intake-rows.js';
import { IntakeTable } from './intake/intake-table.js';
import { IntakeWorker } from './intake/intake-worker.js';
import { OrdersPoller } from './intake/orders-poller.js';
import { ParkedSalesController } from './intake/parked-sales/parked-sales.http.js';
import { ParkedSales } from './intake/parked-sales/parked-sales.js';
import { ReceiveWebhookController } from './intake/receive-webhook/receive-webhook.http.js';
import { CHANNELS_OPTIONS, type ChannelsOptions, optionsFrom } from './options.js';
import { PushLedger } from './push/push-ledger.js';
import { Pushers } from './push/pushers.js';
import { createTables } from './tables.js';
import { ChannelDirectory } from './views/channels/channel-directory.js';
import { ChannelsController } from './views/channels/channels.http.js';
import { channelsProjection } from './views/channels/channels.projection.js';
import { LagController } from './views/lag/lag.http.js';
import { PushesController } from './views/pushes/pushes.http.js';
import { WakeSignal } from './wake-signal.js';

/** Token of what waits until the tables of this service exist. */
const CHANNELS_TABLES = 'CHANNELS_TABLES';

/**
 * The channels service. Needs from outside: CommandRunner, READ_MODELS, Runners, CLOCK, the platform, SALES_INTAKE and
 * AVAILABILITY_FEED.
 */
@Module({
  imports: [CqrsModule.forRoot()],
  controllers: [
    // commands
    ConfigureChannelController,
    PauseChannelController,
    ResumeChannelController,
    CloseChannelController,
    ReceiveWebhookController,
    DriftCheckController,
    // views
    LagController,
    ChannelsController,
    PushesController,
    ParkedSalesController,
  ],
  providers: [
    // commands
    ChangeChannelHandler,
    DriftChecks,

    // views
    ChannelDirectory,
    ChannelMetrics,

    // processes
    ChannelSupervisor,
    ParkedSales,
    ChannelSales,
    ChannelReach,
    Pushers,
    {
      provide: IntakeWorker,
      inject: [IntakeTable, IntakeInbox, SALES_INTAKE, WakeSignal, CLOCK, READ_MODELS, CHANNELS_OPTIONS],
      useFactory: intakeWorker,
    },
    {
      provide: OrdersPoller,
      inject: [IntakeTable, IntakeInbox],
      useFactory: (table: IntakeTable, inbox: IntakeInbox) => new OrdersPoller(table, inbox),
    },

    // wiring
    { provide: CHANNELS_OPTIONS, useFactory: () => optionsFrom(process.env) },
    { provide: ConnectorRegistry, useFactory: () => ConnectorRegistry.fromEnvironment() },
    { provide: WakeSignal, useFactory: () => new WakeSignal() },
    { provide: CHANNELS_TABLES, inject: [READ_MODELS], useFactory: createTables },
    {
      provide: IntakeTable,
      inject: [READ_MODELS, CHANNELS_TABLES],
      useFactory: (readModels: ReadModels) => new IntakeTable(readModels),
    },
    {
      provide: PushLedger,
      inject: [READ_MODELS, CHANNELS_TABLES],
      useFactory: (readModels: ReadModels) => new PushLedger(readModels),
    },
    {
      provide: IntakeInbox,
      inject: [IntakeTable, IntakeRows, CLOCK, WakeSignal, READ_MODELS, CHANNELS_OPTIONS],
      useFactory: (
        table: IntakeTable,
        rows: IntakeRows,
        clock: Clock,
        wakeSignal: WakeSignal,
        { log }: ReadModels,
        { maxWaitingSales }: ChannelsOptions,
      ) => new IntakeInbox(table, rows, clock, wakeSignal, log, { maxWaiting: maxWaitingSales }),
    },
    {
      provide: IntakeRows,
      inject: [CONFIG],
      useFactory: ({ hashKey }: Config) =>
        new IntakeRows(new PersonalDataHasher(hashKey), new PersonalDataSealer(hashKey)),
    },
  ],
  exports: [DriftChecks],
})
export class ChannelsModule {
  constructor(exceptions: Exceptions) {
    for (const source of CHANNEL_EXCEPTIONS) exceptions.add(source);
  }
}

function intakeWorker(
  table: IntakeTable,
  inbox: IntakeInbox,
  intake: SalesIntake,
  wakeSignal: WakeSignal,
  clock: Clock,
  readModels: ReadModels,
  { intakeBatchSize, intakePollMs, intakeAttempts, keepDoneMs, keepUnreadableMs, random }: ChannelsOptions,
): IntakeWorker {
  return new IntakeWorker(table, inbox, intake, wakeSignal, clock, readModels, {
    batchSize: intakeBatchSize,
    pollMs: intakePollMs,
    attempts: intakeAttempts,
    keepDoneMs,
    keepUnreadableMs,
    random,
  });
}

/** The views of the service, for commands that rebuild or verify them. */
export const channelsProjections: readonly Projection[] = [channelsProjection];
