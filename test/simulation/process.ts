import { ModuleRef } from '@nestjs/core';
import { CommandBus, type ICommand } from '@nestjs/cqrs';
import { type AvailabilityFeed, eventRegistry } from '#contracts';
import { type AnyDecider, CommandRunner, type EventStore, withRegistry } from '#event-sourcing';
import { PostgresEventStore } from '#event-store-postgres';
import { systemClock } from '#kernel';
import { type Core, coreOf, HealthChecks, Metrics, PersonalDataHasher, PersonalDataSealer, Shutdown } from '#platform';
import { type Log, openReadModels, type ReadModels, Runners } from '#read-models';
import { ChangeChannel, ChangeChannelHandler } from '../../apps/channels/src/channel/change-channel.js';
import { ChannelMetrics } from '../../apps/channels/src/channel-metrics.js';
import { ChannelReach } from '../../apps/channels/src/channel-reach.js';
import { ChannelSupervisor } from '../../apps/channels/src/channel-supervisor.js';
import { ConnectorRegistry } from '../../apps/channels/src/connectors/connector-registry.js';
import { simulatedConnector } from '../../apps/channels/src/connectors/simulated/simulated.connector.js';
import { DriftChecks } from '../../apps/channels/src/drift/drift-checks.js';
import { ChannelSales } from '../../apps/channels/src/intake/channel-sales.js';
import { IntakeInbox } from '../../apps/channels/src/intake/intake-inbox.js';
import { IntakeRows } from '../../apps/channels/src/intake/intake-rows.js';
import { IntakeTable } from '../../apps/channels/src/intake/intake-table.js';
import { IntakeWorker } from '../../apps/channels/src/intake/intake-worker.js';
import { OrdersPoller } from '../../apps/channels/src/intake/orders-poller.js';
import { ParkedSales } from '../../apps/channels/src/intake/parked-sales/parked-sales.js';
import { ReceiveWebhookController } from '../../apps/channels/src/intake/receive-webhook/receive-webhook.http.js';
import type { ChannelsOptions } from '../../apps/channels/src/options.js';
import { PushLedger } from '../../apps/channels/src/push/push-ledger.js';
import { Pushers } from '../../apps/channels/src/push/pushers.js';
import { createTables } from '../../apps/channels/src/tables.js';
import { ChannelDirectory } from '../../apps/channels/src/views/channels/channel-directory.js';
import { WakeSignal } from '../../apps/channels/src/wake-signal.js';
import { assembleInventory } from '../../apps/inventory/src/assemble.js';
import { stockDecider } from '../../apps/inventory/src/stock/stock.decider.js';
import type { ChangeSupply } from '../../apps/inventory/src/supply/change-supply.js';
import type { SupplyDirectory } from '../../apps/inventory/src/supply/supply-directory.js';
import { OfferDirectory } from '../../apps/orders/src/offers/offer-directory.js';
import { createTables as createOrderTables } from '../../apps/orders/src/offers/tables.js';
import { ChangeOrder, ChangeOrderHandler } from '../../apps/orders/src/order/change-order.js';
import { OrdersIntake } from '../../apps/orders/src/order/record-sale/orders-intake.js';
import { ordersProjections } from '../../apps/orders/src/orders.module.js';
import { WhenAllocationIsDeclinedDeclineOrder } from '../../apps/orders/src/processes/when-allocation-is-declined-decline-order/decline-order.reaction.js';
import { WhenChannelIsSetUpKnowIt } from '../../apps/orders/src/processes/when-channel-is-set-up-know-it/know-channel.reaction.js';
import { WhenListingIsMadeKnowItsSku } from '../../apps/orders/src/processes/when-listing-is-made-know-its-sku/know-sku.reaction.js';
import { WhenOfferIsKnownOrderItsSku } from '../../apps/orders/src/processes/when-offer-is-known-order-its-sku/when-offer-is-known-order-its-sku.js';
import { WhenStockIsAllocatedPlaceOrder } from '../../apps/orders/src/processes/when-stock-is-allocated-place-order/place-order.reaction.js';
import { SHOP_SECRET } from './shops/secret.js';

