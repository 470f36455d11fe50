import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { type Database, openDatabase } from '../../platform/src/database/index.js';

export interface TestDatabase {
  /** `postgresql://…` of a fresh, empty database. */
  readonly url: string;
  /** Ends every connection to it and removes it. */
  drop(): Promise<void>;
}

/**
 * A database of its own for one spec file, on the server at TEST_DATABASE_URL or else on one embedded server per test
 * run, which the first call starts. fsync is on: what a spec proves about durability holds.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = await testServer();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(server.url, `create database ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: async () => {
      await onServer(server.url, `drop database if exists ${name} with (force)`);
      await server.detach();
    },
  };
}

async function testServer(): Promise<Database> {
  const databaseUrl = process.env.TEST_DATABASE_URL;
  const dataDir = process.env.EINKLANG_TEST_DIR;
  if (databaseUrl) return openDatabase({ dataDir: '', databaseUrl, log: () => {} });
  if (dataDir) return openDatabase({ dataDir, log: () => {} });
  throw new Error('Run specs through jest.config.js, whose global set-up provides a database server.');
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
