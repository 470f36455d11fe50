import { Overloaded } from '#event-sourcing';
import { type Bench, type Benchmark, type Contender, interleaved, type Result } from './support/benchmark.js';
import { closedLoop, openLoop } from './support/load.js';
import { oversoldIn, stockInLog } from './support/read-back.js';
import { metadata, reserveOne, StockSide, skusOf } from './support/stock-side.js';
import { zipf } from './support/zipf.js';

const SKUS = 10_000;
const IN_FLIGHT = 1_024;
const PLENTY = 1_000_000_000;
const NEIGHBOURS_PER_SECOND = 1_000;
/** The bound of one stream's mailbox, and what is sent at once beyond it. */
const MAX_WAITING = 16_384;
const EXCESS = 2_048;

export const spread: Benchmark = {
  name: 'spread',
  summary: '10,000 SKUs by Zipf and evenly, others beside a hot SKU, and overload of one SKU',
  run: async (bench) => {
    const stock = await StockSide.open(bench.database.url, { maxWaitingPerStream: MAX_WAITING });
    try {
      const skus = skusOf('SPREAD', SKUS);
      bench.progress(`receiving stock of ${SKUS} SKUs`);
      await stock.receiveAll(skus, PLENTY);
      const hot = oneSku(bench, stock);
      await hot.measure(0);
      await interleaved(bench, [
        hot,
        drawing(bench, stock, 'zipf', zipf(skus)),
        drawing(bench, stock, 'even', () => skus[Math.floor(Math.random() * SKUS)]),
        neighbours(bench, stock, skus),
        overload(stock),
      ]);
      const oversold = oversoldIn(await stockInLog(stock.store));
      if (oversold > 0) throw new Error(`${oversold} units were promised twice.`);
    } finally {
      await stock.close();
    }
    return resultOf(bench);
  },
};

/**
 * A new one in each round: half a million holds on one SKU are more than any shop has, and what goes through them (a
 * snapshot, the collector) would be measured with the rest.
 */
function oneSku(bench: Bench, stock: StockSide): Contender {
  return {
    name: 'hot',
    measure: async (round) => {
      const sku = await received(stock, `HOT-${round}`);
      return drawing(bench, stock, 'hot', () => sku).measure(round);
    },
  };
}

async function received(stock: StockSide, sku: string): Promise<string> {
  await stock.receive(sku, PLENTY);
  return sku;
}

function drawing(bench: Bench, stock: StockSide, name: string, draw: () => string | undefined): Contender {
  return {
    name,
    measure: async () => {
      const operation = () => stock.reserve(draw() ?? '');
      const load = await closedLoop({ inFlight: IN_FLIGHT, seconds: bench.seconds, operation });
      return { [`${name}PerSecond`]: load.perSecond, [`${name}P50Ms`]: load.p50Ms, [`${name}P99Ms`]: load.p99Ms };
    },
  };
}

/** Commands on other SKUs at a fixed rate, alone and beside a SKU that is asked for as fast as it can answer. */
function neighbours(bench: Bench, stock: StockSide, skus: readonly string[]): Contender {
  const others = skus.slice(0, 1_000);
  const measureOthers = () => {
    const operation = () => stock.reserve(others[Math.floor(Math.random() * others.length)] ?? '');
    return openLoop({ perSecond: NEIGHBOURS_PER_SECOND, seconds: bench.seconds, operation, signal: bench.signal });
  };
  return {
    name: 'other SKUs beside a hot one',
    measure: async (round) => {
      const hotSku = await received(stock, `HOT-BESIDE-${round}`);
      const alone = await measureOthers();
      const beside = measureOthers();
      const hot = await closedLoop({
        inFlight: IN_FLIGHT,
        seconds: bench.seconds,
        operation: () => stock.reserve(hotSku),
      });
      const { p50Ms, p99Ms } = await beside;
      return {
        othersAloneP50Ms: alone.p50Ms,
        othersAloneP99Ms: alone.p99Ms,
        othersBesideHotP50Ms: p50Ms,
        othersBesideHotP99Ms: p99Ms,
        hotBesideOthersP99Ms: hot.p99Ms,
      };
    },
  };
}

/** More at once than the mailbox takes: the rest get the time the queue needs, and the queue is then watched. */
function overload(stock: StockSide): Contender {
  return {
    name: 'overload of one SKU',
    measure: async (round) => {
      const sku = await received(stock, `FULL-${round}`);
      // The estimate is a moving average of what was just measured.
      await closedLoop({ inFlight: IN_FLIGHT, seconds: 0.5, operation: () => stock.reserve(sku) });
      const refusals: { readonly atMs: number; readonly estimateMs: number }[] = [];
      const answers = Array.from({ length: MAX_WAITING + EXCESS }, async () => {
        const own = metadata();
        try {
          await stock.execute(sku, reserveOne(own.commandId), own);
        } catch (error) {
          if (!(error instanceof Overloaded)) throw error;
          refusals.push({ atMs: performance.now(), estimateMs: error.retryAfterMs });
        }
      });
      await Promise.all(answers);
      const last = refusals.at(-1);
      if (!last) throw new Error('No caller was refused, so there is no estimate to look at.');
      return {
        overloadRefused: refusals.length,
        drainEstimateMs: last.estimateMs,
        drainMs: performance.now() - last.atMs,
      };
    },
  };
}

function resultOf({ measurements }: Bench): Result {
  const bars = (...metrics: readonly string[]) => metrics.map((metric) => measurements.figure(metric));
  return {
    ratios: [
      measurements.ratio('zipfVsHot', 'zipfPerSecond', 'hotPerSecond'),
      measurements.ratio('evenVsHot', 'evenPerSecond', 'hotPerSecond'),
      measurements.ratio('othersP99BesideHotVsAlone', 'othersBesideHotP99Ms', 'othersAloneP99Ms'),
      measurements.ratio('othersP99VsHotP99', 'othersBesideHotP99Ms', 'hotBesideOthersP99Ms'),
      measurements.ratio('drainEstimateVsMeasured', 'drainEstimateMs', 'drainMs'),
    ],
    charts: [
      { title: 'Durable reservations per second', bars: bars('hotPerSecond', 'zipfPerSecond', 'evenPerSecond') },
      {
        title: 'Milliseconds until the answer on other SKUs (1,000 per second), alone and beside a hot SKU',
        bars: bars('othersAloneP50Ms', 'othersBesideHotP50Ms', 'othersAloneP99Ms', 'othersBesideHotP99Ms'),
      },
      {
        title: 'Milliseconds to drain a full mailbox, as told and as measured',
        bars: bars('drainEstimateMs', 'drainMs'),
      },
    ],
  };
}
