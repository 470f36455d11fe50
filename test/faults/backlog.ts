import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { PostgresEventStore } from '#event-store-postgres';
import type { Answer, Api } from '../e2e/support/api.js';
import type { Fault, FaultRun, Finding } from './fault.js';
import type { LaunchedProcess } from './support/launched-process.js';
import { Site } from './support/site.js';

export interface BacklogOptions {
  readonly requests: number;
  readonly salesPerRequest: number;
  readonly linesPerSale: number;
  /** Within which an order of our own shop is answered meanwhile. */
  readonly orderMsMax: number;
}

export const backlog: Fault = {
  name: 'backlog',
  summary: 'more lines of sales at once than can be booked in minutes, and kill -9 in the middle of them',
  run: (run) => heavySales(run, { requests: 8, salesPerRequest: 105, linesPerSale: 1_000, orderMsMax: 1_000 }),
};

/** What a start with any backlog may take, in MiB of resident memory. */
const RESTART_MIB_MAX = 512;
const CATCH_UP_MS = 1_800_000;
const SAMPLE_MS = 250;

/**
 * Bulk requests of sales, each line of a SKU that was never heard of, come at once; meanwhile a shopper orders in our own shop,
 * again and again. Then our process is killed in the middle of the work and starts again with what is left of it.
 */
export async function heavySales(run: FaultRun, options: BacklogOptions): Promise<Finding> {
  const site = await Site.create();
  try {
    return await new HeavySales(site, run, options).run();
  } finally {
    await site.remove();
  }
}

class HeavySales {
  readonly #violations: string[] = [];
  readonly #statuses = new Map<number, number>();
  #orders = 0;
  #recordedLines = 0;

  constructor(
    private readonly site: Site,
    private readonly faultRun: FaultRun,
    private readonly options: BacklogOptions,
  ) {}

  async run(): Promise<Finding> {
    const first = this.site.startLaunched();
    const api = await first.ready();
    await this.#open(api);
    const sending = await this.#watched(first, api, () => this.#sendAll(api));
    await first.kill();
    const second = this.site.startLaunched();
    const again = await second.ready(first.pid);
    const working = await this.#watched(second, again, () => this.#caughtUp(again));
    await this.#checkAllocations();
    if (working.peakMiB > RESTART_MIB_MAX)
      this.#violations.push(`The start with a backlog took ${working.peakMiB} MiB, not at most ${RESTART_MIB_MAX}`);
    return {
      figures: {
        'requests recorded': this.#statuses.get(200) ?? 0,
        'requests sent away for now': this.#statuses.get(429) ?? 0,
        'lines recorded': this.#recordedLines,
        'peak MiB while they came': sending.peakMiB,
        'slowest single order meanwhile Ms': sending.orderMsMax,
        'peak MiB after the restart': working.peakMiB,
        'slowest single order after the restart Ms': working.orderMsMax,
        'lines booked per second after the restart': Math.round((working.lines * 1_000) / working.durationMs),
      },
      violations: this.#violations,
    };
  }

