import { eventRegistry } from '#contracts';
import { type AnyDecider, CommandRunner, withRegistry } from '#event-sourcing';
import { PostgresEventStore } from '#event-store-postgres';
import { systemClock } from '#kernel';
import { type Core, HealthChecks, Metrics, Shutdown } from '#platform';
import { coreOf, startAssembled } from '#platform/host';
import { type Log, openReadModels, Runners } from '#read-models';
import { assembleCatalog, type Catalog } from '../../apps/catalog/src/assemble.js';
import { assembleChannels, type Channels } from '../../apps/channels/src/assemble.js';
import { simulatedConnector } from '../../apps/channels/src/connectors/simulated/simulated.connector.js';
import type { ChannelsOptions } from '../../apps/channels/src/options.js';
import { assembleCustomers, type Customers } from '../../apps/customers/src/assemble.js';
import { assembleInventory, type Inventory } from '../../apps/inventory/src/assemble.js';
import { stockDecider } from '../../apps/inventory/src/stock/stock.decider.js';
import { assembleOrders, type Orders } from '../../apps/orders/src/assemble.js';
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
export interface SystemProcess extends Core {
  readonly catalog: Catalog;
  readonly inventory: Inventory;
  readonly orders: Orders;
  readonly customers: Customers;
  readonly channels: Channels;
}

/**
 * A process of the standalone profile on services that are assembled as its Nest modules have them assembled, with neither HTTP
 * nor gRPC in front of it, so that it starts in milliseconds.
 */
export async function startProcess({ name, onFenced, log, channels: options }: ProcessOptions): Promise<SystemProcess> {
  const core = await openCore(name, onFenced, log);
  const catalog = assembleCatalog(core);
  const inventory = assembleInventory(core);
  const orders = assembleOrders(core, { stockAnswerMs: STOCK_ANSWER_MS });
  const customers = assembleCustomers(core);
  const connectors = [simulatedConnector(SHOP_SECRET)];
  const channels = assembleChannels(core, { sales: orders.intake, feed: inventory.feed, connectors, options });
  await startAssembled(core, [catalog, inventory, orders, customers, channels]);
  return { ...core, catalog, inventory, orders, customers, channels };
}

async function openCore(name: string, onFenced: () => void, log: (line: string) => void): Promise<Core> {
  const shutdown = new Shutdown();
  const opened = await PostgresEventStore.open({ url: URL, writer: true, holder: name, log, onFenced });
  const readModels = await openReadModels({ url: URL, log: logTo(log) });
  const store = withRegistry(opened, eventRegistry);
  const runners = new Runners(readModels, store);
  shutdown.onShutdown('event store', () => store.close());
  shutdown.onShutdown('read models', () => readModels.close());
  shutdown.onShutdown('views and processes', () => runners.stop());
  const clock = systemClock;
  const program = { shutdown, health: new HealthChecks(), metrics, hashKey };
  const commands = new CommandRunner(store, { clock, replace: withSnapshotsOfFewEvents });
  return coreOf({ store, readModels, runners, commands, clock }, program);
}

/** What a program of the command line works with. */
export type OperatorProgram = Pick<Core, 'store' | 'readModels'>;

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

/** So short that a crash or an outage now and then takes longer. */
const STOCK_ANSWER_MS = 2_000;

const URL = 'postgres://simulated:simulated@database:5432/simulated';

/** Stock with a snapshot every few events, which are all a SKU sees here. */
const withSnapshotsOfFewEvents = (decider: AnyDecider): AnyDecider =>
  decider === stockDecider && decider.snapshot
    ? { ...decider, snapshot: { ...decider.snapshot, everyEvents: 4, size: () => 0 } }
    : decider;

const hashKey = Buffer.from('a key of the simulation, 32 bytes');
/** One for all processes: they only count, and Node's own figures are costly to set up. */
const metrics = new Metrics();

function logTo(log: (line: string) => void): Log {
  const write = (fields: object & { readonly err?: unknown }, text: string): void =>
    log(`${text}${fields.err === undefined ? '' : `: ${String(fields.err)}`}`);
  return { info: write, warn: write, error: write };
}
