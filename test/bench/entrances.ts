import { call, caughtUp, cpuMicros } from './clients/api.js';
import { streamLoad, unaryLoad } from './clients/grpc-load.js';
import { httpLoad } from './clients/http-load.js';
import { type ServerProcess, startNoOp, startStandalone } from './servers/child.js';
import { type Bench, type Benchmark, type Contender, interleaved, type Result } from './support/benchmark.js';
import type { LoadResult } from './support/load.js';

const CONNECTIONS = 64;
const BULK_LINES = 100;
const BULK_CONNECTIONS = 16;
const STREAM_IN_FLIGHT = 1_024;
const PLENTY = 1_000_000_000;

export const entrances: Benchmark = {
  name: 'entrances',
  summary: 'one hot SKU over HTTP (single, bulk) and gRPC (unary, stream), against a Fastify that does nothing',
  run: async (bench) => {
    const einklang = await startStandalone(bench.database);
    const noOp = await startNoOp();
    try {
      const race = new EntranceRace(bench, einklang, noOp);
      const contenders = race.contenders();
      bench.progress('warming up');
      for (const { measure } of contenders) await measure(0);
      await interleaved(bench, contenders);
    } finally {
      await noOp.stop();
      await einklang.stop();
    }
    return resultOf(bench);
  },
};

class EntranceRace {
  #skus = 0;

  constructor(
    private readonly bench: Bench,
    private readonly einklang: ServerProcess,
    private readonly noOp: ServerProcess,
  ) {}

  contenders(): Contender[] {
    return [
      { name: 'HTTP single', measure: () => this.#single() },
      { name: 'Fastify no-op', measure: () => this.#noOp() },
      { name: 'our own no-op', measure: () => this.#ownNoOp() },
      { name: `HTTP bulk of ${BULK_LINES}`, measure: () => this.#bulk() },
      { name: 'gRPC unary', measure: () => this.#unary() },
      { name: 'gRPC stream', measure: () => this.#stream() },
    ];
  }

  async #single() {
    const { perSecond, p50Ms, p99Ms, cpuUs } = await this.#http('/v1/reservations', await this.#reservation());
    return { requestsPerSecond: perSecond, p50Ms, p99Ms, singleCpuUs: cpuUs };
  }

  /** Both kinds, since a GET has no body to read and a POST has the one that the single reservation has. */
  async #noOp() {
    const { seconds } = this.bench;
    const load = { url: this.noOp.httpUrl, connections: CONNECTIONS, seconds };
    const get = await httpLoad({ ...load, request: { method: 'GET', path: '/no-op' } });
    const body = { sku: 'NO-OP', channel: 'shop', units: 1, ttlSeconds: 86_400 };
    const post = await withCpu(this.noOp, () =>
      httpLoad({ ...load, request: { method: 'POST', path: '/no-op', body } }),
    );
    return { noOpGetPerSecond: get.perSecond, noOpPostPerSecond: post.perSecond, noOpPostCpuUs: post.cpuUs };
  }

  /** A route of ours that decides nothing: Nest and what goes with every request, which no other route can exceed. */
  async #ownNoOp() {
    const { seconds } = this.bench;
    const load = { url: this.einklang.httpUrl, connections: CONNECTIONS, seconds };
    const { perSecond } = await httpLoad({ ...load, request: { method: 'GET', path: '/health/live' } });
    return { ownNoOpGetPerSecond: perSecond };
  }

  async #bulk() {
    const reservation = await this.#reservation();
    const body = { reservations: Array.from({ length: BULK_LINES }, () => reservation) };
    const { perSecond, p99Ms, cpuUs } = await this.#http('/v1/reservations/bulk', body, BULK_CONNECTIONS);
    return { reservationsPerSecond: perSecond * BULK_LINES, bulkP99Ms: p99Ms, bulkCpuUs: cpuUs / BULK_LINES };
  }

  async #unary() {
    const load = { port: this.einklang.grpcPort, inFlight: CONNECTIONS, seconds: this.bench.seconds };
    const request = await this.#reservation();
    const { perSecond, p99Ms, cpuUs } = await withCpu(this.einklang, () => unaryLoad({ ...load, request }));
    return { grpcUnaryPerSecond: perSecond, grpcUnaryP99Ms: p99Ms, grpcUnaryCpuUs: cpuUs };
  }

  async #stream() {
    const load = { port: this.einklang.grpcPort, inFlight: STREAM_IN_FLIGHT, seconds: this.bench.seconds };
    const request = await this.#reservation();
    const { perSecond, p99Ms, cpuUs } = await withCpu(this.einklang, () => streamLoad({ ...load, request }));
    return { grpcStreamPerSecond: perSecond, grpcStreamP99Ms: p99Ms, grpcStreamCpuUs: cpuUs };
  }

