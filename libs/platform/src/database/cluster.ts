import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StartupError, systemCodeOf } from '../startup-error.js';
import { type Binaries, binariesFor } from './binaries.js';
import { fileError } from './file-error.js';
import { type ServerUser, serverUserFor } from './server-user.js';

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '64MB',
  max_connections: '100',
  max_wal_size: '1GB',
  timezone: 'UTC',
  // The log file has no rotation, so it takes what an operator needs and nothing that repeats, and no statement texts.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  log_autovacuum_min_duration: '-1',
} as const;

const PORT_ATTEMPTS = 3;
const POLL_MS = 20;
const LOCK_FILE_MS = 500;
const LOCK_FILE_POLL_MS = 5;

/**
 * One PostgreSQL data directory and the server on it. Servers are started through pg_ctl, in a session of their own:
 * Ctrl-C in our terminal does not reach them, and one that outlives us is found again by its postmaster.pid.
 */
export class Cluster {
  readonly directory: string;
  readonly logFile: string;
  readonly #user: ServerUser | undefined;
  readonly #binaries: Binaries;

  private constructor(directory: string, user: ServerUser | undefined, binaries: Binaries) {
    this.directory = directory;
    this.logFile = join(directory, 'server.log');
    this.#user = user;
    this.#binaries = binaries;
  }

  static async in(directory: string): Promise<Cluster> {
    const user = await serverUserFor(directory);
    return new Cluster(directory, user, await binariesFor(user));
  }

  /** Has a server started whose data is there and that does not run, without waiting for it. */
  static async startAhead(directory: string): Promise<void> {
    if ((await versionIn(directory)) === undefined || (await liveServerIn(directory))) return;
    const cluster = await Cluster.in(directory);
    if ((await versionIn(directory)) !== cluster.#binaries.majorVersion) return;
    await cluster.#startServer(false, ['-W']);
    // Until then it could not be found again by one that has to stop it.
    const deadline = Date.now() + LOCK_FILE_MS;
    while (!(await liveServerIn(directory)) && Date.now() < deadline) await delay(LOCK_FILE_POLL_MS);
  }

  static async runsIn(directory: string): Promise<boolean> {
    return (await liveServerIn(directory)) !== undefined;
  }

  /** Makes the data directory unless it is there. It is made under another name first: a half-made one is never used. */
  async initialise(password: string, log: (message: string) => void): Promise<void> {
    const version = await versionIn(this.directory);
    if (version !== undefined) {
      if (version === this.#binaries.majorVersion) return;
      throw new StartupError(
        `${this.directory} was made by PostgreSQL ${version} and this is PostgreSQL ${this.#binaries.majorVersion}; use another data directory, or dump and restore it.`,
      );
    }
    log(`Setting up PostgreSQL ${this.#binaries.majorVersion} in ${this.directory}`);
    await removeAbandoned(this.directory);
    const draft = `${this.directory}.new-${process.pid}-${randomBytes(4).toString('hex')}`;
    try {
      await mkdir(draft, { mode: 0o700 });
      if (this.#user) await chown(draft, this.#user.uid, this.#user.gid);
      await this.#initdb(draft, password);
      await rename(draft, this.directory);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      if ((await versionIn(this.directory)) === undefined) throw fileError(error, this.directory);
    }
  }

  /** The port of the server on this directory, which is started if need be and says of itself that it is ready. */
  async runningPort(deadline: number, log: (message: string) => void): Promise<number> {
    let portAttempts = 0;
    while (Date.now() < deadline) {
      const server = await liveServerIn(this.directory);
      if (server?.status === 'ready') return server.port;
      const failure = server ? 'busy' : await this.#start(portAttempts > 0, deadline);
      if (failure === 'port') portAttempts += 1;
      if (portAttempts === PORT_ATTEMPTS)
        throw new StartupError('Every port tried for PostgreSQL on 127.0.0.1 was in use.');
      if (failure) await delay(POLL_MS);
      else log(`Started PostgreSQL in ${this.directory}`);
    }
    throw new StartupError(`PostgreSQL in ${this.directory} was not ready in time; its log is ${this.logFile}.`);
  }

  async stop(): Promise<void> {
    const result = await this.#run(this.#binaries.pgCtl, [
      'stop',
      '-m',
      'fast',
      '-w',
      '-t',
      '60',
      '-D',
      this.#dataPath(),
    ]);
    if (result.code !== 0 && (await liveServerIn(this.directory)))
      throw new Error(`PostgreSQL did not stop: ${result.output}`);
  }

  /** As root, the server's user may not be able to reach the password file by its path; it can read it as an open file. */
  async #initdb(draft: string, password: string): Promise<void> {
    const file = join(draft, '..', `${basename(draft)}.password`);
    await writeFile(file, password, { mode: 0o600 });
    if (this.#user) await chown(file, this.#user.uid, this.#user.gid);
    const handle = await open(file, 'r');
    try {
      const passwordFile = process.platform === 'linux' ? `/proc/self/fd/${EXTRA_FD}` : file;
      const result = await this.#run(
        this.#binaries.initdb,
        [
          '-D',
          this.#dataPath(draft),
          '--username=postgres',
          '--auth=scram-sha-256',
          `--pwfile=${passwordFile}`,
          '--locale=C',
          '--encoding=UTF8',
        ],
        { directory: draft, fd: handle.fd },
      );
      if (result.code !== 0)
        throw serverError(result.output, this.directory) ?? new Error(`initdb failed: ${result.output}`);
    } finally {
      await handle.close();
      await rm(file, { force: true });
    }
  }

