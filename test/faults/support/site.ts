import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { PostgresEventStore } from '#event-store-postgres';
import { type Api, until } from '../../e2e/support/api.js';
import { endOf, outputOf, startProgram } from '../../e2e/support/programs.js';
import { CALLERS } from './commands.js';
import { DatabaseServer } from './database-server.js';
import { LaunchedProcess } from './launched-process.js';
import { Ledger } from './ledger.js';
import { StandaloneProcess } from './standalone-process.js';
import { WorkerProcess } from './worker-process.js';

type AnyProcess = WorkerProcess | StandaloneProcess | LaunchedProcess;

/** A data directory with its own PostgreSQL, the processes of ours on it, and what they have acknowledged. */
export class Site {
  readonly ledger = new Ledger(CALLERS);
  readonly server: DatabaseServer;
  readonly #processes = new Set<AnyProcess>();

  constructor(readonly dataDir: string) {
    this.server = new DatabaseServer(dataDir);
  }

  static async create(): Promise<Site> {
    // A run that is killed leaves this to the next test run: see the set-up of jest in libs/testing.
    return new Site(await mkdtemp(join(tmpdir(), `einklang-test-${process.pid}-faults-`)));
  }

  /** Starts our system, with callers in it that do nothing yet. */
  startWorker(): WorkerProcess {
    return this.#tracked(new WorkerProcess(this.#environment, this.ledger));
  }

  /** Starts our system as it is started by everybody else. */
  startStandalone(): StandaloneProcess {
    return this.#tracked(new StandaloneProcess(this.#environment));
  }

  /** Starts our system through the launcher, with the memory it grants. */
  startLaunched(): LaunchedProcess {
    return this.#tracked(new LaunchedProcess(this.#environment));
  }

  /** Runs the standalone program to its end, for a start that cannot succeed. */
  async startInVain(): Promise<{ readonly exitCode: number | null; readonly output: string }> {
    return this.#toTheEnd('apps/standalone/src/main', []);
  }

  /** Reads on in the log and holds it against what was acknowledged. */
  async checkLog(): Promise<void> {
    const url = await this.server.url();
    const store = await PostgresEventStore.open({ url, writer: false, holder: 'faults' });
    try {
      await this.ledger.check(store);
    } finally {
      await store.close();
    }
  }

  /** `npm run ops -- verify` once every view has caught up. What it finds goes to the violations of the ledger. */
  async verify(api: Api): Promise<void> {
    await allCaughtUp(api);
    const { exitCode, output } = await this.#toTheEnd('apps/ops/src/main', ['verify', '--skip-channels']);
    if (exitCode !== 0) this.ledger.violations.push(`verify ended with ${exitCode}: ${output}`);
  }

  /** Ends what still runs, the database as well, and deletes the data. */
  async remove(): Promise<void> {
    await Promise.all(Array.from(this.#processes, (process) => process.kill()));
    await this.server.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  #tracked<Process extends AnyProcess>(process: Process): Process {
    this.#processes.add(process);
    void process.ended.then(() => this.#processes.delete(process));
    return process;
  }

  async #toTheEnd(program: string, args: readonly string[]) {
    const child = startProgram(program, args, this.#environment);
    const output = outputOf(child);
    return { exitCode: await endOf(child), output: output() };
  }

  get #environment(): Record<string, string> {
    return {
      EINKLANG_DATA_DIR: this.dataDir,
      EINKLANG_HTTP_PORT: '0',
      EINKLANG_GRPC_PORT: '0',
      EINKLANG_LOG_LEVEL: 'warn',
    };
  }
}

/** Resolves when every view and process has reached the end of the log. */
export async function allCaughtUp(api: Api, withinMs = CATCH_UP_MS): Promise<void> {
  let behind: unknown[] = [];
  const isCaughtUp = async (): Promise<true | undefined> => {
    const { runners } = await api.ask('GET', '/v1/status', status);
    behind = runners.filter(({ lag }) => lag > 0);
    return behind.length === 0 ? true : undefined;
  };
  await until('every view has caught up', isCaughtUp, withinMs).catch((error: unknown) => {
    throw new Error(`Not caught up: ${JSON.stringify(behind)}`, { cause: error });
  });
}

const CATCH_UP_MS = 300_000;

const status = z.object({ runners: z.array(z.looseObject({ lag: z.int() })) });
