import type { OrderEvent, StockEvent, TransferEvent } from '#contracts';
import {
  CommandRunner,
  type DomainEvent,
  type EventMetadata,
  type EventStore,
  type Outcome,
  ProcessDriver,
} from '#event-sourcing';
import { type Clock, idFrom, toIso } from '#kernel';
import { Shutdown } from '#platform';
import type { ReadModels } from '#read-models';
import { allocateStockOfOrders } from '../src/processes/when-order-is-submitted-allocate-stock/when-order-is-submitted-allocate-stock.js';
import type { StockCommand } from '../src/stock/stock.decide.js';
import { stockDecider } from '../src/stock/stock.decider.js';
import { ChangeSupply } from '../src/supply/change-supply.js';
import { SupplyDirectory, type SupplySnapshot } from '../src/supply/supply-directory.js';
import { type TransferCommand, transferDecider } from '../src/transfer/transfer.decide.js';

/** A clock the spec moves. */
export class ManualClock implements Clock {
  constructor(private epochMs = Date.parse('2026-01-31T12:00:00Z')) {}
  now(): number {
    return this.epochMs;
  }
  advance(ms: number): void {
    this.epochMs += ms;
  }
}

/** The write side of inventory over any store, without Nest: stock, locations and channel policies. */
export class InventoryHarness {
  readonly shutdown = new Shutdown();
  readonly supply: SupplyDirectory;
  readonly commands: CommandRunner;
  private readonly changeSupply: ChangeSupply;
  private sent = 0;

  private constructor(
    readonly store: EventStore,
    readonly clock: Clock,
  ) {
    this.supply = new SupplyDirectory(store, NO_VIEW, this.shutdown);
    this.commands = new CommandRunner(store, { clock });
    this.changeSupply = new ChangeSupply(this.commands, this.supply);
  }

  static async open(store: EventStore, clock: Clock = new ManualClock()): Promise<InventoryHarness> {
    const harness = new InventoryHarness(store, clock);
    await harness.supply.prepare();
    return harness;
  }

  async close(): Promise<void> {
    await this.shutdown.run();
    await this.store.close();
  }

  metadata(commandId = idFrom(`command ${this.sent++}`)): EventMetadata {
    return { commandId, correlationId: `of ${commandId}`, actor: 'spec', occurredAt: toIso(this.clock.now()) };
  }

  execute(sku: string, command: StockCommand, commandId?: string): Promise<Outcome<StockEvent>> {
    return this.commands.execute({ on: stockDecider, id: sku, command, metadata: this.metadata(commandId) });
  }

  transfer(command: TransferCommand): Promise<Outcome<TransferEvent>> {
    return this.commands.execute({
      on: transferDecider,
      id: command.transferId,
      command,
      metadata: this.metadata(),
    });
  }

  receive(sku: string, units: number, locationId = 'main'): Promise<Outcome<StockEvent>> {
    return this.execute(sku, { type: 'ReceiveStock', locationId, units });
  }

  async reserve(sku: string, reservationId: string, units = 1, ttlSeconds = 900, channel = 'shop') {
    const policy = this.supply.policyOf(channel);
    return this.execute(sku, { type: 'ReserveStock', reservationId, units, ttlSeconds, policy });
  }

  async openLocations(...locationIds: readonly string[]): Promise<void> {
    for (const locationId of locationIds) {
      const command = { type: 'OpenLocation', locationId, name: locationId, roles: [] } as const;
      await this.changeSupply.openLocation(command, this.metadata());
    }
  }

  /** Gives a channel a supply map, so that it is shown numbers. Answers the position. */
  async supplyMap(channel: string, ...locationIds: readonly string[]): Promise<number> {
    const command = { type: 'SetSupplyMap', channel, locationIds } as const;
    return (await this.changeSupply.setPolicy(command, this.metadata())).position;
  }

  async defaults(channel: string, rule: { buffer?: number; cap?: number; sharePercent?: number }): Promise<number> {
    const command = { type: 'SetChannelDefaults', channel, buffer: 0, sharePercent: 100, ...rule } as const;
    return (await this.changeSupply.setPolicy(command, this.metadata())).position;
  }

  /** What allocates the stock of submitted orders. */
  allocating(): ProcessDriver {
    const { store, commands, clock, supply } = this;
    const process = allocateStockOfOrders((channel) => supply.policyOf(channel));
    return new ProcessDriver(process, { store, commands, clock });
  }

  /** Stores an event of an order as the orders service does. Answers its position. */
  async order(event: OrderEvent): Promise<number> {
    const metadata = this.metadata();
    const stream = `order-${event.data.orderId}`;
    const stored = { id: idFrom(metadata.commandId), ...event, metadata };
    return (await this.store.append([{ stream, expected: 'any', events: [stored] }])).position;
  }

  async eventsOf(sku: string): Promise<DomainEvent[]> {
    return (await this.store.readStream(`stock-${sku}`)).map(({ type, data }) => ({ type, data }));
  }

  async typesOf(sku: string): Promise<string[]> {
    return (await this.eventsOf(sku)).map(({ type }) => type);
  }
}

/** The store with pages of at most so many events, whatever its readers ask for. */
export function inPagesOf(limit: number, store: EventStore): EventStore {
  return {
    atomicAcrossStreams: store.atomicAcrossStreams,
    singleWriter: store.singleWriter,
    densePositions: store.densePositions,
    append: (appends) => store.append(appends),
    head: () => store.head(),
    saveSnapshots: (snapshots) => store.saveSnapshots(snapshots),
    close: () => store.close(),
    readStream: (stream, options) => store.readStream(stream, options),
    load: (streams, snapshotVersion) => store.load(streams, snapshotVersion),
    readAll: (options) => store.readAll({ ...options, limit }),
    subscribe: (options) => store.subscribe({ ...options, limit }),
  };
}

/** Kills every other connection of the read models to the database, as a failing network or server would. */
export async function killConnections(readModels: ReadModels): Promise<void> {
  await readModels.execute(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'einklang read models' and pid <> pg_backend_pid()`,
  );
}

/** Read models in which nothing was folded yet. */
const NO_VIEW: SupplySnapshot = { latest: () => Promise.resolve(undefined) };
