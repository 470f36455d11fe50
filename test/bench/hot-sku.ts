import { type Baseline, bestPoolSize, rateOf } from './baselines/baseline.js';
import { batchedInsert } from './baselines/batched-insert.js';
import { readAppendRetry } from './baselines/read-append-retry.js';
import { rowLock, selectForUpdate, skipLocked } from './baselines/row-lock.js';
import { type Bench, type Benchmark, type Contender, interleaved, type Result } from './support/benchmark.js';
import { ForgetfulStore } from './support/forgetful-store.js';
import { closedLoop, openLoop } from './support/load.js';
import { oversoldIn, reservationsIn, stockInLog } from './support/read-back.js';
import { StockSide } from './support/stock-side.js';

const IN_FLIGHT = 1_024;
const PLENTY = 1_000_000_000;
/** Fewer units than are asked for, so that most are refused while others are on their way. */
const SCARCE = 5_000;
const SCARCE_DEMAND = 20_000;

export const hotSku: Benchmark = {
  name: 'hot-sku',
  summary: 'one SKU, 1,024 reservations in flight in process, against what a database does by itself',
  run: async (bench) => {
    const stock = await StockSide.open(bench.database.url);
    try {
      const race = new HotSkuRace(bench, stock);
      await race.warmUp();
      await interleaved(bench, [
        race.reservations(),
        race.withoutStoring(),
        ...(await race.baselines()),
        race.scarce(),
        ...[50, 75, 90].map((percent) => race.atFixedRate(percent)),
      ]);
      await race.readLogBack();
    } finally {
      await stock.close();
    }
    return resultOf(bench);
  },
};

const baselineMetrics: readonly (readonly [metric: string, ratio: string, baseline: Baseline])[] = [
  ['batchedInsertRowsPerSecond', 'vsBatchedInsert', batchedInsert],
  ['rowLockPerSecond', 'vsBestRowLock', rowLock],
  ['forUpdatePerSecond', 'vsForUpdate', selectForUpdate],
  ['skipLockedPerSecond', 'vsSkipLocked', skipLocked],
  ['readAppendRetryPerSecond', 'vsReadAppendRetry', readAppendRetry],
];

class HotSkuRace {
  #skus = 0;
  #accepted = 0;
  #fastest = 0;

  constructor(
    private readonly bench: Bench,
    private readonly stock: StockSide,
  ) {}

  async warmUp(): Promise<void> {
    this.bench.progress('warming up');
    await this.#sell(await this.#shelfOf(PLENTY));
  }

  reservations(): Contender {
    return {
      name: 'reservations',
      measure: async () => {
        const load = await this.#sell(await this.#shelfOf(PLENTY));
        this.#fastest = load.perSecond;
        return { reservationsPerSecond: load.perSecond, p50Ms: load.p50Ms, p99Ms: load.p99Ms };
      },
    };
  }

  /** How much of a reservation is deciding, and how much storing what was decided. */
  withoutStoring(): Contender {
    return {
      name: 'the same, storing nothing',
      measure: async () => {
        const stock = new StockSide(new ForgetfulStore());
        await stock.receive('FORGOTTEN', PLENTY);
        const { seconds } = this.bench;
        const operation = () => stock.reserve('FORGOTTEN');
        const { perSecond } = await closedLoop({ inFlight: IN_FLIGHT, seconds, operation });
        return { withoutStoringPerSecond: perSecond };
      },
    };
  }

  /** Each baseline with the pool size at which it was fastest in a first short try. */
  async baselines(): Promise<Contender[]> {
    const contenders: Contender[] = [];
    for (const [metric, , baseline] of baselineMetrics) {
      const { database, seconds } = this.bench;
      const connections = await bestPoolSize(database, baseline, Math.min(1, seconds));
      this.bench.progress(`${baseline.name}: fastest with ${connections} connections`);
      const measure = async () => ({ [metric]: await rateOf(database, baseline, { connections, seconds }) });
      contenders.push({ name: baseline.name, measure });
    }
    return contenders;
  }

