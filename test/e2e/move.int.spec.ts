import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EventStoreDbDouble, MAX_APPEND_BYTES_MAX, startEventStoreDbDouble } from '#testing';
import { type SimulatedShop, startSimulatedShop } from '../../apps/simulated-shop/src/start-simulated-shop.js';
import { until } from './support/api.js';
import { query } from './support/database.js';
import { type Ended, Installation, type RunningSystem, SECRET } from './support/installation.js';
import { CHANNELS, openForTrade, orderWebhook, shownOn } from './support/trade.js';

const STOCK = { LAMP: 100, VASE: 50, RARE: 2 };
const CHANNEL = 'amazon';
const LISTINGS = CHANNELS.length * Object.keys(STOCK).length;

/** Each step goes on from the one before: a log made on PostgreSQL, moved to EventStoreDB, with empty databases beside it. */
describe('a system that moves to EventStoreDB', () => {
  let standalone: Installation;
  let moved: Installation;
  let shop: SimulatedShop;
  let double: EventStoreDbDouble;
  let system: RunningSystem;
  let before: Awaited<ReturnType<typeof viewsOf>>;
  let events: number;

  beforeAll(async () => {
    [standalone, moved] = await Promise.all([Installation.create(), Installation.createEmpty()]);
    double = await startEventStoreDbDouble({ maxAppendBytes: MAX_APPEND_BYTES_MAX });
    shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:' });
    system = await standalone.start();
    await openForTrade(system.api, { shopUrl: shop.url, stock: STOCK });
    await trade();
    await everythingIsShown();
    before = await viewsOf(standalone);
    events = double.log.records.length;
  }, 300_000);
  afterAll(async () => {
    await shop?.close();
    await standalone?.remove();
    await moved?.remove();
    await double?.stop();
  });

  it('copies its log while it runs, and finishes when it is stopped', async () => {
    const early = await migrate();
    expect(early.output).toContain('Not finished, for the system still runs.');
    expect(early.exitCode).toBe(1);
    await system.stop();
    const late = await migrate();
    expect(late.output).toMatch(/^Compared [\d,]+ events in [\d,]+ streams: no differences\.$/m);
    expect(late.exitCode).toBe(0);
    events = double.log.records.length;
  });

  it('decides nothing again when every view and process reads the moved log from its start', async () => {
    const key = await readFile(join(standalone.dataDir, 'hash-key'), 'utf8');
    const environment = { EINKLANG_HASH_KEY: `hex:${key}`, EVENTSTOREDB_URL: double.url() };
    for (const command of [['prepare'], ['rebuild', 'stock', '--service', 'inventory']])
      expect((await moved.opsWith(environment, ...command)).exitCode).toBe(0);
    system = await moved.start(environment);
    await everythingIsAcknowledged();
    expect(ownRecords()).toBe(events);
    expect(await count('read_models.parked')).toBe(0);
  });

  it('tells every channel its newest numbers, and no older ones before', async () => {
    for (const channel of CHANNELS) expect(await shownOn(shop.url, channel)).toEqual(shownAfter(0));
    expect(await pushedListings()).toBe(LISTINGS);
  });

  it('has the same orders, stock, numbers and profiles', async () => {
    const after = await viewsOf(moved);
    expect(Object.keys(after).length).toBeGreaterThan(5);
    expect(after).toEqual(before);
  });

  it('finds no difference between the log, its views and the channels', async () => {
    const { output, exitCode } = await moved.opsWith({ EVENTSTOREDB_URL: double.url() }, 'verify');
    expect(output).toMatch(/^No differences\.$/m);
    expect(exitCode).toBe(0);
  });

  it('knows a message that comes again', async () => {
    expect((await sell('W-0', 'LAMP', 1)).status).toBe(202);
    await until('it was handed on', async () =>
      (await count(`channels.intake where state = 'done' and external_order_id = 'W-0'`)) === 1 ? true : undefined,
    );
    await system.api.settled();
    expect(ownRecords()).toBe(events);
  });

  it('sells on, to a buyer it knows', async () => {
    const profiles = await count('analytics.profiles');
    expect((await sell('W-new', 'LAMP', 5)).status).toBe(202);
    for (const channel of CHANNELS)
      await until(`${channel} shows it`, async () =>
        (await shownOn(shop.url, channel)).LAMP === shownAfter(5).LAMP ? true : undefined,
      );
    await system.api.settled();
    expect(await count('analytics.profiles')).toBe(profiles);
  });

  /** Sales, orders of the own shop over several SKUs, one of them declined, a parcel, a return, a cancellation. */
  async function trade(): Promise<void> {
    for (let number = 0; number < 20; number += 1) expect((await sell(`W-${number}`, 'LAMP', 1)).status).toBe(202);
    expect((await sell('W-short', 'RARE', 5)).status).toBe(202);
    await order('placed-1', { LAMP: 2, VASE: 3 }, 201);
    await order('declined-1', { LAMP: 2, VASE: 999 }, 409);
    await system.api.settled();
    const lines = [{ lineId: '1', units: 1 }];
    await system.api.post(`/v1/orders/${CHANNEL}.W-1/shipments`, { shipmentId: 'p1', lines });
    await system.api.post(`/v1/orders/${CHANNEL}.W-2/cancellations`, { lines, reason: 'regret' });
    await system.api.settled();
    await system.api.post(`/v1/orders/${CHANNEL}.W-1/returns`, {
      returnId: 'r1',
      lines,
      locationId: 'main',
      condition: 'available',
    });
  }

  /** Of the lamps 20 were sold one by one, one of them cancelled, another returned, and 2 went with an order. */
  const shownAfter = (lamps: number) => ({ LAMP: 80 - lamps, VASE: 47, RARE: 0 });

  async function order(key: string, units: Record<string, number>, status: number): Promise<void> {
    const lines = Object.entries(units).map(([sku, count], index) => ({
      lineId: `${index}`,
      sku,
      units: count,
      unitPriceMinor: 999,
    }));
    const body = { channel: 'own-shop-eu', currency: 'EUR', lines, customer: { email: 'buyer@example.com' } };
    const answer = await system.api.send('POST', '/v1/orders', body, { 'idempotency-key': key });
    expect(answer.status).toBe(status);
  }

  function sell(externalOrderId: string, sku: string, units: number) {
    const { body, headers } = orderWebhook(CHANNEL, `message-${externalOrderId}`, {
      externalOrderId,
      lines: [{ lineId: '1', sku, units, unitPriceMinor: 999 }],
      customer: { email: 'buyer@example.com' },
    });
    return system.api.send('POST', `/v1/channels/${CHANNEL}/webhooks`, body, headers);
  }

  async function everythingIsShown(): Promise<void> {
    await system.api.settled();
    await until('every channel shows its newest numbers', async () => {
      const shown = await Promise.all(CHANNELS.map((channel) => shownOn(shop.url, channel)));
      return shown.every((numbers) => isDeepStrictEqual(numbers, shownAfter(0))) ? true : undefined;
    });
    await system.api.settled();
  }

  /** By the new ledger, which begins empty; the channels show what they got before the move. */
  async function everythingIsAcknowledged(): Promise<void> {
    await system.api.settled();
    await until('every listing is acknowledged', async () =>
      (await count('channels.push_ledger where acknowledged_sequence = wanted_sequence')) === LISTINGS
        ? true
        : undefined,
    );
    await system.api.settled();
  }

  const migrate = (): Promise<Ended> => standalone.ops('migrate-store', '--to', double.url());

  /** Of our streams, as the server sees them. */
  const ownRecords = () => double.log.records.filter(({ stream }) => !/^(\$|snapshot-)/.test(stream)).length;

  async function count(what: string): Promise<number> {
    const sql = `select count(*)::integer as rows from ${what}`;
    const [row] = await query<{ rows: number }>(await moved.databaseUrl(), sql);
    return row?.rows ?? Number.NaN;
  }

  async function pushedListings(): Promise<number> {
    const { text } = await system.api.send('GET', '/metrics');
    const counts = text.matchAll(/^einklang_channel_pushed_listings_total\{.*\} (\d+)$/gm);
    return [...counts].reduce((sum, [, listings]) => sum + Number(listings), 0);
  }
});

/** The rows of every documented view, each view as a count and a hash of its rows in a fixed order. */
async function viewsOf(installation: Installation): Promise<Record<string, { rows: number; hash: string }>> {
  const url = await installation.databaseUrl();
  const views = await query<{ name: string }>(
    url,
    `select table_name as name from information_schema.views where table_schema = 'analytics'`,
  );
  const contents: Record<string, { rows: number; hash: string }> = {};
  for (const { name } of views) {
    const rows = await query<{ row: string }>(url, `select v::text as row from analytics."${name}" v order by 1`);
    const hash = createHash('sha256')
      .update(rows.map(({ row }) => row).join('\n'))
      .digest('hex');
    contents[name] = { rows: rows.length, hash };
  }
  return contents;
}
