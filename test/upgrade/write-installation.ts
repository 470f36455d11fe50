import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulatedShop } from '../../apps/simulated-shop/src/start-simulated-shop.js';
import { Api, until } from '../e2e/support/api.js';
import { SECRET } from '../e2e/support/installation.js';
import { addressOf, endOf, outputOf } from '../e2e/support/programs.js';
import { openForTrade, orderWebhook, shownOn, signed } from '../e2e/support/trade.js';
import { dumpAsSql } from './dump-as-sql.js';
import { HASH_KEY } from './hash-key.js';

// After a build, for a released version that is checked out and built beside this one:
// node dist/test/upgrade/write-installation.js <its folder> > test/golden/installation-<version>.sql

/** What an earlier version has in its database after some trade. */
async function installationOf(checkout: string): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'einklang-installation-'));
  const shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:' });
  const environment = { EINKLANG_DATA_DIR: dataDir, EINKLANG_HTTP_PORT: '0', EINKLANG_GRPC_PORT: '0' };
  const system = spawn(process.execPath, [join(checkout, 'dist/apps/standalone/src/main.js')], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...environment, EINKLANG_HASH_KEY: HASH_KEY, SIMULATED_SHOP_SECRET: SECRET },
  });
  try {
    await trade(new Api(await addressOf(system, outputOf(system))), shop.url);
    return await dumpAsSql(await databaseUrl(dataDir));
  } finally {
    system.kill('SIGINT');
    await endOf(system);
    await shop.close();
    await rm(dataDir, { recursive: true });
  }
}

async function databaseUrl(dataDir: string): Promise<string> {
  const password = (await readFile(join(dataDir, 'postgres.password'), 'utf8')).trim();
  const port = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[3];
  return `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
}

/** A row in every table that an installation has. */
async function trade(api: Api, shopUrl: string): Promise<void> {
  await openForTrade(api, { shopUrl, stock: { LAMP: 20, VASE: 5 } });
  await sell(api, 'changed', [line('LAMP', 3)], { customer: { email: 'ann@example.org', customerId: 'ann' } });
  await sell(api, 'changed', [line('LAMP', 2)], { revision: 1 });
  await sell(api, 'short', [line('VASE', 8)], { customer: { email: 'ann@example.org' } });
  await sell(api, 'offered', [{ lineId: '1', externalId: 'amazon:TEAPOT', units: 1, unitPriceMinor: 500 }]);
  await sell(api, '#short', [line('VASE', 1)]);
  await api.post('/v1/orders/amazon.changed/shipments', { shipmentId: 'S-1', lines: [{ lineId: '1', units: 2 }] });
  const returned = { returnId: 'R-1', locationId: 'main', condition: 'available', lines: [{ lineId: '1', units: 1 }] };
  await api.post('/v1/orders/amazon.changed/returns', returned);
  const own = { channel: 'own-shop-eu', currency: 'EUR', lines: [line('LAMP', 2)] };
  await api.send('POST', '/v1/orders', own, { 'idempotency-key': 'own' });
  const hold = { reservationId: 'cart-1', sku: 'LAMP', channel: 'own-shop-eu', units: 1, ttlSeconds: 600 };
  await api.post('/v1/reservations', hold);
  for (const times of [1, 2]) {
    const receipt = { locationId: 'main', units: times, reference: 'delivery note 7' };
    await api.post('/v1/stock/LAMP/receipts', receipt);
  }
  await api.send('POST', '/v1/channels/amazon/webhooks', UNREADABLE, signed('amazon', 'unreadable', UNREADABLE));
  await api.settled();
  const { LAMP } = await until('the channels show what is left', async () => {
    const shown = await shownOn(shopUrl, 'etsy');
    return shown.VASE === 0 && shown.LAMP === 19 ? shown : undefined;
  });
  process.stderr.write(`etsy shows ${LAMP} LAMP\n`);
}

async function sell(api: Api, number: string, lines: readonly object[], more: object = {}): Promise<void> {
  const { body, headers } = orderWebhook('amazon', `${number}/${JSON.stringify(more)}`, {
    externalOrderId: number,
    lines,
    customer: {},
    ...more,
  });
  const { status, text } = await api.send('POST', '/v1/channels/amazon/webhooks', body, headers);
  if (status !== 202) throw new Error(`A sale was answered ${status}: ${text}`);
}

const line = (sku: string, units: number) => ({ lineId: '1', sku, units, unitPriceMinor: 999 });

const UNREADABLE = JSON.stringify({
  topic: 'order.created',
  order: { externalOrderId: 'X', lines: [{ units: 'many' }] },
});

process.stdout.write(await installationOf(process.argv[2] ?? '.'));
