import { randomUUID } from 'node:crypto';
import type { EventStore, RecordedEvent } from '#event-sourcing';
import {
  analystsSee,
  column,
  defineTable,
  type Projection,
  type ReadModels,
  type RowOf,
  type Tx,
} from '../src/index.js';

export const stock = defineTable({
  name: 'stock',
  columns: {
    sku: column.code('The SKU'),
    onHand: column.units("The analyst's total"),
    revision: column.count('Events of the SKU'),
    writtenAt: column.instant('When the row was written'),
  },
  key: ['sku'],
  indexes: { stock_by_number: ['onHand'] },
});

/** A small view for the specs of this library: what was received per SKU, added up. */
export const stockView: Projection = {
  name: 'stock-received',
  version: 1,
  types: ['StockReceived'],
  tables: [stock],
  analystViews: [
    analystsSee(stock, {
      name: 'stock_received',
      description: "A row per SKU: the analyst's total.",
      fields: ['sku', 'onHand'],
    }),
  ],
  ignoreInComparison: { stock: ['writtenAt'] },
  apply: applyStock,
};

interface StockReceived {
  readonly type: 'StockReceived';
  readonly data: { readonly sku: string; readonly quantity: number };
}

async function applyStock(page: readonly RecordedEvent<StockReceived>[], tx: Tx): Promise<void> {
  const rows = new Map<string, RowOf<typeof stock>>();
  const writtenAt = new Date().toISOString();
  for (const { data, revision } of page) {
    const onHand = (rows.get(data.sku)?.onHand ?? 0) + data.quantity;
    rows.set(data.sku, { sku: data.sku, onHand, revision, writtenAt });
  }
  await stock.upsert(tx, [...rows.values()], { add: ['onHand'] });
}

/** Stores one event per entry, one unit each, on the stream of its SKU. Answers the position of the last. */
export async function receive(store: EventStore, skus: readonly string[], type = 'StockReceived'): Promise<number> {
  const now = new Date().toISOString();
  const metadata = { commandId: randomUUID(), correlationId: randomUUID(), actor: 'spec', occurredAt: now };
  const appends = Map.groupBy(skus, (sku) => sku)
    .entries()
    .map(([sku, repeats]) => ({
      stream: `stock-${sku.slice(0, 100)}`,
      expected: 'any' as const,
      events: repeats.map(() => ({ id: randomUUID(), type, data: { sku, quantity: 1 }, metadata })),
    }));
  return (await store.append([...appends])).position;
}

/** `count` names taken in turn from `distinct` SKUs. */
export const skus = (count: number, distinct = 100): string[] =>
  Array.from({ length: count }, (_, index) => `SKU-${index % distinct}`);

export async function unitsOnHand(readModels: ReadModels): Promise<number> {
  const [row] = await readModels.query<{ units: number }>(
    'select coalesce(sum(on_hand), 0)::bigint as units from view_stock_received.stock',
  );
  return row?.units ?? 0;
}

/** Processes of this database that wait for a lock, for a condition that joins nothing else. */
export const WAITING = 'pid in (select pid from pg_stat_activity where datname = current_database()) and not granted';

/** Kills every other connection of this library to the database, as a network fault or a failing server would. */
export async function killConnections(readModels: ReadModels): Promise<void> {
  await readModels.execute(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'einklang read models' and pid <> pg_backend_pid()`,
  );
}
