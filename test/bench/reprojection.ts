import { newId } from '#kernel';
import { call, caughtUp } from './clients/api.js';
import { type Availability, watchAvailability } from './clients/grpc-load.js';
import { type ServerProcess, startStandalone } from './servers/child.js';
import { type Bench, type Benchmark, type Contender, interleaved, type Result } from './support/benchmark.js';
import { type LoadResult, openLoop } from './support/load.js';

const SALES_PER_SECOND = [250, 1_000, 2_500, 5_000];
const CHANNELS = ['shop', 'till', 'amazon', 'ebay', 'etsy'] as const;
const SKUS = 1_000;
const SALES_PER_REQUEST = 50;
const PLENTY = 1_000_000;

export const reprojection: Benchmark = {
  name: 'reprojection',
  summary: 'a sale on one channel until the number of every other channel is published, at fixed rates over 5 channels',
  run: async (bench) => {
    const einklang = await startStandalone(bench.database);
    try {
      const shop = await Shop.open(bench, einklang);
      bench.progress('warming up');
      for (const perSecond of SALES_PER_SECOND) await shop.sell(perSecond);
      await interleaved(
        bench,
        SALES_PER_SECOND.map((perSecond) => shop.atRate(perSecond)),
      );
    } finally {
      await einklang.stop();
    }
    return resultOf(bench);
  },
};

/** Sells single units, each on the next SKU and channel, and watches which numbers the channels get. */
class Shop {
  /** Per SKU: what will be left once every sale that was sent is shown. */
  readonly #left = new Map<string, number>();
  /** Per SKU: who waits for a number, the oldest first. */
  readonly #waiting = new Map<string, { readonly left: number; readonly shown: () => void }[]>();
  #sales = 0;

  private constructor(
    private readonly bench: Bench,
    private readonly einklang: ServerProcess,
  ) {}

  static async open(bench: Bench, einklang: ServerProcess): Promise<Shop> {
    const { httpUrl: url } = einklang;
    await call(url, 'PUT', '/v1/locations/main', { name: 'main' });
    for (const channel of CHANNELS) await call(url, 'PUT', `/v1/supply-maps/${channel}`, { locationIds: ['main'] });
    const shop = new Shop(bench, einklang);
    const skus = Array.from({ length: SKUS }, (_, number) => `SKU-${number}`);
    for (const sku of skus) shop.#left.set(sku, PLENTY);
    const receipt = (sku: string) => ({ kind: 'receipt', commandId: newId(), sku, locationId: 'main', units: PLENTY });
    await call(url, 'POST', '/v1/stock/movements/bulk', { movements: skus.map(receipt) });
    await caughtUp(url, bench.signal);
    watchAvailability(einklang.grpcPort, { signal: bench.signal, onChange: (change) => shop.#see(change) });
    return shop;
  }

  atRate(perSecond: number): Contender {
    return {
      name: `${perSecond} sales/s`,
      measure: async () => {
        const { perSecond: requests, p50Ms, p99Ms } = await this.sell(perSecond);
        return {
          [`shownPerSecondAt.${perSecond}`]: requests * SALES_PER_REQUEST,
          [`p50MsAt.${perSecond}`]: p50Ms,
          [`p99MsAt.${perSecond}`]: p99Ms,
        };
      },
    };
  }

  /** Latency is that of the last of the sales that share a request. */
  async sell(perSecond: number): Promise<LoadResult> {
    const { httpUrl: url } = this.einklang;
    const { seconds, signal } = this.bench;
    const operation = async () => {
      const { sales, shown } = this.#nextSales();
      await call(url, 'POST', '/v1/channel-sales/bulk', { sales });
      await shown;
    };
    const load = await openLoop({ perSecond: perSecond / SALES_PER_REQUEST, seconds, operation, signal });
    await caughtUp(url, signal);
    return load;
  }

  #nextSales() {
    const placedAt = new Date().toISOString();
    const sales: object[] = [];
    const shown: Promise<void>[] = [];
    for (let count = 0; count < SALES_PER_REQUEST; count += 1) {
      this.#sales += 1;
      const sku = `SKU-${this.#sales % SKUS}`;
      sales.push({
        channel: CHANNELS[this.#sales % CHANNELS.length],
        externalOrderId: `S-${this.#sales}`,
        placedAt,
        currency: 'EUR',
        lines: [{ lineId: '1', sku, units: 1, unitPriceMinor: 100 }],
      });
      shown.push(this.#whenShown(sku));
    }
    return { sales, shown: Promise.all(shown) };
  }

  #whenShown(sku: string): Promise<void> {
    const left = (this.#left.get(sku) ?? 0) - 1;
    this.#left.set(sku, left);
    return new Promise((shown) => {
      const waiting = this.#waiting.get(sku) ?? [];
      waiting.push({ left, shown });
      this.#waiting.set(sku, waiting);
    });
  }

  #see({ sku, available }: Availability): void {
    const highest = Math.max(...CHANNELS.map((channel) => available[channel] ?? PLENTY));
    const waiting = this.#waiting.get(sku) ?? [];
    while (waiting[0] && highest <= waiting[0].left) waiting.shift()?.shown();
  }
}

function resultOf({ measurements }: Bench): Result {
  const panel = (title: string, metric: string) => ({
    title,
    bars: SALES_PER_SECOND.map((perSecond) => measurements.figure(`${metric}.${perSecond}`)),
  });
  return {
    ratios: [],
    charts: [
      panel('Milliseconds until every channel has the number, median, by sales per second', 'p50MsAt'),
      panel('The same, 99th percentile', 'p99MsAt'),
      panel('Sales per second that came through', 'shownPerSecondAt'),
    ],
  };
}