  /** Undefined when it runs now; 'busy' when it is worth another look (another process was faster, old backends still end). */
  async #start(freshPort: boolean, deadline: number): Promise<'port' | 'busy' | undefined> {
    const seconds = Math.max(Math.ceil((deadline - Date.now()) / 1000), 1);
    const result = await this.#startServer(freshPort, ['-w', '-t', String(seconds)]);
    if (result.code === 0) return undefined;
    const output = `${result.output}\n${await readFile(this.logFile, 'utf8').catch(() => '')}`;
    if (/could not bind|Address already in use/.test(output)) return 'port';
    if (/(lock|PID) file .* (already exists|is empty)|still in use|did not start in time/.test(output)) return 'busy';
    throw (
      serverError(output, this.directory) ??
      new StartupError(`PostgreSQL did not start: ${fatalLine(output)} (log: ${this.logFile}).`)
    );
  }

  async #startServer(freshPort: boolean, waiting: readonly string[]) {
    await this.#freeLock();
    await rm(this.logFile, { force: true });
    const port = await usablePort(freshPort ? undefined : await this.#lastPort());
    const options = [`-p ${port}`, ...Object.entries(SETTINGS).map(([name, value]) => `-c ${name}=${value}`)].join(' ');
    const log = join(this.#dataPath(), basename(this.logFile));
    return this.#run(this.#binaries.pgCtl, ['start', ...waiting, '-D', this.#dataPath(), '-l', log, '-o', options]);
  }

  /**
   * PostgreSQL removes the lock of a dead server itself, but takes an unrelated process with the old number (usual in
   * containers), or a zombie, for a living server. Our own number in its place tells it that the lock is stale,
   * and leaves it the check that no old backend still uses the shared memory named further down in the file.
   */
  async #freeLock(): Promise<void> {
    const lines = await pidFileIn(this.directory);
    const pid = Number(lines?.[0]);
    if (!lines || !pid || (await processAs(pid)) !== 'other') return;
    const file = join(this.directory, 'postmaster.pid');
    await writeFile(file, [process.pid, ...lines.slice(1)].join('\n')).catch((error: unknown) => {
      throw new StartupError(`The stale lock ${file} cannot be removed; remove it by hand.`, { cause: error });
    });
  }

  /** The same port again, so that who knows the address finds the server after a restart. */
  async #lastPort(): Promise<number | undefined> {
    const options = await readFile(join(this.directory, 'postmaster.opts'), 'utf8').catch(() => '');
    const port = /"-p" "(\d+)"/.exec(options)?.[1];
    return port === undefined ? undefined : Number(port);
  }

  /**
   * A server user may be kept out of a folder above the data directory. Its process starts inside the data directory
   * (entered while still root), and this path leads there without touching the folders above.
   */
  #dataPath(directory = this.directory): string {
    return this.#user && process.platform === 'linux' ? '/proc/self/cwd' : directory;
  }

  #run(
    binary: string,
    args: readonly string[],
    { directory = this.directory, fd }: { readonly directory?: string; readonly fd?: number } = {},
  ): Promise<{ readonly code: number | null; readonly output: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(binary, args, {
        cwd: directory,
        env: { ...withoutPostgresVariables(process.env), LC_ALL: 'C' },
        stdio: ['ignore', 'pipe', 'pipe', fd ?? 'ignore'],
        ...this.#user,
      });
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.once('error', (error) =>
        reject(new StartupError(`PostgreSQL cannot be run: ${error.message}.`, { cause: error })),
      );
      child.once('close', (code) => resolve({ code, output }));
    });
  }
}

