import { openReadModels, Runners } from '#read-models';
import { stockDecider } from '../../apps/inventory/src/stock/stock.decider.js';
import { stockProjection } from '../../apps/inventory/src/views/stock/stock.projection.js';
import { call, caughtUp } from './clients/api.js';
import { startStandalone } from './servers/child.js';
import { type Bench, type Benchmark, type Contender, interleaved } from './support/benchmark.js';
import type { ChartPanel } from './support/chart.js';
import { fillLog, fillStream, openChannels, setBuffer } from './support/filling.js';
import { openLoop } from './support/load.js';
import { StockSide, skusOf } from './support/stock-side.js';

const STREAM_LENGTHS = [100, 1_000, 10_000, 100_000, 1_000_000];
/** Replaying more than this takes seconds, and is only for comparison. */
const REPLAYED_MAX = 100_000;
const LOG_SIZES = [100_000, 1_000_000];
const LOG_SIZE_LONG = 10_000_000;
const EVENTS_PER_SKU = 100;
const CHANNEL_COUNTS = [1, 10, 100];
const SKUS_SOLD = 5_000;
const SKU_COUNTS = [1_000, 10_000, 100_000];
const CHANNELS_OF_RULE = 20;
const SALES_PER_SECOND = 200;
const RETRY_FOR_MS = 3_600_000;

export const growth: Benchmark = {
  name: 'growth',
  summary: 'what things cost as streams, the log, the channels and the SKUs grow',
  run: async (bench) => {
    const { sizes: logSizes, contenders: starts } = await startUps(bench);
    await interleaved(bench, starts);
    await streamLengths(bench);
    for (const channels of CHANNEL_COUNTS) await salesOver(bench, channels);
    for (const skus of SKU_COUNTS) await ruleChangeOver(bench, skus);
    return { ratios: ratiosOf(bench), charts: chartsOf(bench, logSizes) };
  },
};

/** A reservation on a stream that is not in memory: the snapshot, the events after it, the decision, the commit. */
async function streamLengths(bench: Bench): Promise<void> {
  const stock = await StockSide.open(await bench.database.createDatabase('lengths'));
  const { snapshot: _, ...withoutSnapshot } = stockDecider;
  try {
    for (const length of STREAM_LENGTHS) {
      bench.progress(`filling a stream of ${length} events`);
      await fillStream(stock, `LENGTH-${length}`, length);
    }
    const cold = (metric: string, length: number, decider = stockDecider): Contender => ({
      name: metric,
      measure: async () => ({
        [`${metric}.${length}`]: await timed(() => new StockSide(stock.store, {}, decider).reserve(`LENGTH-${length}`)),
      }),
    });
    const replayed = STREAM_LENGTHS.filter((length) => length <= REPLAYED_MAX);
    await interleaved(bench, [
      ...STREAM_LENGTHS.map((length) => cold('firstReservationMs', length)),
      ...replayed.map((length) => cold('withoutSnapshotMs', length, withoutSnapshot)),
    ]);
  } finally {
    await stock.close();
  }
}

/** Start after a kill -9 until the first reservation has been answered: the stock side alone, and all of standalone. */
async function startUps(bench: Bench): Promise<{ sizes: readonly number[]; contenders: readonly Contender[] }> {
  const sizes = bench.long ? [...LOG_SIZES, LOG_SIZE_LONG] : LOG_SIZES;
  const contenders: Contender[] = [];
  for (const size of sizes) {
    bench.progress(`filling a log of ${size} events`);
    const url = await bench.database.createDatabase(`log-${size}`);
    const skus = skusOf('LOG', size / EVENTS_PER_SKU);
    const stock = await StockSide.open(url);
    await openChannels(stock.store, ['shop']);
    await fillLog(stock.store, skus, size);
    await stock.close();
    bench.progress('letting the views catch up');
    const standalone = () => startStandalone({ url, folder: bench.database.folder });
    const first = await standalone();
    await caughtUp(first.httpUrl, bench.signal, RETRY_FOR_MS);
    await first.stop('SIGKILL');
    contenders.push(
      { name: 'start of the stock side', measure: () => stockSideStart(url, skus[0] ?? '', size) },
      { name: 'start of standalone', measure: () => standaloneStart(standalone, skus[1] ?? '', size) },
    );
  }
  return { sizes, contenders };
}

async function stockSideStart(url: string, sku: string, size: number) {
  let stock: StockSide | undefined;
  const durationMs = await timed(async () => {
    stock = await StockSide.open(url);
    if (!(await stock.reserve(sku))) throw new Error(`Nothing left of ${sku}.`);
  });
  await stock?.close();
  return { [`stockSideStartMs.${size}`]: durationMs };
}

async function standaloneStart(standalone: () => ReturnType<typeof startStandalone>, sku: string, size: number) {
  let server: Awaited<ReturnType<typeof startStandalone>> | undefined;
  const durationMs = await timed(async () => {
    server = await standalone();
    await call(server.httpUrl, 'POST', '/v1/reservations', { sku, channel: 'shop', units: 1 });
  });
  await server?.stop('SIGKILL');
  return { [`standaloneStartMs.${size}`]: durationMs };
}

