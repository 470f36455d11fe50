import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Shutdown } from '#platform';
import { openDatabase } from '#platform/host';
import { connectTo, type PostgresClient } from '../baselines/postgres.js';

/** A PostgreSQL server with durable settings, of this run alone. */
export interface BenchDatabase {
  readonly url: string;
  /** A folder that is removed with the server. */
  readonly folder: string;
  /** What decides whether an acknowledged commit survives, as the server tells it. */
  readonly settings: Readonly<Record<string, string>>;
  connect(): Promise<PostgresClient>;
  /** The URL of one more, empty database on the same server. */
  createDatabase(name: string): Promise<string>;
}

/** Starts the embedded server in a temporary folder; `shutdown` stops it and removes the folder. */
export async function openBenchDatabase(shutdown: Shutdown): Promise<BenchDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'einklang-bench-'));
  shutdown.onShutdown('temporary folder', () => rm(folder, { recursive: true, force: true }));
  const server = await openDatabase({ dataDir: folder, log: () => {} });
  shutdown.onShutdown('database', () => server.close());
  const connect = () => connectTo(server.url);
  const createDatabase = async (name: string): Promise<string> => {
    const client = await connect();
    await client.query(`create database "${name}"`);
    await client.end();
    return Object.assign(new URL(server.url), { pathname: name }).href;
  };
  return { url: server.url, folder, connect, createDatabase, settings: await settingsOf(connect) };
}

const SETTINGS = [
  'server_version',
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'wal_level',
  'wal_sync_method',
  'shared_buffers',
  'max_wal_size',
];

async function settingsOf(connect: () => Promise<PostgresClient>): Promise<Record<string, string>> {
  const client = await connect();
  try {
    const settings: Record<string, string> = {};
    for (const name of SETTINGS) {
      const result = await client.query<{ value: string }>('select current_setting($1) as value', [name]);
      settings[name] = result.rows[0]?.value ?? '';
    }
    return settings;
  } finally {
    await client.end();
  }
}
