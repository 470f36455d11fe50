import { mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Answer, until } from '../e2e/support/api.js';
import type { Fault, FaultRun, Finding } from './fault.js';
import { openStock, PROBE_SKU } from './support/commands.js';
import { Site } from './support/site.js';
import { SmallDisk } from './support/small-disk.js';
import type { WorkerProcess } from './support/worker-process.js';

export interface DiskFullOptions {
  readonly rounds: number;
  readonly diskMiB: number;
  /** What is taken away to fill the disk sooner, and given back, per round. */
  readonly ballastMiB: number;
  /** How long the disk stays full. */
  readonly fullMs: number;
}

export const diskFull: Fault = {
  name: 'disk-full',
  summary: 'the disk of PostgreSQL fills up under load, stays full for a while, and gets room again',
  run: (run) => fillDisk(run, { rounds: 3, diskMiB: 768, ballastMiB: 160, fullMs: 60_000 }),
};

/** Commands on a small disk until they are refused; nothing acknowledged may be lost, and with room again work goes on. */
export async function fillDisk(run: FaultRun, options: DiskFullOptions): Promise<Finding> {
  const disk = await SmallDisk.mount(options.diskMiB);
  if (typeof disk === 'string') return { figures: {}, violations: [], impossible: disk };
  try {
    await mkdir(disk.dataDir);
    const site = new Site(disk.dataDir);
    try {
      return await new Filling(site, disk, run, options).run();
    } finally {
      await site.remove();
    }
  } finally {
    await disk.unmount();
  }
}

class Filling {
  readonly #worker: WorkerProcess;
  readonly #backAfterMs: number[] = [];

  constructor(
    private readonly site: Site,
    private readonly disk: SmallDisk,
    private readonly faultRun: FaultRun,
    private readonly options: DiskFullOptions,
  ) {
    this.#worker = site.startWorker();
  }

  async run(): Promise<Finding> {
    const { rounds, ballastMiB } = this.options;
    const { ledger } = this.site;
    const api = await this.#worker.ready();
    await openStock(api);
    // The last piece is room for the views, which have to catch up at the end.
    for (let ballast = 0; ballast <= rounds; ballast += 1) await this.disk.addBallast(ballast, ballastMiB);
    this.#worker.load();
    for (let round = 0; round < rounds; round += 1) {
      this.faultRun.signal.throwIfAborted();
      await this.#fillAndFree(round);
    }
    await this.#worker.rest();
    await this.disk.dropBallast(rounds);
    await this.site.verify(api);
    await this.site.checkLog();
    const figures = {
      rounds,
      refused: this.#refused(),
      firstReservationMsMax: Math.max(...this.#backAfterMs),
      ...ledger.figures(),
    };
    return { figures, violations: ledger.violations };
  }

  async #fillAndFree(round: number): Promise<void> {
    await this.#full();
    const answer = await this.#reserve(round);
    this.faultRun.progress(
      `full after ${this.site.ledger.acknowledged}: ${JSON.stringify([...this.#worker.refused])}, HTTP ${answer.status}`,
    );
    await delay(this.options.fullMs);
    await this.disk.dropBallast(round);
    const freedAt = performance.now();
    await this.#worker.probe(`freed-${round}`);
    this.#backAfterMs.push(performance.now() - freedAt);
    this.faultRun.progress(`room again: first reservation after ${Math.round(performance.now() - freedAt)} ms`);
    await this.site.checkLog();
  }

  /** Until a command is refused: the last one acknowledged before is the last one there was room for. */
  async #full(): Promise<void> {
    const before = this.#refused();
    const isRefused = async () => (this.#refused() > before ? true : undefined);
    await this.#worker.whileAlive(until('commands are refused', isRefused, FILLING_MS));
  }

  /**
   * A shopper meanwhile has to be told that it did not work, in a way that lets a program send it again. Where a page of
   * commands has no room one reservation may have, so shoppers come until one is refused.
   */
  async #reserve(round: number): Promise<Answer> {
    const api = await this.#worker.ready();
    for (let shopper = 1; ; shopper += 1) {
      const body = { sku: PROBE_SKU, channel: 'shop', units: 1, reservationId: `shopper-${round}-${shopper}` };
      const answer = await api.send('POST', '/v1/reservations', body);
      if (answer.status === 201 && shopper < SHOPPERS_MAX) continue;
      const isClear =
        answer.status === 503 && refusal.safeParse(answer.body).success && answer.headers.has('retry-after');
      if (!isClear) this.site.ledger.violations.push(`A shopper was answered ${answer.status}: ${answer.text}`);
      return answer;
    }
  }

  #refused(): number {
    return Array.from(this.#worker.refused.values()).reduce((sum, count) => sum + count, 0);
  }
}

const FILLING_MS = 150_000;
const SHOPPERS_MAX = 10_000;

const refusal = z.object({ code: z.literal('storage-unavailable') });