/** A sale on each of many SKUs, until the stock view shows it on all channels. */
async function salesOver(bench: Bench, channels: number): Promise<void> {
  const view = await StockView.open(bench, { name: `channels-${channels}`, channels, skus: SKUS_SOLD });
  try {
    await view.sell();
    const measure = async () => ({ [`viewMicrosPerSale.${channels}`]: ((await view.sell()) * 1_000) / SKUS_SOLD });
    await interleaved(bench, [{ name: `${channels} channels`, measure }]);
  } finally {
    await view.close();
  }
}

/** A rule of one channel changes, and with it the number of every SKU there. Single sales go on meanwhile. */
async function ruleChangeOver(bench: Bench, skus: number): Promise<void> {
  const view = await StockView.open(bench, { name: `skus-${skus}`, channels: CHANNELS_OF_RULE, skus });
  try {
    const measure = async (round: number) => {
      const { changeMs, salesP99Ms } = await view.changeRule(round);
      return { [`ruleChangeMs.${skus}`]: changeMs, [`salesP99MsMeanwhile.${skus}`]: salesP99Ms };
    };
    await interleaved(bench, [{ name: `rule change over ${skus} SKUs`, measure }]);
  } finally {
    await view.close();
  }
}

/** The stock view kept up to date in this process, as standalone does, over SKUs and channels of its own. */
class StockView {
  private constructor(
    private readonly stock: StockSide,
    private readonly runners: Runners,
    private readonly skus: readonly string[],
    private readonly end: () => Promise<void>,
  ) {}

  static async open(
    bench: Bench,
    { name, channels, skus }: { readonly name: string; readonly channels: number; readonly skus: number },
  ): Promise<StockView> {
    bench.progress(`filling ${skus} SKUs for ${channels} channels`);
    const url = await bench.database.createDatabase(name);
    const stock = await StockSide.open(url);
    const readModels = await openReadModels({ url });
    const runners = new Runners(readModels, stock.store);
    runners.addProjection(stockProjection);
    await openChannels(stock.store, skusOf('channel', channels));
    const all = skusOf('VIEW', skus);
    await fillLog(stock.store, all, skus);
    await runners.prepare();
    runners.start();
    const view = new StockView(stock, runners, all, async () => {
      await runners.stop();
      await readModels.close();
      await stock.close();
    });
    await view.#shown();
    return view;
  }

  /** One sale per SKU; gives the milliseconds until all are shown. */
  sell(): Promise<number> {
    return timed(async () => {
      await Promise.all(this.skus.map((sku) => this.stock.reserve(sku)));
      await this.#shown();
    });
  }

  async changeRule(buffer: number): Promise<{ changeMs: number; salesP99Ms: number }> {
    const done = new AbortController();
    const operation = () => this.stock.reserve(this.skus[Math.floor(Math.random() * this.skus.length)] ?? '');
    const sales = openLoop({ perSecond: SALES_PER_SECOND, seconds: RETRY_FOR_MS, operation, signal: done.signal });
    const changeMs = await timed(async () => {
      await setBuffer(this.stock.store, 'channel-0', buffer);
      await this.#shown();
    });
    done.abort();
    return { changeMs, salesP99Ms: (await sales).p99Ms };
  }

  async #shown(): Promise<void> {
    await this.runners.projection('stock').waitFor(await this.stock.store.head(), RETRY_FOR_MS / 10);
  }

  close(): Promise<void> {
    return this.end();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function ratiosOf({ measurements }: Bench) {
  const growthOf = (name: string, metric: string, from: number, to: number) =>
    measurements.ratio(name, `${metric}.${to}`, `${metric}.${from}`);
  return [
    growthOf('streamOfMillionVsThousand', 'firstReservationMs', 1_000, 1_000_000),
    growthOf('standaloneStartMillionVsHundredThousand', 'standaloneStartMs', 100_000, 1_000_000),
    growthOf('saleOver100ChannelsVs1', 'viewMicrosPerSale', 1, 100),
    growthOf('ruleChange100000SkusVs1000', 'ruleChangeMs', 1_000, 100_000),
  ];
}

function chartsOf({ measurements }: Bench, logSizes: readonly number[]): ChartPanel[] {
  const panel = (title: string, steps: readonly number[], ...metrics: readonly string[]): ChartPanel => ({
    title,
    bars: metrics.flatMap((metric) => steps.map((step) => measurements.figure(`${metric}.${step}`))),
  });
  return [
    panel('Milliseconds to the first reservation, by events in the stream', STREAM_LENGTHS, 'firstReservationMs'),
    panel(
      'The same without snapshots',
      STREAM_LENGTHS.filter((length) => length <= REPLAYED_MAX),
      'withoutSnapshotMs',
    ),
    panel(
      'Milliseconds from start to first reservation, by events in the log',
      logSizes,
      'stockSideStartMs',
      'standaloneStartMs',
    ),
    panel('Microseconds per sale until shown, by channels', CHANNEL_COUNTS, 'viewMicrosPerSale'),
    panel('Milliseconds for a rule change over 20 channels, by SKUs', SKU_COUNTS, 'ruleChangeMs'),
    panel('99th percentile of single sales meanwhile, in milliseconds', SKU_COUNTS, 'salesP99MsMeanwhile'),
  ];
}