async function versionIn(directory: string): Promise<string | undefined> {
  try {
    return (await readFile(join(directory, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw fileError(error, directory);
  }
}

async function liveServerIn(
  directory: string,
): Promise<{ readonly port: number; readonly status: string } | undefined> {
  const lines = await pidFileIn(directory);
  const pid = Number(lines?.[0]);
  if (!lines || !pid || (await processAs(pid)) !== 'postgres') return undefined;
  return { port: Number(lines[3]), status: lines[7]?.trim() ?? '' };
}

async function pidFileIn(directory: string): Promise<string[] | undefined> {
  try {
    return (await readFile(join(directory, 'postmaster.pid'), 'utf8')).split('\n');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw fileError(error, directory);
  }
}

/** The number of the first file passed on besides standard input, output and error. */
const EXTRA_FD = 3;

function serverError(output: string, directory: string): StartupError | undefined {
  if (/No space left on device|Disk quota exceeded/.test(output))
    return new StartupError(`The disk that holds ${directory} is full.`);
  if (/Permission denied|has wrong ownership|Read-only file system/.test(output)) {
    return new StartupError(`The data directory ${directory} is not writable for this user.`);
  }
  return undefined;
}

const fatalLine = (output: string): string =>
  output
    .split('\n')
    .findLast((line) => /FATAL|PANIC|error/i.test(line))
    ?.replace(/^.*?(FATAL|PANIC):\s*/, '')
    .trim() ?? output.trim();

const withoutPostgresVariables = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PG')));

/** What runs under a process number. Only Linux tells a server from an unrelated process; elsewhere a living one counts as a server. */
async function processAs(pid: number): Promise<'postgres' | 'other' | 'none'> {
  if (process.platform !== 'linux') return isAlive(pid) ? 'postgres' : 'none';
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [, name, state] = /^\d+ \((.*)\) (\w)/s.exec(status) ?? [];
  if (name === undefined) return 'none';
  return name === 'postgres' && state !== 'Z' && state !== 'X' ? 'postgres' : 'other';
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCodeOf(error) === 'EPERM';
  }
}

/** Removes what a process left behind that was killed while it set up a data directory. */
async function removeAbandoned(directory: string): Promise<void> {
  const prefix = `${basename(directory)}.new-`;
  for (const name of await readdir(dirname(directory))) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : Number.NaN);
    if (pid && !isAlive(pid)) await rm(join(dirname(directory), name), { recursive: true, force: true });
  }
}

async function usablePort(preferred: number | undefined): Promise<number> {
  return (preferred === undefined ? undefined : await boundOnce(preferred)) ?? (await boundOnce(0)) ?? 0;
}

/** Binds the port and lets it go again; undefined when another process has it. 0 lets the system choose. */
function boundOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1' }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
