import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../apps/simulated-shop/src/random.js';
import { median } from '../bench/support/statistics.js';
import type { Fault, FaultRun, Finding } from './fault.js';
import { openStock } from './support/commands.js';
import { Site } from './support/site.js';
import type { WorkerProcess } from './support/worker-process.js';

export interface KillsOptions {
  readonly kills: number;
  /** Commands that are acknowledged in all, evenly over the kills. */
  readonly acknowledged: number;
  /** `verify` after every so many kills; it always runs at the end. */
  readonly verifyEvery: number;
  /** What is killed, in turn. */
  readonly victims: readonly Victim[];
}

/** `session` is the one of the event store's writer, `both` our process and the server at once. */
export type Victim = (typeof VICTIMS)[number];

const VICTIMS = ['process', 'session', 'server', 'both', 'server processes'] as const;

export const kills: Fault = {
  name: 'kills',
  summary: 'a hundred times kill -9, of our process and of PostgreSQL, within a million acknowledged commands',
  run: (run) => killUnderLoad(run, { kills: 100, acknowledged: 1_000_000, verifyEvery: 10, victims: VICTIMS }),
};

/** Kills in turn whatever can be killed, at moments that a seed chooses, and looks at the log after each. */
export async function killUnderLoad(run: FaultRun, options: KillsOptions): Promise<Finding> {
  const site = await Site.create();
  try {
    return await new Killing(site, run, options).run();
  } finally {
    await site.remove();
  }
}

const SEED = 20_261_121;
/** Kills do not always follow an acknowledgement. */
const PAUSE_MS_MAX = 40;

class Killing {
  readonly #random = seededRandom(SEED);
  readonly #backAfterMs = new Map<Victim, number[]>();
  #worker: WorkerProcess;
  #verifications = 0;

  constructor(
    private readonly site: Site,
    private readonly faultRun: FaultRun,
    private readonly options: KillsOptions,
  ) {
    this.#worker = site.startWorker();
  }

  async run(): Promise<Finding> {
    const { kills: count, acknowledged, verifyEvery, victims } = this.options;
    await openStock(await this.#worker.ready());
    const startedAt = performance.now();
    this.#worker.load();
    for (let kill = 1; kill <= count; kill += 1) {
      this.faultRun.signal.throwIfAborted();
      await this.#worker.whileAlive(this.site.ledger.reaches((acknowledged / (count + 1)) * kill));
      await delay(this.#random() * PAUSE_MS_MAX);
      await this.#kill(kill, victims[(kill - 1) % victims.length] ?? 'process');
      await this.site.checkLog();
      if (kill % verifyEvery === 0 && kill < count) await this.#verify();
    }
    await this.#worker.whileAlive(this.site.ledger.reaches(acknowledged));
    await this.#verify();
    await this.site.checkLog();
    return { figures: this.#figures(count, startedAt), violations: this.site.ledger.violations };
  }

  async #kill(kill: number, victim: Victim): Promise<void> {
    const backAfterMs = await this.#strike(victim, String(kill));
    this.#backAfterMs.set(victim, [...(this.#backAfterMs.get(victim) ?? []), backAfterMs]);
    const { acknowledged } = this.site.ledger;
    this.faultRun.progress(
      `kill ${kill}: ${victim}, first reservation after ${Math.round(backAfterMs)} ms; ${acknowledged} acknowledged`,
    );
  }

  /** Gives the milliseconds until a reservation that was sent afterwards is acknowledged. */
  async #strike(victim: Victim, probe: string): Promise<number> {
    const { server } = this.site;
    if (victim === 'session') await server.killWriterSession();
    if (victim === 'server processes') await server.killAll();
    if (victim === 'server' || victim === 'both') await server.killMain();
    if (victim === 'process' || victim === 'both') return this.#restart(probe);
    return timed(() => this.#worker.probe(probe));
  }

  async #restart(probe: string): Promise<number> {
    await this.#worker.kill();
    const backAfterMs = await timed(() => {
      this.#worker = this.site.startWorker();
      return this.#worker.probe(probe);
    });
    this.#worker.load();
    return backAfterMs;
  }

  async #verify(): Promise<void> {
    await this.#worker.rest();
    await this.site.verify(await this.#worker.ready());
    this.#verifications += 1;
    this.faultRun.progress(`verify: ${this.site.ledger.violations.length} violations`);
    this.#worker.load();
  }

  #figures(count: number, startedAt: number): Record<string, number> {
    const times = [...this.#backAfterMs].flatMap(([victim, values]) => [
      [`${victim}: first reservation, median Ms`, median(values)],
      [`${victim}: first reservation, greatest Ms`, Math.max(...values)],
    ]);
    const seconds = (performance.now() - startedAt) / 1_000;
    return {
      kills: count,
      ...this.site.ledger.figures(),
      verifications: this.#verifications,
      seconds,
      ...Object.fromEntries(times),
    };
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
