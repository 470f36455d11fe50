import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type SimulatedShop, startSimulatedShop } from '../../apps/simulated-shop/src/start-simulated-shop.js';
import { until } from './support/api.js';
import { Installation, type RunningSystem, SECRET } from './support/installation.js';
import { askShop, CHANNELS, openForTrade, shownOn } from './support/trade.js';

const STOCK = { LAMP: 5, VASE: 5 };

describe('a sale that no webhook has brought yet', () => {
  let installation: Installation;
  let shop: SimulatedShop;
  let system: RunningSystem;

  beforeAll(async () => {
    installation = await Installation.create();
    shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:' });
    // Nothing reads the channels by itself but what is about to tell them a number.
    system = await installation.start({
      EINKLANG_POLL_ORDERS_SECONDS: '86400',
      EINKLANG_DRIFT_CHECK_SECONDS: '0',
    });
    await openForTrade(system.api, { shopUrl: shop.url, stock: STOCK });
    for (const channel of CHANNELS) await untilShown(channel, STOCK);
    const webhookUrl = `${system.httpUrl}/v1/channels/ebay/webhooks`;
    await askShop(shop.url, 'POST', 'ebay', 'shoppers', z.unknown(), { perSecond: 0, seed: 1, webhookUrl });
  });
  afterAll(async () => {
    await system?.stop();
    await shop?.close();
    await installation?.remove();
  });

  it('is read before its channel hears of a sale elsewhere', async () => {
    const before = await stockWrites('amazon');
    await buy('amazon', 'LAMP', 2);
    await buy('ebay', 'LAMP', 1);
    for (const channel of CHANNELS) await untilShown(channel, { LAMP: 2 });
    // One number was sent: 2, and never the 4 that was right before the sale was known.
    expect(await stockWrites('amazon')).toBe(before + 1);
  });

  it('is no drift, and is not lifted away by a check', async () => {
    const before = await stockWrites('amazon');
    await buy('amazon', 'VASE', 2);
    const check = await system.api.send('POST', '/v1/channels/amazon/drift-check');
    expect(check).toMatchObject({ status: 200, body: { found: 0 } });
    for (const channel of CHANNELS) await untilShown(channel, { VASE: 3 });
    await until('every number is acknowledged', async () => {
      const { body } = await system.api.send('GET', '/v1/channels/amazon/pushes?state=waiting');
      return Array.isArray(body.items) && body.items.length === 0 ? true : undefined;
    });
    expect(await shownOn(shop.url, 'amazon')).toMatchObject({ VASE: 3 });
    expect(await stockWrites('amazon')).toBe(before + 1);
  });

  const buy = (channel: string, sku: string, units: number) =>
    askShop(shop.url, 'POST', channel, 'buy', z.unknown(), { lines: [{ externalId: `${channel}:${sku}`, units }] });
  const stockWrites = async (channel: string) =>
    (await askShop(shop.url, 'GET', channel, 'statistics', z.object({ stockWrites: z.int() }))).stockWrites;
  const untilShown = (channel: string, numbers: Record<string, number>) =>
    until(`${channel} shows ${JSON.stringify(numbers)}`, async () => {
      const shown = await shownOn(shop.url, channel);
      return Object.entries(numbers).every(([sku, units]) => shown[sku] === units) ? shown : undefined;
    });
});