export interface ProcessOptions {
  /** Who the process says it is. */
  readonly name: string;
  readonly onFenced: () => void;
  /** How the work on channels is set up. */
  readonly channels: ChannelsOptions;
  /** Lines of its log, for a person who reads the trace. */
  readonly log: (line: string) => void;
}

/** One running system as its callers reach it. */
export interface SystemProcess {
  readonly store: EventStore;
  readonly readModels: ReadModels;
  readonly runners: Runners;
  readonly runner: CommandRunner;
  readonly supply: SupplyDirectory;
  readonly changeSupply: ChangeSupply;
  readonly directory: ChannelDirectory;
  readonly webhooks: ReceiveWebhookController;
  readonly commands: CommandBus;
  readonly shutdown: Shutdown;
}

/**
 * A process of the standalone profile, put together as its Nest modules do it (`inventory.module.ts`, `orders.module.ts`,
 * `channels.module.ts`, `open-core.ts`), with neither HTTP nor gRPC in front of it, so that it starts in milliseconds.
 * The catalogue and the customers are not in it.
 */
export async function startProcess({ name, onFenced, log, channels: options }: ProcessOptions): Promise<SystemProcess> {
  const shutdown = new Shutdown();
  const log_ = await PostgresEventStore.open({ url: URL, writer: true, holder: name, log, onFenced });
  const readModels = await openReadModels({ url: URL, log: logTo(log) });
  const store = withRegistry(log_, eventRegistry);
  const runners = new Runners(readModels, store);
  shutdown.onShutdown('event store', () => store.close());
  shutdown.onShutdown('read models', () => readModels.close());
  shutdown.onShutdown('views and processes', () => runners.stop());
  const opened = { store, readModels, runners, clock: systemClock };
  const core = {
    ...coreOf(opened, { shutdown, health: new HealthChecks(), metrics, hashKey }),
    commands: new CommandRunner(store, { clock: systemClock, replace: withSnapshotsOfFewEvents }),
  };
  const inventory = assembleInventory(core);
  const orders = await assembleOrders(core);
  const commands = new Handlers();
  const channels = await assembleChannels(core, orders.intake, inventory.feed, commands, options);
  commands.handle(ChangeOrder, new ChangeOrderHandler(core.commands));
  await runners.prepare();
  await inventory.prepare();
  runners.start();
  inventory.start();
  const looking = orders.offers.run();
  shutdown.onShutdown('offers that lead to no SKU', () => looking);
  await channels.directory.onApplicationBootstrap();
  channels.work.onApplicationBootstrap();
  const { supply, changeSupply } = inventory;
  return { ...core, runner: core.commands, supply, changeSupply, ...channels, commands };
}

/** What a program of the command line works with. */
export type OperatorProgram = Pick<SystemProcess, 'store' | 'readModels'>;

/** A program of the command line, as `apps/ops` opens store and read models: it reads the log and writes nothing to it. */
export async function startOperatorProgram(
  name: string,
  work: (program: OperatorProgram) => Promise<unknown>,
): Promise<void> {
  const opened = await PostgresEventStore.open({ url: URL, writer: false, holder: name });
  const readModels = await openReadModels({ url: URL, poolSize: 4 });
  try {
    await work({ store: withRegistry(opened, eventRegistry), readModels });
  } finally {
    await readModels.close();
    await opened.close();
  }
}

async function assembleOrders({ store, readModels, runners, commands, shutdown }: Core) {
  await createOrderTables(readModels);
  for (const projection of ordersProjections) runners.addProjection(projection);
  runners.addReaction(new WhenStockIsAllocatedPlaceOrder(commands));
  runners.addReaction(new WhenAllocationIsDeclinedDeclineOrder(commands, store));
  runners.addReaction(new WhenListingIsMadeKnowItsSku(readModels));
  runners.addReaction(new WhenChannelIsSetUpKnowIt(readModels));
  const offers = new WhenOfferIsKnownOrderItsSku(readModels, commands, systemClock, shutdown, runners);
  const directory = new OfferDirectory(readModels);
  return { offers, intake: new OrdersIntake(commands, hasher, directory, runners, systemClock) };
}

