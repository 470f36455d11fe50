import { setTimeout as delay } from 'node:timers/promises';
import type { EventStore } from '#event-sourcing';
import { PostgresEventStore } from '#event-store-postgres';
import { openDatabase } from '#platform/host';
import { openReadModels, Runners } from '#read-models';
import { stockProjection } from '../../apps/inventory/src/views/stock/stock.projection.js';
import { connectTo } from '../bench/baselines/postgres.js';
import { openChannels } from '../bench/support/filling.js';
import { StockSide } from '../bench/support/stock-side.js';
import type { Fault, FaultRun, Finding } from './fault.js';
import { Site } from './support/site.js';
import { XminReader } from './support/xmin-reader.js';

export interface IdleOptions {
  /** How long the transaction is left open. */
  readonly idleMs: number;
}

export const idleTransaction: Fault = {
  name: 'idle-transaction',
  summary: 'a transaction left open for a minute in another database of the server (M5)',
  run: (run) => besideIdleTransaction(run, { idleMs: 60_000 }),
};

/**
 * One reservation after the other, each until every subscriber has it: the one in the writer's process, one that is notified by
 * PostgreSQL, and the stock view. Beside it, in the same moments, a reader of the kind that waits for old transactions.
 */
export async function besideIdleTransaction(run: FaultRun, { idleMs }: IdleOptions): Promise<Finding> {
  const site = await Site.create();
  const closing: (() => Promise<unknown>)[] = [() => site.remove()];
  try {
    const database = await openDatabase({ dataDir: site.dataDir, log: () => {} });
    closing.push(() => database.close());
    const { url } = database;
    const ours = await OurSubscribers.open(url);
    closing.push(() => ours.close());
    const xmin = await XminReader.open(url);
    closing.push(() => xmin.close());
    const without = await sample(ours, xmin, idleMs / 5);
    run.progress(`without: ${JSON.stringify(without)}`);
    const end = await leaveTransactionOpen(url);
    const beside = await sample(ours, xmin, idleMs, run.signal);
    run.progress(`beside the idle transaction: ${JSON.stringify(beside)}`);
    await end();
    return findingOf(without, beside, idleMs);
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

const PACE_MS = 20;

/** Greatest lag of each, in milliseconds. */
interface Lags {
  readonly samples: number;
  readonly writersProcess: number;
  readonly otherProcess: number;
  readonly stockView: number;
  readonly xminReader: number;
}

async function sample(ours: OurSubscribers, xmin: XminReader, durationMs: number, signal?: AbortSignal): Promise<Lags> {
  const greatest = { writersProcess: 0, otherProcess: 0, stockView: 0 };
  let samples = 0;
  xmin.forget();
  for (const endsAt = performance.now() + durationMs; performance.now() < endsAt; samples += 1) {
    signal?.throwIfAborted();
    await xmin.insert();
    const lags = await ours.reserve(durationMs);
    for (const name of ['writersProcess', 'otherProcess', 'stockView'] as const)
      greatest[name] = Math.max(greatest[name], lags[name]);
    await delay(PACE_MS);
  }
  return { samples, ...greatest, xminReader: xmin.greatestLagMs() };
}

function findingOf(without: Lags, beside: Lags, idleMs: number): Finding {
  const violations: string[] = [];
  for (const name of ['writersProcess', 'otherProcess', 'stockView'] as const)
    if (beside[name] > idleMs / 2) violations.push(`${name} was ${beside[name]} ms behind`);
  if (beside.xminReader < idleMs / 2)
    violations.push('The transaction held no caller up, so the comparison shows nothing.');
  const figures = Object.fromEntries([
    ['idleMs', idleMs],
    ...Object.entries(beside).map(([name, value]) => [labelOf(name), value]),
    ...Object.entries(without).map(([name, value]) => [`${labelOf(name)} without`, value]),
  ]);
  return { figures, violations };
}

const labelOf = (name: string): string => (name === 'samples' ? name : `${name} greatest lagMs`);

/** A transaction that wrote, in another database, and then does nothing. */
async function leaveTransactionOpen(url: string): Promise<() => Promise<void>> {
  const first = await connectTo(url);
  await first.query('create database elsewhere');
  await first.end();
  const client = await connectTo(Object.assign(new URL(url), { pathname: 'elsewhere' }).href);
  await client.query('begin; create table unfinished ()');
  return () => client.end();
}

class OurSubscribers {
  private constructor(
    private readonly stock: StockSide,
    private readonly reader: EventStore,
    private readonly runners: Runners,
    private readonly heads: readonly Head[],
    private readonly end: () => Promise<void>,
  ) {}

  static async open(url: string): Promise<OurSubscribers> {
    const stock = await StockSide.open(url);
    const reader = await PostgresEventStore.open({ url, writer: false, holder: 'faults' });
    const readModels = await openReadModels({ url });
    const runners = new Runners(readModels, stock.store);
    runners.addProjection(stockProjection);
    await runners.prepare();
    runners.start();
    await openChannels(stock.store, ['shop']);
    await stock.receive(SKU, 1_000_000);
    return new OurSubscribers(stock, reader, runners, [new Head(stock.store), new Head(reader)], async () => {
      await runners.stop();
      await readModels.close();
    });
  }

  /** One reservation. Gives the milliseconds from its acknowledgement until each subscriber has it. */
  async reserve(patienceMs: number) {
    await this.stock.reserve(SKU);
    const startedAt = performance.now();
    const position = await this.stock.store.head();
    const since = async (reached: Promise<unknown> | undefined) => {
      await reached;
      return performance.now() - startedAt;
    };
    const [writersProcess, otherProcess, stockView] = await Promise.all([
      since(this.heads[0]?.reaches(position)),
      since(this.heads[1]?.reaches(position)),
      since(this.runners.projection('stock').waitFor(position, patienceMs)),
    ]);
    return { writersProcess, otherProcess, stockView };
  }

  async close(): Promise<void> {
    for (const head of this.heads) await head.close();
    await this.end();
    await this.reader.close();
    await this.stock.close();
  }
}

const SKU = 'IDLE';

/** How far a subscription has come. */
class Head {
  readonly #stopping = new AbortController();
  readonly #following: Promise<void>;
  #position = 0;
  #waiting: { readonly position: number; readonly resolve: () => void } | undefined;

  constructor(store: EventStore) {
    this.#following = this.#follow(store);
  }

  async reaches(position: number): Promise<void> {
    if (this.#position >= position) return;
    await new Promise<void>((resolve) => {
      this.#waiting = { position, resolve };
    });
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }

  async #follow(store: EventStore): Promise<void> {
    for await (const page of store.subscribe({ after: 0, signal: this.#stopping.signal })) {
      this.#position = page.position;
      if (this.#waiting && this.#waiting.position <= page.position) this.#waiting.resolve();
    }
  }
}
