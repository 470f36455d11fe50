import { eventRegistry, type StockEvent } from '#contracts';
import {
  CommandRunner,
  type CommandRunnerOptions,
  type Decider,
  type EventMetadata,
  type EventStore,
  type Outcome,
  Overloaded,
  withRegistry,
} from '#event-sourcing';
import { PostgresEventStore } from '#event-store-postgres';
import { newId, Rejected, toIso } from '#kernel';
import type { ReserveStock } from '../../../apps/inventory/src/stock/reservations.decide.js';
import type { StockCommand } from '../../../apps/inventory/src/stock/stock.decide.js';
import { stockDecider } from '../../../apps/inventory/src/stock/stock.decider.js';
import type { Stock } from '../../../apps/inventory/src/stock/stock.js';
import type { ChannelPolicy } from '../../../apps/inventory/src/supply/channel-terms.js';

export type StockDecider = Decider<StockCommand, StockEvent, Stock>;

/** Stock as production runs it, without the entrances: its decider, its command runner, the store on PostgreSQL. */
export class StockSide {
  private readonly runner: CommandRunner;

  /** A runner that knows no stream yet, over a store that is open. */
  constructor(
    readonly store: EventStore,
    options: CommandRunnerOptions = {},
    private readonly decider: StockDecider = stockDecider,
  ) {
    this.runner = new CommandRunner(store, options);
  }

  static async open(url: string, options?: CommandRunnerOptions): Promise<StockSide> {
    const store = await PostgresEventStore.open({ url, writer: true, holder: 'benchmark' });
    return new StockSide(withRegistry(store, eventRegistry), options);
  }

  execute(sku: string, command: StockCommand, metadata: EventMetadata): Promise<Outcome<StockEvent>> {
    return this.runner.execute({ on: this.decider, id: sku, command, metadata });
  }

  /** The same command on each SKU, all or nothing. */
  executeOnAll(skus: readonly string[], command: StockCommand, metadata: EventMetadata) {
    const commands = skus.map((id) => ({ on: this.decider, id, command }));
    return this.runner.executeTogether(commands, { metadata });
  }

  receive(sku: string, units: number): Promise<Outcome<StockEvent>> {
    return this.execute(sku, { type: 'ReceiveStock', locationId: 'main', units }, metadata());
  }

  async receiveAll(skus: readonly string[], units: number): Promise<void> {
    for (let from = 0; from < skus.length; from += 10_000)
      await Promise.all(skus.slice(from, from + 10_000).map((sku) => this.receive(sku, units)));
  }

  /** Reserves one unit; false when there is none left or too much waits already. */
  async reserve(sku: string): Promise<boolean> {
    const own = metadata();
    try {
      await this.execute(sku, reserveOne(own.commandId), own);
      return true;
    } catch (error) {
      const refused = error instanceof Overloaded || (error instanceof Rejected && error.code === 'insufficient-stock');
      if (refused) return false;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

/** What a request brings along, with ids of its own. */
export function metadata(): EventMetadata {
  const now = toIso(Date.now());
  return { commandId: newId(), correlationId: newId(), actor: 'bench', occurredAt: now, receivedAt: now };
}

export const reserveOne = (reservationId: string): ReserveStock => ({
  type: 'ReserveStock',
  reservationId,
  units: 1,
  ttlSeconds: 86_400,
  policy: POLICY,
});

const POLICY: ChannelPolicy = { channel: 'shop', supply: ['main'], buffer: 0, sharePercent: 100 };

/** Skus `<prefix>-0` … */
export const skusOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
