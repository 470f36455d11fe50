import type { AvailabilityFeed, SalesIntake } from '#contracts';
import { WakeSignal } from '#event-sourcing';
import type { Core } from '#platform';
import type { Projection } from '#read-models';
import { ChangeChannel } from './channel/change-channel.js';
import { channelDecider } from './channel/channel.decider.js';
import { CHANNEL_EXCEPTIONS } from './channel-exceptions.js';
import { ChannelMetrics } from './channel-metrics.js';
import { ChannelReach } from './channel-reach.js';
import { ChannelSupervisor } from './channel-supervisor.js';
import { channels } from './channels.slices.js';
import type { ConnectorKind } from './connectors/connector.js';
import { ConnectorRegistry } from './connectors/connector-registry.js';
import { DriftChecks } from './drift/drift-checks.js';
import { ChannelSales } from './intake/channel-sales.js';
import { IntakeInbox } from './intake/intake-inbox.js';
import { IntakeRows } from './intake/intake-rows.js';
import { IntakeTable } from './intake/intake-table.js';
import { IntakeWorker } from './intake/intake-worker.js';
import { OrdersPoller } from './intake/orders-poller.js';
import { ParkedSales } from './intake/parked-sales.js';
import { Webhooks } from './intake/webhooks.js';
import type { ChannelsOptions } from './options.js';
import { PushLedger } from './push/push-ledger.js';
import { Pushers } from './push/pushers.js';
import { createTables } from './tables.js';
import { ChannelDirectory } from './views/channels/channel-directory.js';
import { channelsProjection } from './views/channels/channels.projection.js';

/** The views of the service, for commands that rebuild or verify them. */
export const channelsProjections: readonly Projection[] = [channelsProjection];

/** What the service has from outside. */
export interface ChannelsPorts {
  /** Where sales go. */
  readonly sales: SalesIntake;
  /** Where the numbers come from. */
  readonly feed: AvailabilityFeed;
  readonly connectors: readonly ConnectorKind[];
  readonly options: ChannelsOptions;
}

export type Channels = ReturnType<typeof assembleChannels>;

/** Puts the service together. */
export function assembleChannels(core: Core, { sales, feed, connectors: kinds, options }: ChannelsPorts) {
  const { readModels, runners, commands, clock, shutdown, exceptions } = core;
  const metrics = new ChannelMetrics(core.metrics, clock);
  const connectors = new ConnectorRegistry(kinds);
  const reach = new ChannelReach(readModels, clock);

  // Views
  const directory = new ChannelDirectory(readModels, runners.addProjection(channelsProjection), shutdown);

  // Commands
  commands.expects([channelDecider]);
  const changes = new ChangeChannel(commands, directory);

  // Intake: what channels sold
  const wakeSignal = new WakeSignal();
  const table = new IntakeTable(readModels);
  const rows = new IntakeRows(core.hasher, core.sealer);
  const inbox = new IntakeInbox(table, rows, clock, wakeSignal, readModels.log, {
    maxWaiting: options.maxWaitingSales,
  });
  const worker = new IntakeWorker(table, inbox, sales, wakeSignal, clock, readModels, {
    batchSize: options.intakeBatchSize,
    pollMs: options.intakePollMs,
    attempts: options.intakeAttempts,
    keepDoneMs: options.keepDoneMs,
    keepUnreadableMs: options.keepUnreadableMs,
    random: options.random,
  });
  const parked = new ParkedSales(directory, connectors, table, rows, wakeSignal, readModels);

  // Push: what channels show
  const ledger = new PushLedger(readModels);
  const pushers = new Pushers();
  const channelSales = new ChannelSales(new OrdersPoller(table, inbox), table, ledger, reach, feed);
  const drift = new DriftChecks(
    directory,
    connectors,
    ledger,
    pushers,
    channelSales,
    changes,
    shutdown,
    clock,
    options,
  );

  // Processes
  const supervisor = new ChannelSupervisor(
    readModels,
    runners,
    clock,
    feed,
    options,
    directory,
    connectors,
    ledger,
    pushers,
    worker,
    channelSales,
    reach,
    parked,
    drift,
    metrics,
    shutdown,
    core.health,
  );

  // Exceptions
  for (const source of CHANNEL_EXCEPTIONS) exceptions.add(source);

  // Slices
  channels.serve(core.slices, {
    commands,
    changes,
    connectors,
    directory,
    drift,
    table,
    parked,
    ledger,
    pushers,
    reach,
    metrics,
  });

  return {
    changes,
    connectors,
    directory,
    webhooks: new Webhooks(directory, connectors, inbox, metrics),
    prepare: () => createTables(readModels),
    start: async () => {
      await directory.start();
      supervisor.start();
    },
  };
}
