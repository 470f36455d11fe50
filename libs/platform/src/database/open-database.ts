import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { StartupError, systemCodeOf } from '../startup-error.js';
import { Cluster } from './cluster.js';
import { fileError } from './file-error.js';

export interface DatabaseOptions {
  /** Where the embedded server keeps its data (`<dataDir>/postgres`) and its password. Created when missing. */
  readonly dataDir: string;
  /** An existing server to use instead of the embedded one. */
  readonly databaseUrl?: string;
  readonly log: (message: string) => void;
}

export interface Database {
  /** `postgresql://…`, password included. Stays the same while this object is open. */
  readonly url: string;
  /** True for the embedded server, which `close` stops when no other process uses it. */
  readonly owned: boolean;
  /**
   * Stops the embedded server unless another connection to it remains, of whatever program. Leaves a server of others alone.
   * `isLate`: connections of ours are still at work, and count no more, where no other process is present.
   */
  close(end?: { readonly isLate: boolean }): Promise<void>;
  /** Lets go of the server and leaves it running. */
  detach(): Promise<void>;
}

/**
 * The PostgreSQL server to work with, accepting connections: the one at `databaseUrl`, or else our own from npm, which is
 * set up, started, or attached to when it already runs on that data directory. Throws {@link StartupError}.
 */
export async function openDatabase({ dataDir, databaseUrl, log }: DatabaseOptions): Promise<Database> {
  if (databaseUrl) {
    const client = await connectWithin(CONNECT_TIMEOUT_MS, databaseUrl);
    await client.end();
    return { url: databaseUrl, owned: false, close: async () => {}, detach: async () => {} };
  }
  const database = new EmbeddedDatabase(
    await preparedCluster(resolve(dataDir)),
    await passwordIn(resolve(dataDir)),
    log,
  );
  await database.open();
  return database;
}

/**
 * Begins to start the embedded server that {@link openDatabase} will ask for, where its data is there and it does not run:
 * it reads its journal while the program loads the rest of itself. Resolves when it goes on without us. What is wrong with
 * it is for `openDatabase` to tell, which is called anyway.
 */
export async function startDatabaseAhead({ dataDir, databaseUrl }: Pick<DatabaseOptions, 'dataDir' | 'databaseUrl'>) {
  if (!databaseUrl) await Cluster.startAhead(join(resolve(dataDir), 'postgres')).catch(() => {});
}

/** Ends the server of the data directory where it still runs and nothing is connected to it: one that was started ahead in vain. */
export async function stopDatabaseLeft({ dataDir, databaseUrl }: Pick<DatabaseOptions, 'dataDir' | 'databaseUrl'>) {
  if (databaseUrl || !(await Cluster.runsIn(join(resolve(dataDir), 'postgres')))) return;
  await (await openDatabase({ dataDir, log: () => {} })).close();
}

/** How long a server that is asked to stop may take, whatever else took its time before. */
export const DATABASE_STOP_MS = 15_000;

const CONNECT_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 500;
const REVIVE_PAUSE_MS = 1_000;
const POLL_MS = 20;
/** Everybody who uses the embedded server holds this advisory lock shared; who gets it exclusively may stop the server. */
const PRESENCE_LOCK = 0x45_69_6e_6b;

class EmbeddedDatabase implements Database {
  readonly owned = true;
  readonly #cluster: Cluster;
  readonly #password: string;
  readonly #log: (message: string) => void;
  #url: string | undefined;
  #presence: Client | undefined;
  #closing = false;
  #reviving: Promise<void> | undefined;

  constructor(cluster: Cluster, password: string, log: (message: string) => void) {
    this.#cluster = cluster;
    this.#password = password;
    this.#log = log;
  }

  get url(): string {
    if (!this.#url) throw new Error('The embedded database was not opened.');
    return this.#url;
  }

  async open(): Promise<void> {
    await this.#cluster.initialise(this.#password, this.#log);
    await this.#bePresent();
  }

  async close({ isLate } = { isLate: false }): Promise<void> {
    const presence = await this.#presenceToEnd();
    const alone = presence && (await isLastUser(presence, isLate).catch(() => false));
    if (alone) await this.#cluster.stop();
    await presence?.end().catch(() => {});
  }

  async detach(): Promise<void> {
    const presence = await this.#presenceToEnd();
    await presence?.end();
  }

  async #presenceToEnd(): Promise<Client | undefined> {
    this.#closing = true;
    await this.#reviving;
    const presence = this.#presence;
    this.#presence = undefined;
    return presence;
  }

