import { z } from 'zod';
import { openDatabase } from '#platform/host';
import { fillLog, fillStream, openChannels } from '../bench/support/filling.js';
import { median } from '../bench/support/statistics.js';
import { StockSide, skusOf } from '../bench/support/stock-side.js';
import type { Fault, FaultRun, Finding } from './fault.js';
import { openStock, PROBE_SKU } from './support/commands.js';
import { allCaughtUp, Site } from './support/site.js';
import type { StandaloneProcess } from './support/standalone-process.js';

export interface StartOptions {
  /** In the log, when the process is killed. */
  readonly events: number;
  /** Of these, in one stream, written through the command runner and so with its snapshots. */
  readonly eventsOfLongStream: number;
  readonly rounds: number;
}

export const start: Fault = {
  name: 'start',
  summary: 'kill -9 with ten million events stored; the first reservation after the start (M7)',
  run: (run) => startOnLongLog(run, { events: 10_000_000, eventsOfLongStream: 500_000, rounds: 5 }),
};

/**
 * Fills the log, lets every view catch up, and kills: our process alone, or PostgreSQL with it. Measured is the time from the
 * start of the process until a reservation over HTTP is answered, one on a stream of a hundred events and one on the long one.
 * In the same rounds a system with an almost empty log starts, to tell what the length of the log costs.
 */
export async function startOnLongLog(run: FaultRun, options: StartOptions): Promise<Finding> {
  const [site, emptySite] = [await Site.create(), await Site.create()];
  try {
    return await new Starting(site, emptySite, run, options).run();
  } finally {
    await site.remove();
    await emptySite.remove();
  }
}

const EVENTS_PER_SKU = 100;
const SKUS_AT_ONCE = 100;
const LONG = 'LONG';
const NAMES: Readonly<Record<string, string>> = {
  process: 'process killed',
  both: 'PostgreSQL killed too',
  empty: 'process killed, almost empty log',
};

class Starting {
  readonly #violations: string[] = [];
  readonly #skus: readonly string[];
  #revisionOfLong = 0;
  #system: StandaloneProcess | undefined;
  #reserved = 0;

  constructor(
    private readonly site: Site,
    private readonly emptySite: Site,
    private readonly faultRun: FaultRun,
    private readonly options: StartOptions,
  ) {
    this.#skus = skusOf('LOG', (options.events - options.eventsOfLongStream) / EVENTS_PER_SKU);
  }

  async run(): Promise<Finding> {
    const events = await this.#fill();
    const backAfterMs = { process: [] as number[], both: [] as number[], empty: [] as number[] };
    await this.#catchUp();
    await this.#openEmpty();
    for (let round = 1; round <= this.options.rounds; round += 1) {
      for (const victim of ['process', 'both'] as const) {
        this.faultRun.signal.throwIfAborted();
        await this.#system?.kill();
        if (victim === 'both') await this.site.server.killMain();
        backAfterMs[victim].push(await this.#startAndReserve(victim));
      }
      backAfterMs.empty.push(await this.#startEmpty());
    }
    const times = Object.entries(backAfterMs).flatMap(([kind, values]) => [
      [`${NAMES[kind]}: first reservation, median Ms`, median(values)],
      [`${NAMES[kind]}: first reservation, greatest Ms`, Math.max(...values)],
    ]);
    return { figures: { events, ...Object.fromEntries(times) }, violations: this.#violations };
  }

  async #openEmpty(): Promise<void> {
    const system = this.emptySite.startStandalone();
    await openStock(await system.ready());
    await system.kill();
  }

  async #startEmpty(): Promise<number> {
    const startedAt = performance.now();
    const system = this.emptySite.startStandalone();
    const api = await system.ready();
    await api.post('/v1/reservations', { sku: PROBE_SKU, channel: 'shop', units: 1 });
    const firstMs = performance.now() - startedAt;
    this.faultRun.progress(`almost empty log: first reservation ${Math.round(firstMs)} ms`);
    await system.kill();
    return firstMs;
  }

  /** Gives the number of events in the log. */
  async #fill(): Promise<number> {
    const { events, eventsOfLongStream } = this.options;
    const database = await openDatabase({ dataDir: this.site.dataDir, log: () => {} });
    const stock = await StockSide.open(database.url);
    try {
      await openChannels(stock.store, ['shop']);
      const startedAt = performance.now();
      // A few SKUs at a time: a view folds what lies together into one row, and has caught up before the hour is over.
      for (let from = 0; from < this.#skus.length; from += SKUS_AT_ONCE) {
        const some = this.#skus.slice(from, from + SKUS_AT_ONCE);
        await fillLog(stock.store, some, some.length * EVENTS_PER_SKU);
      }
      await fillStream(stock, LONG, eventsOfLongStream);
      const seconds = (performance.now() - startedAt) / 1_000;
      this.faultRun.progress(`filled in ${Math.round(seconds)} s, ${Math.round(events / seconds)} events/s`);
      this.#revisionOfLong = (await stock.receive(LONG, 1)).revision;
      return await stock.store.head();
    } finally {
      await stock.close();
      await database.detach();
    }
  }

  async #catchUp(): Promise<void> {
    const startedAt = performance.now();
    this.#system = this.site.startStandalone();
    await allCaughtUp(await this.#system.ready(), CATCH_UP_MS);
    this.faultRun.progress(`views caught up after ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  }

  async #startAndReserve(victim: string): Promise<number> {
    const startedAt = performance.now();
    const system = this.site.startStandalone();
    this.#system = system;
    const api = await system.ready();
    const readyMs = performance.now() - startedAt;
    await this.#reserve(system, this.#skus[this.#reserved] ?? '', EVENTS_PER_SKU);
    this.#reserved += 1;
    const firstMs = performance.now() - startedAt;
    this.#revisionOfLong += 1;
    await this.#reserve(system, LONG, this.#revisionOfLong);
    const longMs = performance.now() - startedAt;
    this.faultRun.progress(
      `${victim} killed: answers after ${Math.round(readyMs)} ms, first reservation ${Math.round(firstMs)} ms, on the long stream ${Math.round(longMs)} ms`,
    );
    await allCaughtUp(api, CATCH_UP_MS);
    return firstMs;
  }

  /** Correct is the reservation that became the next event of its stream. */
  async #reserve(system: StandaloneProcess, sku: string, revision: number): Promise<void> {
    const api = await system.ready();
    const answer = await api.ask('POST', '/v1/reservations', reserved, { sku, channel: 'shop', units: 1 });
    if (answer.stockRevision !== revision)
      this.#violations.push(`The reservation of ${sku} became revision ${answer.stockRevision}, not ${revision}`);
  }
}

const CATCH_UP_MS = 1_800_000;

const reserved = z.object({ stockRevision: z.int() });
