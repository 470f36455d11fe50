import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type SimulatedShop, startSimulatedShop } from '../../apps/simulated-shop/src/start-simulated-shop.js';
import { type Answer, until } from './support/api.js';
import { type Collector, startCollector } from './support/collector.js';
import { dump } from './support/database.js';
import { Installation, type RunningSystem, SECRET } from './support/installation.js';
import { askShop, openForTrade, signed } from './support/trade.js';

/** Her things, as no other person would write them: whatever of this is found somewhere came from here. */
const HER = {
  email: 'Ada.Lovelace-1815@example.org',
  phone: '+49 30 1815-1852',
  account: 'account-of-ada-1815',
  name: 'Augusta Ada King',
  address: 'Ockham Park 1815, Surrey',
};
const CUSTOMER = { email: HER.email, phone: HER.phone, channelCustomerId: HER.account };
/** What a shop may send besides, and we have no use for. */
const TALKATIVE = { ...CUSTOMER, name: HER.name, address: HER.address };

const TRACES = [HER.email, HER.phone, HER.account, HER.name, HER.address]
  .flatMap((text) => [text, text.toLowerCase(), encodeURIComponent(text), JSON.stringify(text).slice(1, -1)])
  .concat(['lovelace', 'Lovelace', HER.phone.replace(/\D/g, '').slice(2), '1815-1852', 'Ockham']);

