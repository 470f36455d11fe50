import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Api } from './api.js';
import { startProgram } from './programs.js';
import { copyStarted } from './started-copy.js';

export const SECRET = 'a secret that only these specs know';

/** What a process printed and how it ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** A data directory of its own, and processes of the real programs on it. Nothing of it is left after `remove`. */
export class Installation {
  private readonly processes = new Set<ChildProcess>();
  private printed = '';

  private constructor(readonly dataDir: string) {}

  /** As it is after the first start and end of the system. */
  static async create(): Promise<Installation> {
    const installation = await Installation.createEmpty();
    await copyStarted(installation.dataDir, async (folder) => {
      await (await new Installation(folder).start()).stop();
    });
    return installation;
  }

  /** Nothing was ever started there. */
  static async createEmpty(): Promise<Installation> {
    // A run that is killed leaves this to the next one: see the set-up of jest in libs/testing.
    return new Installation(await mkdtemp(join(tmpdir(), `einklang-test-${process.pid}-e2e-`)));
  }

  /** Everything all processes have printed until now, logs included. */
  get output(): string {
    return this.printed;
  }

  /** Starts the standalone system on any free port, or the port given, and resolves once it answers. */
  async start(environment: Record<string, string> = {}): Promise<RunningSystem> {
    const child = this.spawn(STANDALONE, [], environment);
    const output = outputOf(child);
    const address = await Promise.race([output.match(/answers at (http:\S+) .*gRPC on port (\d+)/), exitOf(child)]);
    if (address === 'exit') throw new Error(`The system did not start: ${output.text()}`);
    return new RunningSystem(child, address[1] ?? '', Number(address[2]));
  }

  /** Runs the standalone program to its end: for starts that cannot succeed. */
  startInVain(environment: Record<string, string>): Promise<Ended> {
    return this.runToTheEnd(STANDALONE, [], environment);
  }

  /** Starts the standalone program and ends it with SIGTERM after so long, however far it is by then. */
  async startInterrupted(afterMs: number): Promise<Ended> {
    const child = this.spawn(STANDALONE, [], {});
    const output = outputOf(child);
    const closed = once(child, 'close');
    await delay(afterMs);
    child.kill('SIGTERM');
    await closed;
    return { exitCode: child.exitCode, output: output.text() };
  }

  /** `npm run ops -- …` on this data directory. */
  ops(...args: string[]): Promise<Ended> {
    return this.runToTheEnd(OPS, args, {});
  }

  /** The same with settings. */
  opsWith(environment: Record<string, string>, ...args: string[]): Promise<Ended> {
    return this.runToTheEnd(OPS, args, environment);
  }

  /** Address of the embedded database, while it runs. */
  async databaseUrl(): Promise<string> {
    const [password, lock] = await Promise.all([
      readFile(join(this.dataDir, 'postgres.password'), 'utf8'),
      readFile(this.#lockFile, 'utf8'),
    ]);
    return `postgresql://postgres:${password.trim()}@127.0.0.1:${lock.split('\n')[3]}/postgres`;
  }

  /** Ends what still runs, the database as well, and deletes the data. */
  async remove(): Promise<void> {
    for (const child of this.processes) child.kill('SIGKILL');
    const pid = Number((await readFile(this.#lockFile, 'utf8').catch(() => '')).split('\n')[0]);
    if (pid) signal(pid, 'SIGINT');
    while (pid && signal(pid, 0)) await delay(20);
    await rm(this.dataDir, { recursive: true, force: true });
  }

  get #lockFile(): string {
    return join(this.dataDir, 'postgres', 'postmaster.pid');
  }

  private async runToTheEnd(program: string, args: readonly string[], environment: Record<string, string>) {
    const child = this.spawn(program, args, environment);
    const output = outputOf(child);
    await once(child, 'close');
    return { exitCode: child.exitCode, output: output.text() };
  }

  private spawn(program: string, args: readonly string[], environment: Record<string, string>): ChildProcess {
    const child = startProgram(program, args, {
      EINKLANG_DATA_DIR: this.dataDir,
      EINKLANG_HTTP_PORT: '0',
      EINKLANG_GRPC_PORT: '0',
      SIMULATED_SHOP_SECRET: SECRET,
      ...environment,
    });
    this.processes.add(child);
    child.once('exit', () => this.processes.delete(child));
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.printed += text));
    return child;
  }
}

/** A standalone process that answers. */
export class RunningSystem {
  readonly api: Api;

  constructor(
    private readonly child: ChildProcess,
    readonly httpUrl: string,
    readonly grpcPort: number,
  ) {
    this.api = new Api(httpUrl);
  }

  /** kill -9. The database, a process of its own, lives on. */
  async kill(): Promise<void> {
    const exit = exitOf(this.child);
    this.child.kill('SIGKILL');
    await exit;
  }

  /** A signal more, without waiting. */
  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ctrl-C. Resolves with the exit code. */
  async stop(): Promise<number | null> {
    const exit = exitOf(this.child);
    this.child.kill('SIGINT');
    await exit;
    return this.child.exitCode;
  }
}

const STANDALONE = 'apps/standalone/src/main';
const OPS = 'apps/ops/src/main';

async function exitOf(child: ChildProcess): Promise<'exit'> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return 'exit';
}

function outputOf(child: ChildProcess) {
  let text = '';
  const added = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: string) => {
      text += chunk;
      for (const look of added) look();
    });
  }
  return {
    text: () => text.trim(),
    match: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve) => {
        added.add(() => {
          const found = pattern.exec(text);
          if (found) resolve(found);
        });
      }),
  };
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
