import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { Api, until } from '../../e2e/support/api.js';
import { endOf } from '../../e2e/support/programs.js';

/** The system as `npm start` starts it: through the launcher, and so with the memory it grants. */
export class LaunchedProcess {
  /** Resolves with the exit code of the launcher, which is that of the system. */
  readonly ended: Promise<number | null>;
  readonly #launcher: ChildProcess;
  readonly #running: string;
  #pid = 0;

  constructor(environment: Readonly<Record<string, string>>, task: 'start' | 'demo' = 'start') {
    const root = dirname(findPackageJSON(import.meta.url) ?? '.');
    this.#running = join(environment.EINKLANG_DATA_DIR ?? '', 'running.json');
    this.#launcher = spawn(process.execPath, [join(root, 'deploy/local/run.mjs'), task], {
      stdio: 'ignore',
      env: { ...process.env, NODE_OPTIONS: '', ...environment },
    });
    this.ended = endOf(this.#launcher);
  }

  /** Resolves once it answers. `before` is a process whose file may still be there. */
  async ready(before = 0): Promise<Api> {
    const { pid, httpUrl } = await until('the system answers', () => this.#answering(before), START_MS);
    this.#pid = pid;
    return new Api(httpUrl);
  }

  get pid(): number {
    return this.#pid;
  }

  get hasEnded(): boolean {
    return this.#launcher.exitCode !== null || this.#launcher.signalCode !== null;
  }

  /** Lets it end in order. */
  async stop(): Promise<void> {
    this.#launcher.kill('SIGTERM');
    await this.ended;
  }

  /** kill -9 of the system, not of its launcher. */
  async kill(): Promise<void> {
    if (this.#pid === 0) this.#launcher.kill('SIGTERM');
    else if (!this.hasEnded) process.kill(this.#pid, 'SIGKILL');
    await this.ended;
  }

  async #answering(before: number): Promise<{ pid: number; httpUrl: string } | undefined> {
    if (this.hasEnded) throw new Error('The system ended before it answered.');
    const text = await readFile(this.#running, 'utf8').catch(() => '');
    // It may be read while it is written.
    if (!text.endsWith('}')) return undefined;
    const { pid, httpUrl } = JSON.parse(text) as { pid?: number; httpUrl?: string };
    return pid !== undefined && httpUrl !== undefined && pid !== before ? { pid, httpUrl } : undefined;
  }
}

const START_MS = 120_000;