  async #open(api: Api): Promise<void> {
    await api.put('/v1/locations/main', { name: 'main' });
    await api.put('/v1/supply-maps/shop', { locationIds: ['main'] });
    const receipt = { kind: 'receipt', commandId: 'opening', sku: 'KNOWN', locationId: 'main', units: 1_000_000 };
    await api.post('/v1/stock/movements/bulk', { movements: [receipt] });
  }

  async #sendAll(api: Api): Promise<void> {
    const sent = Array.from({ length: this.options.requests }, (_, number) => this.#send(api, number));
    await Promise.all(sent);
  }

  async #send(api: Api, number: number): Promise<void> {
    const { salesPerRequest, linesPerSale } = this.options;
    const lines = (sale: number) =>
      Array.from({ length: linesPerSale }, (_, line) => ({
        lineId: `${line + 1}`,
        sku: `NEW-${number}-${sale}-${line}`,
        units: 1,
        unitPriceMinor: 100,
      }));
    const sales = Array.from({ length: salesPerRequest }, (_, sale) => ({
      channel: 'shop',
      externalOrderId: `HEAVY-${number}-${sale}`,
      placedAt: new Date().toISOString(),
      currency: 'EUR',
      lines: lines(sale),
    }));
    const answer = await api.send('POST', '/v1/channel-sales/bulk', { sales });
    this.#note(answer, salesPerRequest * linesPerSale);
    this.faultRun.progress(`request ${number} was answered ${answer.status}`);
  }

  #note({ status, headers, text }: Answer, lines: number): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (status === 200) this.#recordedLines += lines;
    else if (status !== 429 || !(Number(headers.get('retry-after')) > 0))
      this.#violations.push(`A bulk request was answered ${status}: ${text.slice(0, 200)}`);
  }

  /** Does the work while a shopper orders, and looks at the memory of the process. */
  async #watched(process: LaunchedProcess, api: Api, work: () => Promise<void>) {
    const startedAt = performance.now();
    const allocatedBefore = await this.#allocated();
    let [peakMiB, orderMsMax, isOver] = [0, 0, false];
    const working = work().finally(() => {
      isOver = true;
    });
    working.catch(() => {});
    while (!isOver && !process.hasEnded) {
      orderMsMax = Math.max(orderMsMax, await this.#order(api));
      const { memoryBytes } = await api.ask('GET', '/v1/status', memory);
      peakMiB = Math.max(peakMiB, Math.round(memoryBytes / 1_048_576));
      await delay(SAMPLE_MS, undefined, { signal: this.faultRun.signal });
    }
    if (process.hasEnded) throw new Error(`The process ended with ${await process.ended} under its load.`);
    await working;
    const durationMs = performance.now() - startedAt;
    return { peakMiB, orderMsMax, durationMs, lines: (await this.#allocated()) - allocatedBefore };
  }

  /** Milliseconds until an order of our own shop is decided. */
  async #order(api: Api): Promise<number> {
    const startedAt = performance.now();
    const line = { lineId: '1', sku: 'KNOWN', units: 1, unitPriceMinor: 100 };
    const { status, text } = await api.send('POST', '/v1/orders', { channel: 'shop', currency: 'EUR', lines: [line] });
    const durationMs = Math.round(performance.now() - startedAt);
    this.#orders += 1;
    if (status >= 300) this.#violations.push(`An order was answered ${status}: ${text.slice(0, 200)}`);
    if (durationMs > this.options.orderMsMax) this.#violations.push(`An order was answered after ${durationMs} ms`);
    return durationMs;
  }

  async #caughtUp(api: Api): Promise<void> {
    const deadline = performance.now() + CATCH_UP_MS;
    const isBehind = async () => {
      const { runners } = await api.ask('GET', '/v1/status', memory);
      return runners.some(({ name, lag }) => name === 'when-an-order-changes-follow-with-stock' && lag > 1_000);
    };
    while (await isBehind()) {
      if (performance.now() > deadline) throw new Error('The sales were not booked in time.');
      await delay(SAMPLE_MS, undefined, { signal: this.faultRun.signal });
    }
    await api.settled();
  }

  async #checkAllocations(): Promise<void> {
    const allocated = await this.#allocated();
    const expected = this.#recordedLines + this.#orders;
    if (allocated !== expected)
      this.#violations.push(`${allocated} lines are allocated, not the ${expected} that were acknowledged`);
  }

  async #allocated(): Promise<number> {
    const store = await PostgresEventStore.open({ url: await this.site.server.url(), writer: false, holder: 'faults' });
    try {
      let count = 0;
      for (let after = 0; ; ) {
        const page = await store.readAll({ after, limit: 10_000, filter: { types: ['StockAllocated'] } });
        count += page.events.length;
        after = page.position;
        if (page.caughtUp) return count;
      }
    } finally {
      await store.close();
    }
  }
}

const memory = z.object({
  memoryBytes: z.int(),
  runners: z.array(z.object({ name: z.string(), lag: z.int() })),
});
