import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../e2e/support/api.js';
import { query } from '../../e2e/support/database.js';

/** The PostgreSQL server of a data directory, as processes that can be killed and stopped. */
export class DatabaseServer {
  constructor(private readonly dataDir: string) {}

  async url(): Promise<string> {
    const [password, lock] = await Promise.all([
      readFile(join(this.dataDir, 'postgres.password'), 'utf8'),
      readFile(this.#lockFile, 'utf8'),
    ]);
    return `postgresql://postgres:${password.trim()}@127.0.0.1:${lock.split('\n')[3]}/postgres`;
  }

  /** Number of the process that started all others of the server; 0 where none runs. */
  async mainProcess(): Promise<number> {
    const pid = Number((await readFile(this.#lockFile, 'utf8').catch(() => '')).split('\n')[0]);
    return pid && isAlive(pid) ? pid : 0;
  }

  /** kill -9 of the main process; the others see it and end. Resolves when all are gone. */
  async killMain(): Promise<void> {
    const pids = await this.#processes();
    signalAll(pids.slice(0, 1), 'SIGKILL');
    await allGone(pids);
  }

  /** kill -9 of every process at once. */
  async killAll(): Promise<void> {
    const pids = await this.#processes();
    signalAll(pids, 'SIGKILL');
    await allGone(pids);
  }

  /** kill -9 of the session of the event store's writer, upon which the server restarts all sessions. */
  async killWriterSession(): Promise<void> {
    const sessions = await this.#writerSessions();
    if (sessions.length === 0) throw new Error('There is no writer session to be killed.');
    signalAll(sessions, 'SIGKILL');
    await allGone(sessions);
  }

  /** Ends every session, as keep-alives do with those of a machine that vanished. */
  async cutAllSessions(): Promise<void> {
    await query(
      await this.url(),
      `select pg_terminate_backend(pid) from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
  }

  /** Ends the session of the event store's writer alone. Gives how many there were: a writer may just be without one. */
  async cutWriterSession(): Promise<number> {
    const [row] = await query<{ cut: number }>(
      await this.url(),
      `select count(pg_terminate_backend(pid))::integer as cut from pg_stat_activity where application_name = $1`,
      [WRITER],
    );
    return row?.cut ?? 0;
  }

  /** SIGSTOP of every process. Gives what lets them go on. */
  async freeze(): Promise<() => void> {
    const pids = await this.#processes();
    signalAll(pids, 'SIGSTOP');
    return () => signalAll(pids.toReversed(), 'SIGCONT');
  }

  /** Ends the server if it runs. */
  async stop(): Promise<void> {
    const pid = await this.mainProcess();
    if (!pid) return;
    signalAll([pid], 'SIGINT');
    await allGone([pid]);
  }

  async #writerSessions(): Promise<number[]> {
    const rows = await query<{ pid: number }>(
      await this.url(),
      'select pid from pg_stat_activity where application_name = $1',
      [WRITER],
    );
    return rows.map(({ pid }) => pid);
  }

  /** The main process first. */
  async #processes(): Promise<number[]> {
    const rows = await query<{ pid: number }>(
      await this.url(),
      'select pid from pg_stat_activity where pid <> pg_backend_pid()',
    );
    return [await this.mainProcess(), ...rows.map(({ pid }) => pid)];
  }

  get #lockFile(): string {
    return join(this.dataDir, 'postgres', 'postmaster.pid');
  }
}

const WRITER = 'einklang event store writer';

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended by itself.
    }
  }
}

async function allGone(pids: readonly number[]): Promise<void> {
  await until('the processes of the server are gone', async () => (pids.some(isAlive) ? undefined : true), 60_000);
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