async function assembleChannels(
  core: Core,
  sales: OrdersIntake,
  feed: AvailabilityFeed,
  commands: Handlers,
  options: ChannelsOptions,
) {
  const { readModels, runners, shutdown } = core;
  const clock = systemClock;
  await createTables(readModels);
  const directory = new ChannelDirectory(readModels, runners, shutdown);
  commands.handle(ChangeChannel, new ChangeChannelHandler(core.commands, directory));
  const [table, ledger, pushers, wakeSignal] = [
    new IntakeTable(readModels),
    new PushLedger(readModels),
    new Pushers(),
    new WakeSignal(),
  ];
  const rows = new IntakeRows(hasher, sealer);
  const inbox = new IntakeInbox(table, rows, clock, wakeSignal, readModels.log, {
    maxWaiting: options.maxWaitingSales,
  });
  const { intakeBatchSize: batchSize, intakePollMs: pollMs, intakeAttempts: attempts, random } = options;
  const { keepDoneMs, keepUnreadableMs } = options;
  const workerOptions = { batchSize, pollMs, attempts, keepDoneMs, keepUnreadableMs, random };
  const worker = new IntakeWorker(table, inbox, sales, wakeSignal, clock, readModels, workerOptions);
  const poller = new OrdersPoller(table, inbox);
  const connectors = new ConnectorRegistry([simulatedConnector(SHOP_SECRET)]);
  const reach = new ChannelReach(readModels, clock);
  const channelSales = new ChannelSales(poller, table, ledger, reach, feed);
  const parked = new ParkedSales(directory, connectors, table, rows, wakeSignal, readModels);
  const drift = new DriftChecks(
    directory,
    connectors,
    ledger,
    pushers,
    channelSales,
    commands,
    shutdown,
    clock,
    options,
  );
  const work = new ChannelSupervisor(
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
    channelMetrics,
    shutdown,
    core.health,
  );
  return { directory, work, webhooks: new ReceiveWebhookController(directory, connectors, inbox, channelMetrics) };
}

/** The command bus without Nest around it. */
class Handlers extends CommandBus {
  readonly #handlers = new Map<unknown, (command: ICommand) => Promise<unknown>>();

  constructor() {
    super(Object.create(ModuleRef.prototype));
  }

  handle<Command extends ICommand>(
    type: abstract new (...given: never[]) => Command,
    handler: { execute(command: Command): Promise<unknown> },
  ): void {
    this.#handlers.set(type, async (command) => (command instanceof type ? handler.execute(command) : undefined));
  }

  // biome-ignore lint/suspicious/noExplicitAny: the answer depends on the command, as in the bus of Nest.
  override execute(command: ICommand): Promise<any> {
    const handler = this.#handlers.get(command.constructor);
    if (!handler) throw new Error(`Nobody handles ${command.constructor.name}.`);
    return handler(command);
  }
}

const URL = 'postgres://simulated:simulated@database:5432/simulated';

/** Stock with a snapshot every few events, which are all a SKU sees here. */
const withSnapshotsOfFewEvents = (decider: AnyDecider): AnyDecider =>
  decider === stockDecider && decider.snapshot
    ? { ...decider, snapshot: { ...decider.snapshot, everyEvents: 4, size: () => 0 } }
    : decider;

const hashKey = Buffer.from('a key of the simulation, 32 bytes');
const hasher = new PersonalDataHasher(hashKey);
const sealer = new PersonalDataSealer(hashKey);
/** One for all processes: they only count, and Node's own figures are costly to set up. */
const metrics = new Metrics();
const channelMetrics = new ChannelMetrics(metrics, systemClock);

function logTo(log: (line: string) => void): Log {
  const write = (fields: object & { readonly err?: unknown }, text: string): void =>
    log(`${text}${fields.err === undefined ? '' : `: ${String(fields.err)}`}`);
  return { info: write, warn: write, error: write };
}
