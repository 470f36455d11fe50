import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChannelSale, channelSale } from '#contracts';
import { serviceToken } from '#platform';
import { OrdersClient } from './orders-client.js';

const hashKey = Buffer.alloc(32, 7);
const sale: ChannelSale = channelSale.parse({
  channel: 'etsy',
  externalOrderId: 'A1',
  placedAt: '2026-03-01T10:00:00.000Z',
  currency: 'EUR',
  lines: [{ lineId: '1', sku: 'MUG', units: 1, unitPriceMinor: 500 }],
});

let server: Server;
let client: OrdersClient;
let asked: { path?: string | undefined; authorization?: string | undefined; body: unknown };
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  server = createServer(async (request: IncomingMessage, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked = { path: request.url, authorization: request.headers.authorization, body: JSON.parse(body) };
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ordersUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new OrdersClient({ ordersUrl, hashKey, timeoutMs: 500 });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const answering = (status: number, body: object) => (response: ServerResponse) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

describe('handing sales to the orders service', () => {
  it('gives each its result, in their order, and shows who it is', async () => {
    answer = answering(200, {
      results: [
        { orderId: 'etsy.A1', status: 'recorded' },
        { problem: { status: 409, code: 'currency-changed', detail: 'It was in EUR.' } },
      ],
    });
    const [recorded, refused] = await client.record([sale, sale]);
    expect(recorded).toEqual({ orderId: 'etsy.A1', status: 'recorded' });
    expect(refused).toMatchObject({ name: 'Rejected', kind: 'conflict', code: 'currency-changed' });
    expect(asked).toMatchObject({
      path: '/internal/channel-sales',
      authorization: `Bearer ${serviceToken(hashKey)}`,
      body: { sales: [{ externalOrderId: 'A1' }, { externalOrderId: 'A1' }] },
    });
  });

  it.each([
    [422, 'invalid'],
    [404, 'not-found'],
    [429, 'unavailable'],
    [503, 'unavailable'],
  ])('takes a problem of status %i for one that is %s', async (status, kind) => {
    answer = answering(200, { results: [{ problem: { status, code: 'a-code', detail: 'Why.' } }] });
    expect(await client.record([sale])).toMatchObject([{ name: 'Rejected', kind, code: 'a-code' }]);
  });

  it.each([
    ['answers 503', answering(503, {})],
    ['answers 404', answering(404, {})],
    ['breaks off', (response: ServerResponse) => void response.destroy()],
    ['says nothing', () => {}],
  ])('waits for a service that %s: nothing is wrong with the sales', async (_, does) => {
    answer = does;
    await expect(client.record([sale])).rejects.toMatchObject({ kind: 'unavailable', code: 'orders-unavailable' });
  });

  it('waits for a service that is not there', async () => {
    server.close();
    server.closeAllConnections();
    await expect(client.record([sale])).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
