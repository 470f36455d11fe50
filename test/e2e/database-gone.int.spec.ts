import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { DatabaseServer } from '../faults/support/database-server.js';
import { type Answer, type Api, until } from './support/api.js';
import { Installation } from './support/installation.js';

let installation: Installation;
let api: Api;

beforeAll(async () => {
  installation = await Installation.create();
  ({ api } = await installation.start());
  await api.put('/v1/locations/main', { name: 'Warehouse' });
  await api.put('/v1/supply-maps/web-shop', { locationIds: ['main'] });
  await api.put('/v1/channels/web-shop', CHANNEL);
  await api.post('/v1/catalog/import', {
    rows: [{ productId: 'goods', productTitle: 'Goods', sku: 'LAMP', title: 'Lamp' }],
  });
  await api.post('/v1/stock/LAMP/receipts', { locationId: 'main', units: 100_000 });
  await api.post('/v1/channel-sales', sale('known'));
  await api.settled();
});
afterAll(() => installation.remove());

describe('while the database goes, every request is answered as it may be: done, or 503 and when to come back', () => {
  it.each([
    ['sessions are cut', (server: DatabaseServer) => server.cutAllSessions()],
    ['its processes are killed', (server: DatabaseServer) => server.killAll()],
  ])('when %s', async (_, strike) => {
    const server = new DatabaseServer(installation.dataDir);
    const answers: { readonly request: string; readonly answer: Answer }[] = [];
    let struck = false;
    const client = async (offset: number): Promise<void> => {
      let after = 0;
      for (let index = offset; after < REQUESTS_AFTER; index += 1) {
        const [method, path, body, headers] = request(index);
        const answer = await api.send(method, path, body, headers);
        answers.push({ request: `${method} ${path}`, answer });
        if (struck) after += 1;
      }
    };
    const clients = Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index * 5)));
    while (answers.length < 60) await new Promise((resolve) => setTimeout(resolve, 5));
    await strike(server);
    struck = true;
    await clients;
    const faults = answers.filter(({ answer }) => answer.status === 500 || (answer.status > 500 && !isOutage(answer)));
    expect(faults.map(({ request, answer }) => `${request}: ${answer.status} ${answer.text}`)).toEqual([]);
    if (await server.mainProcess()) {
      await api.settled();
      await until('readiness knows no trouble of before', async () => {
        const { work, feed } = (await api.ask('GET', '/health/ready', readiness)).checks.channels.detail;
        return work === undefined && feed === undefined ? true : undefined;
      });
    } else expect(answers.some(({ answer }) => isOutage(answer))).toBe(true);
    expect(installation.output).not.toContain('"msg":"A request failed"');
  });
});

const readiness = z.object({
  checks: z.object({
    channels: z.object({ detail: z.looseObject({ work: z.unknown().optional(), feed: z.unknown().optional() }) }),
  }),
});

const CLIENTS = 8;
const REQUESTS_AFTER = 6;

const isOutage = ({ status, headers, body }: Answer): boolean =>
  status === 503 && Number(headers.get('retry-after')) > 0 && body.code === 'storage-unavailable';

type Request = [method: string, path: string, body?: object, headers?: Record<string, string>];

/** Every way to the database in turn: views, the log, both, keys, several streams, the channel's own tables. */
function request(index: number): Request {
  const key = { 'idempotency-key': `k-${index}-${performance.now()}` };
  const requests: readonly Request[] = [
    ['POST', '/v1/reservations', { sku: 'LAMP', channel: 'web-shop', units: 1 }, key],
    ['GET', '/v1/stock/LAMP'],
    ['POST', '/v1/channel-sales', sale(`s-${index}`)],
    ['GET', '/v1/orders?limit=5'],
    ['POST', '/v1/channel-sales/bulk', { sales: [sale(`a-${index}`), sale(`b-${index}`)] }, key],
    ['GET', '/v1/status'],
    ['POST', '/v1/stock/LAMP/receipts', { locationId: 'main', units: 1 }],
    ['GET', '/v1/exceptions'],
    ['GET', '/v1/stock/LAMP/explain'],
    ['PUT', '/v1/variants/LAMP/prices/web-shop', { currency: 'EUR', amountMinor: 1_000 + index }],
    ['GET', '/v1/channels/web-shop/pushes'],
    ['PUT', '/v1/channels/web-shop', CHANNEL, key],
    ['GET', '/v1/stock/LAMP?asOf=2026-01-01T00:00:00Z'],
    ['POST', '/v1/profiles/lookup', { email: 'a@example.org' }],
    ['PUT', '/v1/locations/main', { name: 'Warehouse' }],
    ['GET', '/v1/sales/daily'],
    ['POST', '/v1/orders', order(index), key],
    ['GET', '/v1/availability?sku=LAMP'],
    ['POST', '/v1/reservations/bulk', { reservations: [{ sku: 'LAMP', channel: 'web-shop', units: 1 }] }],
    ['POST', '/v1/channels/web-shop/pause', { reason: 'Trouble' }, key],
    ['POST', '/v1/channels/web-shop/resume'],
    ['POST', '/v1/channels/web-shop/close', { reason: 'Sold' }, key],
    [
      'POST',
      '/v1/catalog/import',
      { rows: [{ productId: 'goods', productTitle: 'Goods', sku: 'LAMP', title: 'Lamp' }] },
    ],
    ['GET', '/v1/channels/web-shop/parked-sales'],
  ];
  return requests[index % requests.length] ?? ['GET', '/v1/status'];
}

const LINE = { lineId: '1', sku: 'LAMP', units: 1, unitPriceMinor: 999 };
const CHANNEL = {
  name: 'Shop',
  connector: 'simulated',
  currency: 'EUR',
  baseUrl: 'http://127.0.0.1:9',
  pushesPerSecond: 1,
};

function sale(externalOrderId: string) {
  return { channel: 'web-shop', externalOrderId, placedAt: '2026-01-31T12:00:00Z', currency: 'EUR', lines: [LINE] };
}

function order(index: number) {
  return { channel: 'web-shop', currency: 'EUR', lines: [{ ...LINE, units: 1 + (index % 3) }] };
}