  #http(path: string, body: object, connections = CONNECTIONS) {
    const { httpUrl: url } = this.einklang;
    const isGood = (answer: string) => !answer.includes('"problem"');
    const load = {
      url,
      request: { method: 'POST', path, body },
      connections,
      seconds: this.bench.seconds,
      isGood,
    } as const;
    return withCpu(this.einklang, () => httpLoad(load));
  }

  /** A body for a SKU of its own; the views have taken in all that came before, so that they disturb no measurement. */
  async #reservation() {
    this.#skus += 1;
    const sku = `HOT-${this.#skus}`;
    const { httpUrl: url } = this.einklang;
    await call(url, 'PUT', '/v1/locations/main', { name: 'main' });
    await call(url, 'POST', `/v1/stock/${sku}/receipts`, { locationId: 'main', units: PLENTY });
    await caughtUp(url, this.bench.signal);
    return { sku, channel: 'shop', units: 1, ttlSeconds: 86_400 };
  }
}

/** A load, and the processor time of the server per request, views and processes included. */
async function withCpu(
  { httpUrl }: ServerProcess,
  load: () => Promise<LoadResult>,
): Promise<LoadResult & { readonly cpuUs: number }> {
  const before = await cpuMicros(httpUrl);
  const result = await load();
  return { ...result, cpuUs: ((await cpuMicros(httpUrl)) - before) / result.count };
}

function resultOf({ measurements }: Bench): Result {
  const bars = (...metrics: readonly string[]) => metrics.map((metric) => measurements.figure(metric));
  return {
    ratios: [
      measurements.ratio('singleVsNoop', 'requestsPerSecond', 'noOpGetPerSecond'),
      measurements.ratio('singleVsNoopPost', 'requestsPerSecond', 'noOpPostPerSecond'),
      measurements.ratio('ownNoOpVsNoop', 'ownNoOpGetPerSecond', 'noOpGetPerSecond'),
      measurements.ratio('singleVsOwnNoOp', 'requestsPerSecond', 'ownNoOpGetPerSecond'),
      measurements.ratio('noOpPostCpuVsSingleCpu', 'noOpPostCpuUs', 'singleCpuUs'),
      measurements.ratio('bulkVsSingle', 'reservationsPerSecond', 'requestsPerSecond'),
      measurements.ratio('grpcStreamVsSingle', 'grpcStreamPerSecond', 'requestsPerSecond'),
    ],
    charts: [
      {
        title: 'Requests per second',
        bars: bars('requestsPerSecond', 'ownNoOpGetPerSecond', 'noOpGetPerSecond', 'noOpPostPerSecond'),
      },
      {
        title: 'Durable reservations per second',
        bars: bars('requestsPerSecond', 'reservationsPerSecond', 'grpcUnaryPerSecond', 'grpcStreamPerSecond'),
      },
      {
        title: 'Microseconds of processor time per reservation',
        bars: bars('singleCpuUs', 'noOpPostCpuUs', 'bulkCpuUs', 'grpcUnaryCpuUs', 'grpcStreamCpuUs'),
      },
      {
        title: 'Milliseconds until the answer',
        bars: bars('p50Ms', 'p99Ms', 'bulkP99Ms', 'grpcUnaryP99Ms', 'grpcStreamP99Ms'),
      },
    ],
  };
}