  /** Starts or attaches until this process holds its presence lock on a server that runs. */
  async #bePresent(): Promise<void> {
    const deadline = Date.now() + CONNECT_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const port = await this.#cluster.runningPort(deadline, this.#log);
      const url = `postgresql://postgres:${this.#password}@127.0.0.1:${port}/postgres`;
      const presence = await presentOn(url).catch((error: unknown) =>
        refuseWrongPassword(error, this.#cluster.directory),
      );
      if (presence) {
        this.#url = url;
        this.#presence = presence;
        presence.once('end', () => this.#revive());
        return;
      }
      await delay(POLL_MS);
    }
    throw new StartupError(
      `PostgreSQL in ${this.#cluster.directory} accepts no connections; its log is ${this.#cluster.logFile}.`,
    );
  }

  /** The server died under us (killed, out of memory): bring it back at the same port, where everybody reconnects. */
  #revive(): void {
    this.#presence = undefined;
    if (this.#closing) return;
    this.#log('The embedded PostgreSQL server went away; starting it again.');
    this.#reviving = this.#bringBack();
  }

  /** For as long as it takes: the disk it needs may be full, and room be made in an hour. */
  async #bringBack(): Promise<void> {
    let told = '';
    while (!this.#closing) {
      try {
        return await this.#bePresent();
      } catch (error) {
        if (told !== String(error)) this.#log(`It did not come back: ${String(error)} Trying again until it does.`);
        told = String(error);
        await delay(REVIVE_PAUSE_MS);
      }
    }
  }
}

/** Lets go of our presence and says whether no other process is connected; holds the exclusive lock afterwards if so. */
async function isLastUser(presence: Client, isLate: boolean): Promise<boolean> {
  await presence.query('select pg_advisory_unlock_shared($1)', [PRESENCE_LOCK]);
  const locked = await presence.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
    PRESENCE_LOCK,
  ]);
  if (!locked.rows[0]?.locked) return false;
  const deadline = Date.now() + STOP_GRACE_MS;
  do {
    const others = await presence.query(
      `select from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid() and not ($1 and application_name like 'einklang%') limit 1`,
      [isLate],
    );
    if (others.rowCount === 0) return true;
    await delay(POLL_MS);
  } while (Date.now() < deadline);
  return false;
}

async function presentOn(url: string): Promise<Client> {
  const client = await connected(url);
  await client.query('select pg_advisory_lock_shared($1)', [PRESENCE_LOCK]);
  return client;
}

function refuseWrongPassword(error: unknown, directory: string): undefined {
  if (systemCodeOf(error) !== '28P01') return undefined;
  throw new StartupError(`The password file beside ${directory} is not the one this database was made with.`, {
    cause: error,
  });
}

async function connectWithin(timeoutMs: number, url: string): Promise<Client> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await connected(url);
    } catch (error) {
      const final = ['28P01', '28000', '3D000', 'ERR_INVALID_URL'].includes(systemCodeOf(error) ?? '');
      if (final || Date.now() >= deadline) throw unreachable(url, error);
      await delay(250);
    }
  }
}

function unreachable(url: string, error: unknown): StartupError {
  const place = URL.canParse(url) ? `${new URL(url).host}${new URL(url).pathname}` : 'the address given';
  const reason = error instanceof Error ? error.message || systemCodeOf(error) : String(error);
  return new StartupError(`No connection to the database at ${place}: ${reason}.`, { cause: error });
}

async function connected(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: 'einklang',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

async function preparedCluster(dataDir: string): Promise<Cluster> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await assertWritable(dataDir);
  } catch (error) {
    throw fileError(error, dataDir);
  }
  return Cluster.in(join(dataDir, 'postgres'));
}

async function assertWritable(dataDir: string): Promise<void> {
  const probe = join(dataDir, `.probe-${process.pid}`);
  await writeFile(probe, '');
  // Another caller in this process may be looking as well.
  await rm(probe, { force: true });
}

/** Made once and put in its place whole: of two processes that start together, one wins and both read the same. */
async function passwordIn(dataDir: string): Promise<string> {
  const file = join(dataDir, 'postgres.password');
  const draft = `${file}.new-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw fileError(error, dataDir);
  }
  await writeFile(draft, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600, flush: true });
  await link(draft, file).catch((error: unknown) => {
    if (systemCodeOf(error) !== 'EEXIST') throw fileError(error, dataDir);
  });
  await rm(draft);
  return (await readFile(file, 'utf8')).trim();
}
