import { Overloaded } from '#event-sourcing';
import { Rejected } from '#kernel';
import { type Bench, type Benchmark, type Contender, interleaved, type Result } from './support/benchmark.js';
import { closedLoop } from './support/load.js';
import { oversoldIn, stockInLog } from './support/read-back.js';
import { metadata, reserveOne, StockSide, skusOf } from './support/stock-side.js';

const SKUS = 100;
const SKUS_PER_BASKET = 3;
const IN_FLIGHT = 512;
const PLENTY = 1_000_000_000;
/** Per SKU. Runs out long before the time does, SKU by SKU, so that many baskets are refused because of one of three. */
const SCARCE = 50;

export const baskets: Benchmark = {
  name: 'baskets',
  summary: 'reservations of 3 random SKUs of 100 at once, all or nothing',
  run: async (bench) => {
    const stock = await StockSide.open(bench.database.url);
    try {
      const faults: Faults = { partial: 0, oversold: 0 };
      await selling(bench, stock, { name: 'warmUp', units: PLENTY, faults }).measure(0);
      await interleaved(bench, [
        selling(bench, stock, { name: '', units: PLENTY, faults }),
        selling(bench, stock, { name: 'scarce', units: SCARCE, faults }),
      ]);
      bench.measurements.record('partialBaskets', faults.partial);
      bench.measurements.record('oversold', faults.oversold);
    } finally {
      await stock.close();
    }
    return resultOf(bench);
  },
};

/** Of the whole run: a median over rounds would hide one. */
interface Faults {
  partial: number;
  oversold: number;
}

function selling(
  bench: Bench,
  stock: StockSide,
  { name, units, faults }: { readonly name: string; readonly units: number; readonly faults: Faults },
): Contender {
  const metric = (suffix: string) => (name ? name + suffix : suffix.charAt(0).toLowerCase() + suffix.slice(1));
  return {
    name: name || 'plenty',
    measure: async (round) => {
      const skus = skusOf(`${name || 'PLENTY'}-${round}`, SKUS);
      await stock.receiveAll(skus, units);
      const after = (await stock.store.head()) - SKUS;
      const accepted = new Set<string>();
      const load = await closedLoop({
        inFlight: IN_FLIGHT,
        seconds: bench.seconds,
        operation: () => reserveBasket(stock, skus, accepted),
      });
      const { partial, oversold } = await readBack(stock, after, accepted);
      faults.partial += partial;
      faults.oversold += oversold;
      return {
        [metric('BasketsPerSecond')]: load.perSecond,
        [metric('P50Ms')]: load.p50Ms,
        [metric('P99Ms')]: load.p99Ms,
        [metric('Refused')]: load.refused,
      };
    },
  };
}

/** All units of the basket or none. The id of the basket is the reservation id on each of its SKUs. */
async function reserveBasket(stock: StockSide, skus: readonly string[], accepted: Set<string>): Promise<boolean> {
  const own = metadata();
  const command = reserveOne(own.commandId);
  try {
    await stock.executeOnAll(randomly(skus), command, own);
    accepted.add(own.commandId);
    return true;
  } catch (error) {
    if (error instanceof Rejected || error instanceof Overloaded) return false;
    throw error;
  }
}

function randomly(skus: readonly string[]): string[] {
  const drawn = new Set<string>();
  while (drawn.size < SKUS_PER_BASKET) drawn.add(skus[Math.floor(Math.random() * skus.length)] ?? '');
  return [...drawn];
}

/** From the log: baskets that are there in part, and acknowledged ones that are not there at all. */
async function readBack(stock: StockSide, after: number, accepted: ReadonlySet<string>) {
  const found = new Map<string, number>();
  const streams = await stockInLog(stock.store, after, (basket) => found.set(basket, (found.get(basket) ?? 0) + 1));
  const partial = [...found.values()].filter((skus) => skus !== SKUS_PER_BASKET).length;
  const missing = [...accepted].filter((basket) => !found.has(basket)).length;
  if (missing > 0 || found.size !== accepted.size)
    throw new Error(`${accepted.size} baskets were acknowledged; the log has ${found.size}, ${missing} are missing.`);
  return { partial, oversold: oversoldIn(streams) };
}

function resultOf({ measurements }: Bench): Result {
  const bars = (...metrics: readonly string[]) => metrics.map((metric) => measurements.figure(metric));
  return {
    ratios: [],
    charts: [
      { title: 'Baskets of 3 SKUs decided per second', bars: bars('basketsPerSecond', 'scarceBasketsPerSecond') },
      { title: 'Milliseconds until the answer', bars: bars('p50Ms', 'p99Ms', 'scarceP50Ms', 'scarceP99Ms') },
    ],
  };
}
