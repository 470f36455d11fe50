import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type SimulatedShop, startSimulatedShop } from '../../apps/simulated-shop/src/start-simulated-shop.js';
import { until } from './support/api.js';
import { dump, query } from './support/database.js';
import { Installation, type RunningSystem, SECRET } from './support/installation.js';
import { askShop, CHANNELS, openForTrade, shownOn, signed } from './support/trade.js';

const OTHERS = CHANNELS.filter((channel) => channel !== 'amazon');
const boughtOrder = z.looseObject({
  externalOrderId: z.string(),
  customer: z.object({ email: z.string(), phone: z.string(), customerId: z.string() }),
});
const lags = z.object({
  items: z.array(z.object({ channel: z.string(), pushes: z.int(), p99Ms: z.number(), waiting: z.int() })),
});

describe('a sale on a channel', () => {
  let installation: Installation;
  let shop: SimulatedShop;
  let system: RunningSystem;
  let pushesBefore: ReadonlyMap<string, number>;
  let bought: z.output<typeof boughtOrder>;

  beforeAll(async () => {
    installation = await Installation.create();
    shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:' });
    system = await installation.start({ EINKLANG_LOG_LEVEL: 'trace' });
    await openForTrade(system.api, { shopUrl: shop.url, stock: { LAMP: 10, VASE: 5 } });
    for (const channel of CHANNELS) await untilShown(channel, { LAMP: 10, VASE: 5 });
    pushesBefore = await pushes();
    // No shopper comes by chance; the address is where the message of a purchase goes.
    const webhookUrl = `${system.httpUrl}/v1/channels/amazon/webhooks`;
    await askShop(shop.url, 'POST', 'amazon', 'shoppers', z.unknown(), { perSecond: 0, seed: 1, webhookUrl });
    const lines = [
      { externalId: 'amazon:LAMP', units: 3 },
      { externalId: 'amazon:VASE', units: 1 },
    ];
    bought = await askShop(shop.url, 'POST', 'amazon', 'buy', boughtOrder, { lines });
  });
  afterAll(async () => {
    await shop?.close();
    await installation?.remove();
  });

  it('changes the numbers on the four other channels', async () => {
    for (const channel of OTHERS) await untilShown(channel, { LAMP: 7, VASE: 4 });
    expect(await shownOn(shop.url, 'amazon')).toEqual({ LAMP: 7, VASE: 4 });
  });

  it('was acknowledged to the channel at the first attempt, and a repeat is known', async () => {
    const statistics = z.object({ webhooksSent: z.int(), webhooksFailed: z.int(), webhooksWaiting: z.int() });
    const counted = await until('the channel has its answer', async () => {
      const now = await askShop(shop.url, 'GET', 'amazon', 'statistics', statistics);
      return now.webhooksWaiting === 0 ? now : undefined;
    });
    expect(counted).toEqual({ webhooksSent: 1, webhooksFailed: 0, webhooksWaiting: 0 });

    const [stored] = await query<{ message_id: string }>(
      await installation.databaseUrl(),
      'select message_id from channels.intake where external_order_id = $1',
      [bought.externalOrderId],
    );
    const body = JSON.stringify({ topic: 'order.created', order: bought });
    const before = await system.api.settled();
    const again = await system.api.send(
      'POST',
      '/v1/channels/amazon/webhooks',
      body,
      signed('amazon', stored?.message_id ?? '', body),
    );
    expect(again).toMatchObject({ status: 202, body: { status: 'repeated' } });
    expect(await system.api.settled()).toBe(before);
  });

  it('is an order with its stock allocated', async () => {
    expect(await system.api.send('GET', `/v1/orders/amazon.${bought.externalOrderId}`)).toMatchObject({
      status: 200,
      body: {
        channel: 'amazon',
        status: 'placed',
        units: 4,
        lines: [
          { sku: 'LAMP', ordered: 3 },
          { sku: 'VASE', ordered: 1 },
        ],
      },
    });
    const { body } = await system.api.send('GET', '/v1/stock/LAMP');
    expect(body).toMatchObject({ levels: [{ onHand: 10, allocated: 3, free: 7, shortage: 0 }] });
  });

  it('is counted in the lag of every other channel', async () => {
    const { items } = await system.api.ask('GET', '/v1/channels/lag', lags);
    for (const { channel, pushes: count, p99Ms, waiting } of items) {
      expect(waiting).toBe(0);
      expect(p99Ms).toBeGreaterThan(0);
      if (channel !== 'amazon') expect(count - (pushesBefore.get(channel) ?? 0)).toBe(2);
    }
  });

  it('makes a profile that e-mail, phone and account lead to', async () => {
    await system.api.settled();
    const { email, phone, customerId } = bought.customer;
    const found = [];
    for (const person of [{ email }, { phone }, { channel: 'amazon', channelCustomerId: customerId }])
      found.push(await system.api.send('POST', '/v1/profiles/lookup', person));
    expect(found.map(({ status, body }) => [status, body.orders])).toEqual(Array(3).fill([200, 1]));
    expect(new Set(found.map(({ body }) => body.profileId)).size).toBe(1);
  });

  it('leaves e-mail, phone and account of the buyer in clear in no table, no event, no log and no metric', async () => {
    const { email, phone, customerId } = bought.customer;
    const metrics = await system.api.send('GET', '/metrics');
    const places = {
      tables: await dump(await installation.databaseUrl()),
      log: installation.output,
      metrics: metrics.text,
      files: await smallFilesIn(installation.dataDir),
    };
    // What is looked for would be found: the order's number is no secret.
    expect(places.tables).toContain(bought.externalOrderId);
    expect(places.tables).toContain('SaleRecorded');
    expect(places.log).toContain('"level"');
    for (const text of Object.values(places)) {
      for (const secret of [email, email.split('@')[0] ?? email, phone, phone.slice(1), customerId])
        expect(text).not.toContain(secret);
    }
  });

  it('is found in order by verify, the channels included', async () => {
    const { exitCode, output } = await installation.ops('verify');
    expect(output).toContain('channel amazon: 2 listings, 0 differences');
    expect(exitCode).toBe(0);
  });

  it('is still there after Ctrl-C and a new start', async () => {
    expect(await system.stop()).toBe(0);
    system = await installation.start();
    expect(await system.api.send('GET', `/v1/orders/amazon.${bought.externalOrderId}`)).toMatchObject({ status: 200 });
    expect(await system.stop()).toBe(0);
    await expect(installation.databaseUrl()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  const untilShown = (channel: string, numbers: Record<string, number>) =>
    until(`${channel} shows ${JSON.stringify(numbers)}`, async () => {
      const shown = await shownOn(shop.url, channel);
      return Object.entries(numbers).every(([sku, units]) => shown[sku] === units) ? shown : undefined;
    });

  async function pushes(): Promise<ReadonlyMap<string, number>> {
    const settled = await until('every push is acknowledged', async () => {
      const { items } = await system.api.ask('GET', '/v1/channels/lag', lags);
      return items.every(({ waiting }) => waiting === 0) ? items : undefined;
    });
    return new Map(settled.map(({ channel, pushes: count }) => [channel, count]));
  }
});

/** Everything beside the tables of the database: keys, notes, its log. */
async function smallFilesIn(dataDir: string): Promise<string> {
  const entries = await readdir(dataDir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const paths = [...names, join('postgres', 'server.log')].map((name) => join(dataDir, name));
  return (await Promise.all(paths.map((path) => readFile(path, 'utf8')))).join('\n');
}
