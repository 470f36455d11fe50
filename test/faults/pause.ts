import { setTimeout as delay } from 'node:timers/promises';
import type { Fault, FaultRun, Finding } from './fault.js';
import { openStock } from './support/commands.js';
import { Site } from './support/site.js';
import type { WorkerProcess } from './support/worker-process.js';

export interface PauseOptions {
  readonly rounds: number;
  readonly acknowledgedBetween: number;
  /** How long PostgreSQL is stopped. */
  readonly serverPauseMs: number;
}

export const pause: Fault = {
  name: 'pause',
  summary: 'SIGSTOP of our process while another one takes over, and of PostgreSQL, for longer than anybody waits',
  run: (run) => pauseUnderLoad(run, { rounds: 10, acknowledgedBetween: 10_000, serverPauseMs: 45_000 }),
};

/**
 * Per round: the writing process is stopped in the middle of its work and its sessions end; another process takes over
 * and works; the first one goes on, believes that it is the writer, and must find out before it writes anything.
 * Then, once, the server is stopped and goes on: commands wait or are refused, and none is lost or stored twice.
 */
export async function pauseUnderLoad(run: FaultRun, options: PauseOptions): Promise<Finding> {
  const site = await Site.create();
  try {
    return await new Pausing(site, run, options).run();
  } finally {
    await site.remove();
  }
}

class Pausing {
  #writer: WorkerProcess;
  #fenced = 0;

  constructor(
    private readonly site: Site,
    private readonly faultRun: FaultRun,
    private readonly options: PauseOptions,
  ) {
    this.#writer = site.startWorker();
  }

  async run(): Promise<Finding> {
    const { rounds } = this.options;
    await openStock(await this.#writer.ready());
    this.#writer.load();
    for (let round = 1; round <= rounds; round += 1) {
      this.faultRun.signal.throwIfAborted();
      await this.#takeOverFromStopped(round);
      await this.site.checkLog();
      this.faultRun.progress(
        `round ${round}: taken over, the first one was fenced; ${this.site.ledger.acknowledged} acknowledged`,
      );
    }
    const server = await this.#stopServer();
    await this.#writer.rest();
    await this.site.verify(await this.#writer.ready());
    await this.site.checkLog();
    const figures = { rounds, fenced: this.#fenced, ...server, ...this.site.ledger.figures() };
    return { figures, violations: this.site.ledger.violations };
  }

  async #takeOverFromStopped(round: number): Promise<void> {
    await this.#goOn();
    const stopped = this.#writer;
    stopped.signal('SIGSTOP');
    try {
      await this.#refusedWhileSessionStands(stopped);
      await this.site.server.cutAllSessions();
      this.#writer = this.site.startWorker();
      await this.#writer.probe(`takeover-${round}`);
      this.#writer.load();
      await this.#goOn();
    } finally {
      stopped.signal('SIGCONT');
    }
    if ((await this.#writer.whileAlive(stopped.ended)) === 1) this.#fenced += 1;
    else this.site.ledger.violations.push(`The process that was stopped did not end as fenced: ${stopped.output()}`);
    await this.#goOn();
  }

  /** The system answers for a stopped process, so its session is as good as any: it looks as if it were at work. */
  async #refusedWhileSessionStands(stopped: WorkerProcess): Promise<void> {
    const { exitCode, output } = await this.site.startInVain();
    if (exitCode !== 1 || !output.includes(`process ${stopped.pid} is writing`))
      this.site.ledger.violations.push(`A second process ended with ${exitCode} and said: ${output}`);
  }

  async #stopServer(): Promise<Record<string, number>> {
    await this.#goOn();
    this.#writer.refused.clear();
    const goOn = await this.site.server.freeze();
    try {
      await delay(this.options.serverPauseMs);
    } finally {
      goOn();
    }
    const startedAt = performance.now();
    await this.#writer.probe('after-the-server');
    const figures = {
      serverStoppedMs: this.options.serverPauseMs,
      refusedMeanwhile: Array.from(this.#writer.refused.values()).reduce((sum, count) => sum + count, 0),
      firstReservationAfterMs: performance.now() - startedAt,
    };
    this.faultRun.progress(`server stopped: ${JSON.stringify(figures)} ${JSON.stringify([...this.#writer.refused])}`);
    await this.#goOn();
    await this.site.checkLog();
    return figures;
  }

  async #goOn(): Promise<void> {
    const { ledger } = this.site;
    await this.#writer.whileAlive(ledger.reaches(ledger.acknowledged + this.options.acknowledgedBetween));
  }
}
