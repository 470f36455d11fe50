import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '#kernel';
import { LaunchedProcess } from '../faults/support/launched-process.js';
import { call } from './clients/api.js';
import type { Bench, Benchmark, Result } from './support/benchmark.js';
import { openLoop } from './support/load.js';

const REQUESTS_PER_SECOND = 540;
const SKUS = 48_600;
/** A machine that is busy with other things answers fewer, and must not be left with thousands of open requests. */
const IN_FLIGHT_MAX = 256;
const IDLE_MINUTES = 3;
const MIB = 1_048_576;

export const memory: Benchmark = {
  name: 'memory',
  summary: `resident memory minute by minute: ${REQUESTS_PER_SECOND} requests/s over ${SKUS} new SKUs, then nothing, then the demo`,
  run: async (bench) => {
    await underRequests(bench);
    await underDemo(bench);
    return resultOf(bench);
  },
};

async function underRequests(bench: Bench): Promise<void> {
  await launched(bench, 'start', async (system, url) => {
    await call(url, 'PUT', '/v1/locations/main', { name: 'main' });
    await call(url, 'PUT', '/v1/supply-maps/shop', { locationIds: ['main'] });
    const shop = new NewSkus(url);
    const seconds = bench.minutes * 60;
    const load = openLoop({
      perSecond: REQUESTS_PER_SECOND,
      seconds,
      operation: () => shop.next(),
      signal: bench.signal,
    });
    await watch(bench, system, url, 'requests', bench.minutes);
    await load;
    bench.measurements.record('requestsAnswered', shop.answered);
    await watch(bench, system, url, 'idle', IDLE_MINUTES);
  });
}

async function underDemo(bench: Bench): Promise<void> {
  await launched(bench, 'demo', (system, url) => watch(bench, system, url, 'demo', bench.minutes));
}

async function launched(
  bench: Bench,
  task: 'start' | 'demo',
  work: (system: LaunchedProcess, url: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'einklang-bench-memory-'));
  const system = new LaunchedProcess(
    {
      EINKLANG_DATA_DIR: folder,
      EINKLANG_HTTP_PORT: '0',
      EINKLANG_GRPC_PORT: '0',
      EINKLANG_LOG_LEVEL: 'error',
    },
    task,
  );
  try {
    const { httpUrl } = await system.ready();
    bench.progress(`${task} answers`);
    await work(system, httpUrl);
  } finally {
    await system.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Says each minute what the process takes, and records it. */
async function watch(
  bench: Bench,
  system: LaunchedProcess,
  url: string,
  under: string,
  minutes: number,
): Promise<void> {
  for (let minute = 1; minute <= minutes; minute += 1) {
    await delay(60_000, undefined, { signal: bench.signal });
    if (system.hasEnded) throw new Error('The system ended under its load.');
    const { residentMiB, heapMiB } = await taken(url);
    bench.measurements.record(`residentMiB.${under}`, residentMiB);
    bench.measurements.record(`residentMiB.${under}.${minute}`, residentMiB);
    bench.progress(`${under}, minute ${minute}: ${residentMiB} MiB resident, ${heapMiB} MiB of heap in use`);
  }
}

async function taken(url: string): Promise<{ residentMiB: number; heapMiB: number }> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const read = (name: string) => Math.round(Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics)?.[1]) / MIB);
  return { residentMiB: read('process_resident_memory_bytes'), heapMiB: read('nodejs_heap_size_used_bytes') };
}

/** Six sales, two receipts and two reservations in ten requests, each on the next SKU. */
class NewSkus {
  #sent = 0;
  #inFlight = 0;
  answered = 0;

  constructor(private readonly url: string) {}

  async next(): Promise<boolean> {
    if (this.#inFlight >= IN_FLIGHT_MAX) return false;
    const number = this.#sent;
    this.#sent += 1;
    const kind = number % 10;
    if (kind < 6) return this.#post('/v1/channel-sales', saleOf(number));
    if (kind < 8) return this.#post('/v1/stock/movements/bulk', { movements: [receiptOf(number)] });
    return this.#post('/v1/reservations', { sku: skuOf(number - 2), channel: 'shop', units: 1, ttlSeconds: 600 });
  }

  async #post(path: string, body: object): Promise<boolean> {
    const headers = { 'content-type': 'application/json' };
    this.#inFlight += 1;
    try {
      const response = await fetch(this.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      await response.arrayBuffer();
      this.answered += 1;
      return response.ok;
    } catch {
      // A connection that the server closed while it was idle: the next request has another.
      return false;
    } finally {
      this.#inFlight -= 1;
    }
  }
}

const skuOf = (number: number): string => `NEW-${number % SKUS}`;

const receiptOf = (number: number) => ({
  kind: 'receipt',
  commandId: newId(),
  sku: skuOf(number),
  locationId: 'main',
  units: 5,
});

const saleOf = (number: number) => ({
  channel: 'shop',
  externalOrderId: `SALE-${number}`,
  placedAt: new Date().toISOString(),
  currency: 'EUR',
  customer: { email: `buyer-${number % 5_000}@example.com` },
  lines: [{ lineId: '1', sku: skuOf(number), units: 1, unitPriceMinor: 100 }],
});

function resultOf({ measurements, minutes }: Bench): Result {
  const curve = (title: string, under: string, length: number) => ({
    title,
    bars: Array.from({ length }, (_, index) => measurements.figure(`residentMiB.${under}.${index + 1}`)),
  });
  return {
    ratios: [],
    charts: [
      curve(
        `MiB resident, minute by minute of ${REQUESTS_PER_SECOND} requests/s over ${SKUS} new SKUs`,
        'requests',
        minutes,
      ),
      curve('and without a request after them', 'idle', IDLE_MINUTES),
      curve('MiB resident, minute by minute of the demo', 'demo', minutes),
    ],
  };
}
