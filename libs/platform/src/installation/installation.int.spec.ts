import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '#kernel';
import { openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { type Config, loadConfig } from '../config.js';
import { checkHashKey } from './check-hash-key.js';
import { readableByOthers } from './readable-by-others.js';

let dataDir: string;
let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'einklang-installation-'));
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url });
  store = new InMemoryEventStore();
});
afterEach(async () => {
  await readModels?.close();
  await database?.drop();
  await rm(dataDir, { recursive: true, force: true });
});

const config = (key?: string): Config =>
  loadConfig({ EINKLANG_DATA_DIR: dataDir, ...(key !== undefined && { EINKLANG_HASH_KEY: key }) });
const check = (of: Config) => checkHashKey(of, readModels, store);
const sell = () =>
  store.append([
    { stream: 'order-1', expected: 'any', events: [{ id: newId(), type: 'SaleRecorded', data: {}, metadata }] },
  ]);
const metadata = { commandId: newId(), correlationId: newId(), actor: 'x', occurredAt: '2026-01-31T12:00:00.000Z' };
const KEY = 'a secret of more than 32 characters';

describe('the hash key', () => {
  it('stays the one of the first start', async () => {
    await check(config());
    await sell();
    await check(config());
    await expect(check(config(KEY))).rejects.toThrow(/not the one[^\n]*Restore[^\n]*EINKLANG_HASH_KEY/);
    await check(config());
  });

  it('is not made again for a log that holds sales: the start says what to restore, and leaves no other key behind', async () => {
    await sell();
    const lost = config();
    await expect(check(lost)).rejects.toThrow(`${join(dataDir, 'hash-key')} is missing`);
    await expect(stat(join(dataDir, 'hash-key'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('that is lost after its fingerprint was noted is missed as well', async () => {
    await check(config());
    await rm(join(dataDir, 'hash-key'));
    await expect(check(config())).rejects.toThrow('is missing');
  });

  it('of an installation from before fingerprints is noted at the next start', async () => {
    config();
    await sell();
    await check(config());
    await expect(check(config(KEY))).rejects.toThrow('not the one');
  });

  it('may be new where nothing was sold', async () => {
    await check(config());
    await check(config());
  });
});

describe('secrets on disk', () => {
  it('cause no warning while only their user can read them', async () => {
    config();
    expect(await readableByOthers(dataDir)).toEqual([]);
    expect(await readableByOthers(join(dataDir, 'not-there'))).toEqual([]);
  });

  it('that others can read are named, with the command that ends it', async () => {
    config();
    await writeFile(join(dataDir, 'postgres.password'), 'x', { mode: 0o644 });
    await chmod(dataDir, 0o755);
    expect(await readableByOthers(dataDir)).toEqual([
      `The data directory ${dataDir} can be read by other users of this machine (755). Run: chmod 700 ${dataDir}`,
      expect.stringMatching(/postgres\.password can be read by .* \(644\)\. Run: chmod 600 /),
    ]);
  });
});
