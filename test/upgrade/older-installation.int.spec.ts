import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createTestDatabase, type TestDatabase } from '#testing';
import { type SimulatedShop, startSimulatedShop } from '../../apps/simulated-shop/src/start-simulated-shop.js';
import { until } from '../e2e/support/api.js';
import { query } from '../e2e/support/database.js';
import { Installation, type RunningSystem, SECRET } from '../e2e/support/installation.js';
import { askShop, orderWebhook, shownOn } from '../e2e/support/trade.js';
import { HASH_KEY } from './hash-key.js';

const GOLDEN = new URL('../golden/', import.meta.url);
const versions = readdirSync(GOLDEN).flatMap((file) => /^installation-(.+)\.sql$/.exec(file)?.[1] ?? []);

/** `write-installation.ts` wrote what the versions had made of some trade; this program starts on it as after an update. */
describe.each(versions)('the installation of version %s', (version) => {
  let [older, fresh]: (TestDatabase | undefined)[] = [];
  let url: string;
  let installation: Installation;
  let system: RunningSystem;
  let shop: SimulatedShop;

  beforeAll(async () => {
    older = await createTestDatabase();
    url = older.url;
    await query(url, readFileSync(new URL(`installation-${version}.sql`, GOLDEN), 'utf8'));
    // One of the views has changed since, and is rebuilt.
    await query(url, `update read_models.checkpoints set version = 0 where name = 'orders'`);
    await query(url, `update view_orders.orders set units = 0`);
    shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:' });
    installation = await Installation.createEmpty();
    system = await installation.start({ DATABASE_URL: url, EINKLANG_HASH_KEY: HASH_KEY });
    await system.api.settled();
  });
  afterAll(async () => {
    await system?.stop();
    await installation?.remove();
    await shop?.close();
    await older?.drop();
    await fresh?.drop();
  });

  it('shows its orders as they stood', async () => {
    const orders = z.object({ items: z.array(z.object({ orderId: z.string(), phase: z.string(), units: z.int() })) });
    const { items } = await system.api.ask('GET', '/v1/orders', orders);
    const found = items.map(({ orderId, phase, units }) => [orderId.replace(UUID, 'own'), phase, units]);
    expect(found.toSorted()).toEqual([
      ['amazon.%23short', 'open', 1],
      ['amazon.changed', 'partly-returned', 2],
      ['amazon.offered', 'open', 1],
      ['amazon.short', 'open', 8],
      ['own', 'open', 2],
    ]);
  });

  it('keeps what waits for a person', async () => {
    const exceptions = z.object({ items: z.array(z.object({ kind: z.string(), subject: z.string() })) });
    const { items } = await system.api.ask('GET', '/v1/exceptions?limit=500', exceptions);
    expect(items.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining([
        'shortage',
        'unreadable-message',
        'unknown-offer',
        'order-number-look-alike',
        'receipt-reference-twice',
      ]),
    );
    expect((await system.api.send('GET', '/v1/channels/amazon/parked-sales')).body).toMatchObject({
      items: [{ kind: 'unreadable', messageId: 'unreadable' }],
    });
  });

  it('knows a request that it has answered before', async () => {
    const lines = [{ lineId: '1', sku: 'LAMP', units: 2, unitPriceMinor: 999 }];
    const own = { channel: 'own-shop-eu', currency: 'EUR', lines };
    const { headers } = await system.api.send('POST', '/v1/orders', own, { 'idempotency-key': 'own' });
    expect(headers.get('idempotency-replayed')).toBe('true');
  });

  it('knows its buyers again', async () => {
    const email = { email: 'Ann@example.org' };
    expect((await system.api.send('POST', '/v1/profiles/lookup', email)).body).toMatchObject({ orders: 2 });
  });

  it('sells on, and its channels see it', async () => {
    const listings = [{ externalId: 'etsy:LAMP', sku: 'LAMP', title: 'Lamp', priceMinor: 999, currency: 'EUR' }];
    await askShop(shop.url, 'PUT', 'etsy', 'listings', z.unknown(), { listings });
    const settings = { name: 'etsy', connector: 'simulated', currency: 'EUR', pushesPerSecond: 1_000 };
    await system.api.put('/v1/channels/etsy', { ...settings, baseUrl: shop.url });
    const lines = [{ lineId: '1', sku: 'LAMP', units: 4, unitPriceMinor: 999 }];
    const { body, headers } = orderWebhook('amazon', 'after', { externalOrderId: 'after', lines, customer: {} });
    expect((await system.api.send('POST', '/v1/channels/amazon/webhooks', body, headers)).status).toBe(202);
    const levels = z.object({ levels: z.array(z.object({ onHand: z.int(), allocated: z.int(), reserved: z.int() })) });
    await until('the sale is allocated', async () => {
      const { levels: found } = await system.api.ask('GET', '/v1/stock/LAMP', levels);
      return found[0]?.allocated === 6 ? true : undefined;
    });
    const { available } = await system.api.ask(
      'GET',
      '/v1/stock/LAMP',
      z.object({ available: z.record(z.string(), z.int()) }),
    );
    expect(available.etsy).toBeGreaterThan(0);
    await until('etsy shows what is left', async () =>
      (await shownOn(shop.url, 'etsy')).LAMP === available.etsy ? true : undefined,
    );
  });

  it('finds no difference between its log and its views', async () => {
    await system.api.settled();
    const settings = { DATABASE_URL: url, EINKLANG_HASH_KEY: HASH_KEY };
    const { output, exitCode } = await installation.opsWith(settings, 'verify', '--skip-channels');
    expect(output).toMatch(/^No differences\.$/m);
    expect(exitCode).toBe(0);
  });

  it('has the tables of a new one', async () => {
    fresh = await createTestDatabase();
    const other = await Installation.createEmpty();
    try {
      const settings = { DATABASE_URL: fresh.url, EINKLANG_HASH_KEY: HASH_KEY };
      await (await other.start(settings)).stop();
    } finally {
      await other.remove();
    }
    expect(await tablesIn(url)).toEqual(await tablesIn(fresh.url));
  });
});

const UUID = /^[0-9a-f-]{36}$/;

/** Columns may stand in another order: what was added came last. */
async function tablesIn(url: string): Promise<readonly string[]> {
  const rows = await query<{ line: string }>(
    url,
    `select concat_ws(' ', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attidentity, a.attstorage, l.collname,
                      case when a.attnotnull then 'not null' end, pg_get_expr(d.adbin, d.adrelid)) as line
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       left join pg_collation l on l.oid = a.attcollation
       left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
      where c.relkind = any('{r,v}') and c.relnamespace <> all('{pg_catalog,information_schema}'::regnamespace[])
     union all
     select concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
      where contype <> 'n' and conrelid <> 0
     union all
     select indexdef from pg_indexes where schemaname <> all('{pg_catalog,information_schema}')`,
  );
  return rows.map(({ line }) => line).toSorted();
}
