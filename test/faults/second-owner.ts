import { setTimeout as delay } from 'node:timers/promises';
import type { Fault, FaultRun, Finding } from './fault.js';
import { openStock } from './support/commands.js';
import { Site } from './support/site.js';
import type { WorkerProcess } from './support/worker-process.js';

export interface SecondOwnerOptions {
  readonly rounds: number;
  /** Commands acknowledged between one event and the next. */
  readonly acknowledgedBetween: number;
}

export const secondOwner: Fault = {
  name: 'second-owner',
  summary:
    'a second process on the same data while the first one lives, loses its session, or loses it again and again',
  run: (run) => twoOwners(run, { rounds: 10, acknowledgedBetween: 10_000 }),
};

/**
 * Per round: a second process starts while the first one writes, and is refused; the session of the first one is cut, and
 * it takes it up again; it is cut over and over while both want it, and one of them gets it. A fenced process must end.
 */
export async function twoOwners(run: FaultRun, options: SecondOwnerOptions): Promise<Finding> {
  const site = await Site.create();
  try {
    return await new Contest(site, run, options).run();
  } finally {
    await site.remove();
  }
}

/** A writer has its session back within a few of these, and so has a rival that asks for it. */
const CUT_EVERY_MS = 20;

class Contest {
  readonly #counts = { refused: 0, regained: 0, taken: 0, kept: 0 };
  #owner: WorkerProcess;

  constructor(
    private readonly site: Site,
    private readonly faultRun: FaultRun,
    private readonly options: SecondOwnerOptions,
  ) {
    this.#owner = site.startWorker();
  }

  async run(): Promise<Finding> {
    await openStock(await this.#owner.ready());
    this.#owner.load();
    for (let round = 1; round <= this.options.rounds; round += 1) {
      this.faultRun.signal.throwIfAborted();
      await this.#refuseSecond();
      await this.#cutSession(round);
      await this.#raceForIt();
      await this.site.checkLog();
      this.faultRun.progress(
        `round ${round}: ${JSON.stringify(this.#counts)}, ${this.site.ledger.acknowledged} acknowledged`,
      );
    }
    await this.#owner.rest();
    await this.site.verify(await this.#owner.ready());
    await this.site.checkLog();
    const figures = { rounds: this.options.rounds, ...this.#counts, ...this.site.ledger.figures() };
    return { figures, violations: this.site.ledger.violations };
  }

  async #refuseSecond(): Promise<void> {
    await this.#goOn();
    const { exitCode, output } = await this.site.startInVain();
    const isRefusal = exitCode === 1 && output.includes(`process ${this.#owner.pid} is writing to this event store`);
    if (isRefusal) this.#counts.refused += 1;
    else this.site.ledger.violations.push(`A second process ended with ${exitCode} and said: ${output}`);
  }

  async #cutSession(round: number): Promise<void> {
    await this.#goOn();
    if ((await this.site.server.cutWriterSession()) === 0) throw new Error('The owner had no session to be cut.');
    await this.#owner.probe(`regained-${round}`);
    this.#counts.regained += 1;
  }

  /**
   * A rival starts, and the owner's session is cut again and again, until one of them has found out that it is not the
   * writer and has ended. Either may be the one; that nothing was written in vain the log will tell.
   */
  async #raceForIt(): Promise<void> {
    await this.#goOn();
    const rival = this.site.startWorker();
    // Only once it is the writer: by then nothing more is acknowledged to the callers of the other one.
    void rival.ready().then(
      () => rival.load(),
      () => {},
    );
    let loser: WorkerProcess | undefined;
    for (const worker of [this.#owner, rival])
      void worker.ended.then(() => {
        loser ??= worker;
      });
    while (!loser) {
      await this.site.server.cutWriterSession();
      await delay(CUT_EVERY_MS);
    }
    if (loser === rival) this.#counts.kept += 1;
    else this.#counts.taken += 1;
    this.#owner = loser === rival ? this.#owner : rival;
  }

  async #goOn(): Promise<void> {
    const { ledger } = this.site;
    await this.#owner.whileAlive(ledger.reaches(ledger.acknowledged + this.options.acknowledgedBetween));
  }
}