describe('personal data', () => {
  let collector: Collector;
  let installation: Installation;
  let shop: SimulatedShop;
  let system: RunningSystem;
  let pulled: { readonly email: string; readonly phone: string; readonly customerId: string };

  beforeAll(async () => {
    collector = await startCollector();
    installation = await Installation.create();
    shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:' });
    system = await installation.start({
      EINKLANG_LOG_LEVEL: 'trace',
      EINKLANG_POLL_ORDERS_SECONDS: '1',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    });
    await openForTrade(system.api, { shopUrl: shop.url, stock: { LAMP: 100 } });
  });
  afterAll(async () => {
    await shop?.close();
    await installation?.remove();
    await collector?.close();
  });

  // Each is an entrance of the system, or a way in which a caller sends a person where none belongs.
  it.each<[string, number, () => Promise<Answer>]>([
    ['a webhook', 202, () => webhook('w-1', { topic: 'order.created', order: shopOrder('w-1') })],
    [
      'a webhook without lines',
      202,
      () => webhook('w-2', { topic: 'order.created', order: { ...shopOrder('w-2'), lines: [] } }),
    ],
    [
      'a webhook that breaks off',
      202,
      () => webhookOf('w-5', JSON.stringify({ topic: 'order.created', order: shopOrder('w-5') }).slice(0, -9)),
    ],
    ['a webhook about the person', 202, () => webhook('w-3', { topic: 'customer.updated', customer: TALKATIVE })],
    [
      'a webhook with a foreign signature',
      401,
      () => webhook('w-4', { order: shopOrder('w-4') }, { 'x-simulated-signature': 'x' }),
    ],
    ['a sale over REST', 201, () => post('/v1/channel-sales', sale('r-1', CUSTOMER))],
    ['a sale with name and address', 201, () => post('/v1/channel-sales', sale('r-2', TALKATIVE))],
    ['a sale of nothing', 422, () => post('/v1/channel-sales', { ...sale('r-3', CUSTOMER), lines: [] })],
    [
      'sales in bulk',
      200,
      () => post('/v1/channel-sales/bulk', { sales: [sale('r-4', CUSTOMER), sale('r-5', CUSTOMER)] }),
    ],
    ['a sale that is no JSON', 400, () => post('/v1/channel-sales', `{"customer": "${HER.email} ${HER.name}"`)],
    [
      'a sale as a form',
      415,
      () =>
        post('/v1/channel-sales', `email=${encodeURIComponent(HER.email)}`, {
          'content-type': 'application/x-www-form-urlencoded',
        }),
    ],
    [
      'an order',
      201,
      () => post('/v1/orders', { channel: 'amazon', currency: 'EUR', lines: LINES, customer: CUSTOMER }),
    ],
    [
      'an order for too much',
      409,
      () =>
        post('/v1/orders', {
          channel: 'amazon',
          currency: 'EUR',
          lines: [{ ...LINES[0], units: 999 }],
          customer: CUSTOMER,
        }),
    ],
    ['a look-up by e-mail', 200, () => post('/v1/profiles/lookup', { email: HER.email })],
    ['a look-up by phone', 200, () => post('/v1/profiles/lookup', { phone: HER.phone })],
    ['a look-up by name', 400, () => post('/v1/profiles/lookup', { name: HER.name })],
    [
      'an address with the e-mail in it',
      404,
      () => system.api.send('GET', `/v1/orders/${encodeURIComponent(HER.email)}`),
    ],
    [
      'a query with the e-mail in it',
      404,
      () => system.api.send('GET', `/v1/profiles?email=${encodeURIComponent(HER.email)}`),
    ],
    [
      'an actor, a correlation id and a key with the e-mail in it',
      201,
      () =>
        post('/v1/channel-sales', sale('r-6', CUSTOMER), {
          'x-actor': HER.email,
          'x-correlation-id': HER.email,
          'idempotency-key': HER.email,
        }),
    ],
  ])('comes in with %s (%i)', async (_, status, send) => {
    // A profile is made by a process, a moment after the sale.
    await system.api.settled();
    expect((await send()).status).toBe(status);
  });

  it('comes in with an order that a channel is asked for', async () => {
    // Its own message goes nowhere.
    const webhookUrl = 'http://127.0.0.1:9/';
    await askShop(shop.url, 'POST', 'ebay', 'shoppers', z.unknown(), { perSecond: 0, seed: 1, webhookUrl });
    const lines = [{ externalId: 'ebay:LAMP', units: 1 }];
    const { externalOrderId, customer } = await askShop(shop.url, 'POST', 'ebay', 'buy', bought, { lines });
    pulled = customer;
    await until('the order was pulled and recorded', async () => {
      const { status } = await system.api.send('GET', `/v1/orders/ebay.${externalOrderId}`);
      return status === 200 ? true : undefined;
    });
    await system.api.settled();
  });

  it('is in clear in no table, no event, no line of the log, no metric and no trace', async () => {
    const metrics = await system.api.send('GET', '/metrics');
    const state = await system.api.send('GET', '/v1/status');
    const database = await dump(await installation.databaseUrl());
    expect(await system.stop()).toBe(0);
    const places = {
      database,
      log: installation.output,
      metrics: metrics.text,
      status: state.text,
      traces: collector.received,
    };
    // What is looked for would be found: orders are no secret, nor is that they were recorded.
    expect(places.database).toContain('w-1');
    expect(places.database).toContain('SaleRecorded');
    expect(places.database).toContain('emailHash');
    expect(places.log).toContain('"level"');
    expect(places.traces).toContain('command RecordSale');
    const traces = [...TRACES, pulled.email, pulled.phone, pulled.customerId];
    for (const [place, text] of Object.entries(places))
      expect({ place, found: traces.filter((trace) => text.includes(trace)) }).toEqual({ place, found: [] });
  });

  const post = (path: string, body: object | string, headers: Record<string, string> = {}) =>
    system.api.send('POST', path, body, headers);

  const webhook = (id: string, message: object, headers: Record<string, string> = {}): Promise<Answer> =>
    webhookOf(id, JSON.stringify(message), headers);

  function webhookOf(id: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
    return post('/v1/channels/amazon/webhooks', body, { ...signed('amazon', id, body), ...headers });
  }
});

const LINES = [{ lineId: '1', sku: 'LAMP', units: 1, unitPriceMinor: 999 }];

const sale = (externalOrderId: string, customer: object) => ({
  channel: 'amazon',
  externalOrderId,
  placedAt: '2026-01-31T12:00:00.000Z',
  currency: 'EUR',
  lines: LINES,
  customer,
});

const shopOrder = (externalOrderId: string) => ({
  externalOrderId,
  revision: 0,
  placedAt: '2026-01-31T12:00:00.000Z',
  currency: 'EUR',
  cancelled: false,
  lines: LINES,
  customer: { email: HER.email, phone: HER.phone, customerId: HER.account, name: HER.name, address: HER.address },
});

const bought = z.object({
  externalOrderId: z.string(),
  customer: z.object({ email: z.string(), phone: z.string(), customerId: z.string() }),
});
