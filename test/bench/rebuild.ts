import { eventRegistry } from '#contracts';
import { type EventStore, withRegistry } from '#event-sourcing';
import { PostgresEventStore } from '#event-store-postgres';
import { compareProjection, openReadModels, type Projection, type ReadModels, Runners } from '#read-models';
import { dueReservationsProjection } from '../../apps/inventory/src/views/due-reservations/due-reservations.projection.js';
import { stockProjection } from '../../apps/inventory/src/views/stock/stock.projection.js';
import { runOps } from './servers/child.js';
import { type Bench, type Benchmark, type Contender, interleaved, type Result } from './support/benchmark.js';
import { fillSales, openChannels } from './support/filling.js';
import { openLoop } from './support/load.js';
import { StockSide, skusOf } from './support/stock-side.js';
import { zipf } from './support/zipf.js';

const SKUS = 10_000;
const SALES = 500_000;
const CHANNELS = ['shop', 'amazon', 'ebay', 'etsy', 'till'];
/** What goes on meanwhile: the live view is kept up to date with these, and read. */
const SOLD_MEANWHILE = 'SOLD-MEANWHILE';
const SALES_PER_SECOND = 200;
const READS_PER_SECOND = 200;
const RETRY_FOR_MS = 600_000;

interface View {
  readonly projection: Projection;
  /** What its figures are called. */
  readonly metric: string;
  /** A row or some of one SKU. */
  readonly read: string;
}

const views: readonly View[] = [
  { projection: stockProjection, metric: 'stock', read: 'select * from view_stock.stock where sku = $1' },
  {
    projection: dueReservationsProjection,
    metric: 'dueReservations',
    read: 'select * from view_due_reservations.holds where sku = $1 limit 20',
  },
];

export const rebuildOfViews: Benchmark = {
  name: 'rebuild',
  summary: 'views of a log of a million events built again beside the live ones, while it is sold from and read',
  run: async (bench) => {
    const shop = await Shop.open(bench);
    try {
      await interleaved(bench, [shop.readingTheLog(), ...views.map((view) => shop.rebuilding(view))]);
      for (const view of views) await shop.compare(view);
    } finally {
      await shop.close();
    }
    return resultOf(bench);
  },
};

/** Stock that is sold from, and its live views; `ops rebuild` runs beside them in a process of its own, as it does in life. */
class Shop {
  private constructor(
    private readonly bench: Bench,
    private readonly stock: StockSide,
    private readonly log: EventStore,
    private readonly readModels: ReadModels,
    private readonly runners: Runners,
    private readonly draw: () => string,
  ) {}

  static async open(bench: Bench): Promise<Shop> {
    const { url } = bench.database;
    const skus = skusOf('REBUILT', SKUS);
    const draw = zipf(skus);
    bench.progress(`filling a log of ${SKUS + 2 * SALES} events`);
    const stock = await StockSide.open(url);
    await openChannels(stock.store, CHANNELS);
    await fillSales(stock.store, skus, draw, SALES);
    await stock.receive(SOLD_MEANWHILE, 1_000_000_000);
    bench.progress('letting the live views catch up');
    const readModels = await openReadModels({ url });
    const runners = new Runners(readModels, stock.store);
    for (const { projection } of views) runners.addProjection(projection);
    await runners.prepare();
    runners.start();
    const reader = await PostgresEventStore.open({ url, writer: false, holder: 'benchmark' });
    const shop = new Shop(bench, stock, withRegistry(reader, eventRegistry), readModels, runners, draw);
    await shop.#shown();
    return shop;
  }

  /** Every event of the log read and parsed, and nothing made of it: what no rebuild can exceed. */
  readingTheLog(): Contender {
    return {
      name: 'reading the log',
      measure: async () => {
        const startedAt = performance.now();
        let events = 0;
        for (let after = 0, caughtUp = false; !caughtUp; ) {
          const page = await this.log.readAll({ after, limit: 10_000 });
          events += page.events.length;
          after = page.position;
          caughtUp = page.caughtUp;
        }
        return { logEventsPerSecond: (events * 1_000) / (performance.now() - startedAt) };
      },
    };
  }

  rebuilding({ projection, metric, read }: View): Contender {
    return {
      name: `rebuilding ${projection.name}`,
      measure: async () => {
        const done = new AbortController();
        const meanwhile = { seconds: RETRY_FOR_MS / 1_000, signal: done.signal };
        const sales = openLoop({
          ...meanwhile,
          perSecond: SALES_PER_SECOND,
          operation: () => this.stock.reserve(SOLD_MEANWHILE),
        });
        const reads = openLoop({
          ...meanwhile,
          perSecond: READS_PER_SECOND,
          operation: () => this.readModels.query(read, [this.draw()]),
        });
        const said = await runOps(this.bench.database, ['rebuild', projection.name]);
        done.abort();
        // A read or a sale that fails ends the benchmark.
        const { p99Ms: readP99Ms } = await reads;
        const { p99Ms: saleP99Ms } = await sales;
        return {
          [`${metric}EventsPerSecond`]: eventsPerSecondIn(said),
          [`${metric}ReadP99Ms`]: readP99Ms,
          [`${metric}SaleP99Ms`]: saleP99Ms,
        };
      },
    };
  }

  /** The view that was switched in must be what a fold of the log gives. */
  async compare({ projection }: View): Promise<void> {
    await this.#shown();
    const { signal } = this.bench;
    const { equal, tables } = await compareProjection(this.readModels, projection, this.log, { signal });
    if (!equal) throw new Error(`View ${projection.name} differs from the log: ${JSON.stringify(tables)}`);
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    this.bench.progress(`view ${projection.name} equals a fold of the log (${rows} rows)`);
  }

  async close(): Promise<void> {
    await this.runners.stop();
    await this.readModels.close();
    await this.log.close();
    await this.stock.close();
  }

  async #shown(): Promise<void> {
    const head = await this.stock.store.head();
    for (const { projection } of views) await this.runners.projection(projection.name).waitFor(head, RETRY_FOR_MS);
  }
}

function eventsPerSecondIn(said: string): number {
  const found = /\(([\d,]+) events\/s\)/.exec(said)?.[1];
  if (found === undefined) throw new Error(`The rebuild did not tell its rate: ${said}`);
  return Number(found.replaceAll(',', ''));
}

function resultOf({ measurements }: Bench): Result {
  const bars = (...metrics: readonly string[]) => metrics.map((metric) => measurements.figure(metric));
  const rates = views.map(({ metric }) => `${metric}EventsPerSecond`);
  return {
    ratios: views.map(({ metric }) =>
      measurements.ratio(`${metric}VsReadingTheLog`, `${metric}EventsPerSecond`, 'logEventsPerSecond'),
    ),
    charts: [
      { title: 'Events per second', bars: bars('logEventsPerSecond', ...rates) },
      {
        title: '99th percentile while a view is built again, in milliseconds',
        bars: bars(...views.flatMap(({ metric }) => [`${metric}ReadP99Ms`, `${metric}SaleP99Ms`])),
      },
    ],
  };
}