  /** More shoppers than units. What counts is read back from the log, not from the answers. */
  scarce(): Contender {
    return {
      name: 'scarce stock',
      measure: async () => {
        const reserve = await this.#shelfOf(SCARCE);
        const after = await this.stock.store.head();
        let asked = 0;
        let accepted = 0;
        const shopper = async (): Promise<void> => {
          while (asked < SCARCE_DEMAND) {
            asked += 1;
            if (await reserve()) accepted += 1;
          }
        };
        await Promise.all(Array.from({ length: IN_FLIGHT }, shopper));
        this.#accepted += accepted;
        const reserved = reservationsIn(await stockInLog(this.stock.store, after));
        if (reserved !== accepted)
          throw new Error(`${accepted} reservations were acknowledged, the log has ${reserved}.`);
        return { scarceUnsold: SCARCE - reserved };
      },
    };
  }

  /** As a share of what the closed loop reached in this round. */
  atFixedRate(percent: number): Contender {
    return {
      name: `open loop at ${percent} %`,
      measure: async () => {
        const reserve = await this.#shelfOf(PLENTY);
        const { p50Ms, p99Ms, count, refused } = await openLoop({
          perSecond: (this.#fastest * percent) / 100,
          seconds: this.bench.seconds,
          operation: reserve,
          signal: this.bench.signal,
        });
        this.#accepted += count - refused;
        const metric = `openLoop${percent}`;
        return { [`${metric}P50Ms`]: p50Ms, [`${metric}P99Ms`]: p99Ms, [`${metric}Refused`]: refused };
      },
    };
  }

  /** Every acknowledged reservation must be in the log once. Oversold is one figure of the whole run: a median would hide it. */
  async readLogBack(): Promise<void> {
    this.bench.progress('reading the whole log back');
    const streams = await stockInLog(this.stock.store);
    const stored = reservationsIn(streams);
    if (stored !== this.#accepted)
      throw new Error(`${this.#accepted} reservations acknowledged, ${stored} in the log.`);
    this.bench.measurements.record('oversold', oversoldIn(streams));
    this.bench.progress(`${stored} acknowledged reservations found in the log, each once`);
  }

  /**
   * Reserves a unit of a new SKU each time it is called. By a runner of its own: the hundreds of thousands of holds of the
   * measurement before would stay in memory, and the collector would go through them in this one.
   */
  async #shelfOf(units: number): Promise<() => Promise<boolean>> {
    this.#skus += 1;
    const sku = `HOT-${this.#skus}`;
    const stock = new StockSide(this.stock.store);
    await stock.receive(sku, units);
    return () => stock.reserve(sku);
  }

  async #sell(reserve: () => Promise<boolean>) {
    const { seconds } = this.bench;
    const load = await closedLoop({ inFlight: IN_FLIGHT, seconds, operation: reserve });
    this.#accepted += load.count - load.refused;
    return load;
  }
}

function resultOf({ measurements }: Bench): Result {
  const ours = 'reservationsPerSecond';
  const rates = [ours, ...baselineMetrics.map(([metric]) => metric)];
  const latencies = ['p50Ms', 'p99Ms', ...[50, 75, 90].flatMap((p) => [`openLoop${p}P50Ms`, `openLoop${p}P99Ms`])];
  return {
    ratios: [
      ...baselineMetrics.map(([metric, ratio]) => measurements.ratio(ratio, ours, metric)),
      measurements.ratio('vsWithoutStoring', ours, 'withoutStoringPerSecond'),
    ],
    charts: [
      { title: 'Durable reservations (or rows) per second', bars: rates.map((rate) => measurements.figure(rate)) },
      { title: 'Milliseconds until the answer', bars: latencies.map((latency) => measurements.figure(latency)) },
    ],
  };
}
