import { randomUUID } from 'node:crypto';
import type { BenchDatabase } from '../support/bench-database.js';
import { closedLoop } from '../support/load.js';
import type { PostgresClient } from './postgres.js';

/** A way to promise units (or to store rows) that needs nothing but a database. */
export interface Baseline {
  readonly name: string;
  /** How many rows one operation stores. */
  readonly rowsPerOperation: number;
  /** Numbers of connections worth trying. */
  readonly poolSizes: readonly number[];
  /** Makes its tables and its stock afresh. */
  prepare(client: PostgresClient): Promise<void>;
  /** Does it once, durably, on a connection of its own. */
  operate(client: PostgresClient): Promise<void>;
}

/** Stored rows per second, with one operation in flight per connection: more would only queue before the pool. */
export async function rateOf(
  database: BenchDatabase,
  baseline: Baseline,
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<number> {
  const clients = await Promise.all(Array.from({ length: connections }, () => database.connect()));
  try {
    const [first] = clients;
    if (first) await baseline.prepare(first);
    const load = await closedLoop({
      inFlight: connections,
      seconds,
      operation: async (caller) => {
        const client = clients[caller];
        if (client) await baseline.operate(client);
      },
    });
    return load.perSecond * baseline.rowsPerOperation;
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** The pool size at which a baseline is fastest: it is measured against at its best. */
export async function bestPoolSize(database: BenchDatabase, baseline: Baseline, seconds: number): Promise<number> {
  let best = { size: 1, rate: 0 };
  for (const size of baseline.poolSizes) {
    const rate = await rateOf(database, baseline, { connections: size, seconds });
    if (rate > best.rate) best = { size, rate };
  }
  return best.size;
}

/** About 150 bytes of JSON: what a lean event takes. Made afresh each time, as a caller with something to store must. */
export const payload = (): string =>
  JSON.stringify({
    type: 'StockReserved',
    reservationId: randomUUID(),
    channel: 'shop',
    units: 1,
    from: [{ locationId: 'main', units: 1 }],
  });

/** More than any run sells. */
export const PLENTY = 1_000_000_000;
export const SKU = 'HOT';
