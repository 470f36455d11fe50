import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type SimulatedShop, startSimulatedShop } from '../../apps/simulated-shop/src/start-simulated-shop.js';
import { until } from './support/api.js';
import { Installation, type RunningSystem, SECRET } from './support/installation.js';
import { askShop, openForTrade } from './support/trade.js';

const shown = z.object({ items: z.array(z.object({ externalId: z.string(), quantity: z.int() })) });

describe('offers of one SKU on a channel', () => {
  let installation: Installation;
  let shop: SimulatedShop;
  let system: RunningSystem;

  beforeAll(async () => {
    installation = await Installation.create();
    shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:' });
    system = await installation.start();
    await openForTrade(system.api, { shopUrl: shop.url, stock: { LAMP: 5, VASE: 3 } });
    await untilShown({ 'etsy:LAMP': 5, 'etsy:VASE': 3 });
  });
  afterAll(async () => {
    await system?.stop();
    await shop?.close();
    await installation?.remove();
  });

  it('all get its number', async () => {
    await offer('second');
    await system.api.put('/v1/variants/LAMP/listings/etsy', { externalId: 'second' });
    await untilShown({ 'etsy:LAMP': 5, second: 5 });
  });

  it('get 0 when another takes their place, and shown until the channel has taken that', async () => {
    await offer('third');
    await askShop(shop.url, 'PUT', 'etsy', 'behaviour', z.unknown(), { failNext: { count: 3, status: 503 } });
    await system.api.put('/v1/variants/LAMP/listings/etsy', { externalId: 'third', replaces: 'etsy:LAMP' });
    await untilShown({ 'etsy:LAMP': 0, second: 5, third: 5 });
    await until('the offer is over', async () => ((await pushes('ending')).length === 0 ? true : undefined));
    expect((await pushes('acknowledged')).map(({ externalId }) => externalId)).toEqual([
      'second',
      'third',
      'etsy:VASE',
    ]);
  });

  it('get 0 when they end', async () => {
    expect(await system.api.send('DELETE', '/v1/variants/LAMP/listings/etsy')).toMatchObject({ status: 200 });
    await untilShown({ second: 0, third: 0, 'etsy:VASE': 3 });
  });

  it('spoil no other where their number is too large, and are reported then', async () => {
    for (const number of [1, 2, 3])
      await system.api.post('/v1/stock/VASE/receipts', {
        locationId: 'main',
        units: 1_000_000_000,
        reference: `too many ${number}`,
      });
    await system.api.post('/v1/stock/LAMP/receipts', { locationId: 'main', units: 1 });
    const amazon = z.object({ items: z.array(z.object({ sku: z.string(), quantity: z.int() })) });
    await until('every other number goes on', async () => {
      const { items } = await askShop(shop.url, 'GET', 'amazon', 'stock', amazon);
      return items.some(({ sku, quantity }) => sku === 'LAMP' && quantity === 6) ? true : undefined;
    });
    const { body } = await system.api.send('GET', '/v1/exceptions?kind=capped-number');
    expect(body).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ subject: 'amazon amazon:VASE' })]),
    });
  });

  const offer = (externalId: string) =>
    askShop(shop.url, 'PUT', 'etsy', 'listings', z.unknown(), {
      listings: [{ externalId, sku: 'LAMP', title: 'Lamp', priceMinor: 999, currency: 'EUR' }],
    });
  const pushes = async (state: string) =>
    z
      .object({ items: z.array(z.object({ externalId: z.string() })) })
      .parse((await system.api.send('GET', `/v1/channels/etsy/pushes?state=${state}`)).body).items;
  const untilShown = (numbers: Record<string, number>) =>
    until(`etsy shows ${JSON.stringify(numbers)}`, async () => {
      // It fails now and then, as it was set up.
      const { items } = await askShop(shop.url, 'GET', 'etsy', 'stock', shown).catch(() => ({ items: [] }));
      const now = new Map(items.map(({ externalId, quantity }) => [externalId, quantity]));
      return Object.entries(numbers).every(([externalId, quantity]) => now.get(externalId) === quantity)
        ? now
        : undefined;
    });
});
