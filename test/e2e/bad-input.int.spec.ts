import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Answer, Api, Body } from './support/api.js';
import { Installation } from './support/installation.js';
import { signed } from './support/trade.js';

const operation = z.looseObject({
  summary: z.string().min(1).max(200),
  responses: z
    .looseObject({ 304: z.looseObject({ content: z.undefined().optional() }).optional() })
    .catchall(z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.looseObject({}) })) })),
});
const openApi = z.object({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

let installation: Installation;
let api: Api;
let headBefore: number;

beforeAll(async () => {
  installation = await Installation.create();
  ({ api } = await installation.start());
  await api.put('/v1/locations/main', { name: 'Warehouse' });
  await api.put('/v1/supply-maps/web-shop', { locationIds: ['main'] });
  await api.put('/v1/channels/web-shop', CHANNEL);
  await api.post('/v1/catalog/import', {
    rows: [{ productId: 'goods', productTitle: 'Goods', sku: 'LAMP', title: 'Lamp' }],
  });
  await api.post('/v1/stock/LAMP/receipts', { locationId: 'main', units: 10 });
  await api.post('/v1/channel-sales', sale({ externalOrderId: 'known' }));
  await api.settled();
});
afterAll(() => installation?.remove());
beforeEach(async () => {
  headBefore = await api.head();
});

const CHANNEL = {
  name: 'Shop',
  connector: 'simulated',
  currency: 'EUR',
  baseUrl: 'http://127.0.0.1:9',
  pushesPerSecond: 1,
};
const LINE = { lineId: '1', sku: 'LAMP', units: 1, unitPriceMinor: 999 };
const ORDER = '/v1/orders/web-shop.known';
const receive = (units: unknown) => ['POST', '/v1/stock/LAMP/receipts', { locationId: 'main', units }] as const;
const sell = (line: object) => ['POST', '/v1/channel-sales', sale({ lines: [{ ...LINE, ...line }] })] as const;
const order = (change: object) =>
  ['POST', '/v1/orders', { channel: 'web-shop', currency: 'EUR', lines: [LINE], ...change }] as const;

describe('bad input gets a clear refusal and changes nothing', () => {
  it.each<readonly [string, readonly [string, string, Body?], number, string]>([
    ['an unknown SKU', ['GET', '/v1/stock/NOBODY-KNOWS'], 404, 'unknown-sku'],
    ['an unknown SKU', ['GET', '/v1/stock/NOBODY-KNOWS/explain'], 404, 'unknown-sku'],
    [
      'an unknown SKU',
      ['PUT', '/v1/variants/NOBODY-KNOWS/prices/web-shop', { currency: 'EUR', amountMinor: 1 }],
      404,
      'unknown-sku',
    ],
    ['an unknown SKU', ['PUT', '/v1/variants/NOBODY-KNOWS/listings/web-shop', { externalId: 'X' }], 404, 'unknown-sku'],
    ['an unknown SKU', ['POST', '/v1/reservations', reservation({ sku: 'NOBODY-KNOWS' })], 404, 'unknown-sku'],
    [
      'an adjustment of what is not there',
      ['POST', '/v1/stock/NOBODY-KNOWS/adjustments', { locationId: 'main', onHand: -1, reason: 'lost' }],
      409,
      'adjustment-below-zero',
    ],
    [
      'an unknown location',
      ['POST', '/v1/stock/LAMP/receipts', { locationId: 'moon', units: 1 }],
      404,
      'unknown-location',
    ],
    ['an unknown order', ['POST', '/v1/orders/nobody/cancellations', cancellation(1)], 404, 'unknown-order'],
    ['an unknown channel', ['GET', '/v1/channels/nowhere'], 404, 'unknown-channel'],
    ['an unknown route', ['GET', '/v1/nothing'], 404, 'unknown-route'],
    ['another method', ['DELETE', '/v1/orders'], 405, 'method-not-allowed'],
    ['a negative quantity', receive(-1), 400, 'invalid-request'],
    ['no quantity', receive(0), 400, 'invalid-request'],
    ['a fractional quantity', receive(1.5), 400, 'invalid-request'],
    ['a quantity of 2^53', receive(2 ** 53), 400, 'invalid-request'],
    ['a quantity as text', receive('3'), 400, 'invalid-request'],
    ['a negative quantity', sell({ units: -1 }), 400, 'invalid-request'],
    ['a fractional quantity', sell({ units: 0.5 }), 400, 'invalid-request'],
    ['a quantity of 2^53', sell({ units: 2 ** 53 }), 400, 'invalid-request'],
    ['no units at all', sell({ units: 0 }), 422, 'nothing-sold'],
    ['a price of 2^53', sell({ unitPriceMinor: 2 ** 53 }), 400, 'invalid-request'],
    ['a total beyond 2^53', sell({ units: 1_000_000, unitPriceMinor: 2 ** 52 }), 422, 'total-too-large'],
    ['a negative quantity', order({ lines: [{ ...LINE, units: -1 }] }), 400, 'invalid-request'],
    ['a quantity of 2^53', order({ lines: [{ ...LINE, units: 2 ** 53 }] }), 400, 'invalid-request'],
    ['the same line twice', order({ lines: [LINE, LINE] }), 422, 'duplicate-line'],
    ['no line', order({ lines: [] }), 400, 'invalid-request'],
    ['a currency that is none', order({ currency: 'XQZ' }), 400, 'invalid-request'],
    ['a currency in small letters', order({ currency: 'eur' }), 400, 'invalid-request'],
    [
      'a currency that is none',
      ['PUT', '/v1/variants/LAMP/prices/web-shop', { currency: 'E', amountMinor: 1 }],
      400,
      'invalid-request',
    ],
    [
      'a negative price',
      ['PUT', '/v1/variants/LAMP/prices/web-shop', { currency: 'EUR', amountMinor: -1 }],
      400,
      'invalid-request',
    ],
    ['half a unit to cancel', ['POST', `${ORDER}/cancellations`, cancellation(0.5)], 400, 'invalid-request'],
    ['more than was ordered', ['POST', `${ORDER}/cancellations`, cancellation(7)], 409, 'not-cancellable'],
    ['more than there is', ['POST', '/v1/reservations', reservation({ units: 5_000 })], 409, 'insufficient-stock'],
    [
      'an adjustment below zero',
      ['POST', '/v1/stock/LAMP/adjustments', { locationId: 'main', onHand: -5_000, reason: 'lost' }],
      409,
      'adjustment-below-zero',
    ],
    ['a share above 100', ['PUT', '/v1/stock-rules/web-shop', { sharePercent: 101 }], 400, 'invalid-request'],
    ['a SKU with a line break', ['GET', '/v1/stock/LA%0AMP'], 400, 'invalid-request'],
    ['an address that is no UTF-8', ['GET', '/v1/stock/%FF'], 400, 'malformed-url'],
    ['a made-up cursor', ['GET', '/v1/orders?cursor=abc'], 400, 'invalid-request'],
    ['days in the wrong order', ['GET', '/v1/sales/daily?from=2026-02-01&to=2026-01-31'], 400, 'invalid-request'],
    ['a number in another notation', ['GET', '/v1/stock/LAMP/explain?fromRevision=0x1'], 400, 'invalid-request'],
    ['a parameter that is there twice', ['GET', '/v1/orders?limit=1&limit=2'], 400, 'invalid-request'],
    [
      'a parked sale of another notation',
      ['POST', '/v1/channels/web-shop/parked-sales/1e2/retry'],
      400,
      'invalid-request',
    ],
    ['a limit of 0', ['GET', '/v1/orders?limit=0'], 400, 'invalid-request'],
    ['an unknown field', order({ colour: 'red' }), 400, 'invalid-request'],
    [
      'a secret in an address',
      ['PUT', '/v1/channels/web-shop', { ...CHANNEL, baseUrl: 'http://me:secret@127.0.0.1' }],
      400,
      'invalid-request',
    ],
    [
      'a connector that is none',
      ['PUT', '/v1/channels/web-shop', { ...CHANNEL, connector: 'carrier-pigeon' }],
      422,
      'connector-unavailable',
    ],
  ])('%s: %j', async (_, [method, path, body], status, code) => {
    const answer = await api.send(method, path, body);
    expect(answer.body.code).toBe(code);
    expectProblem(answer, status);
    await expectNothingChanged();
  });

  it.each([
    ['without a signature', {}],
    ['with the signature of another body', signed('web-shop', 'm-1', '{}')],
    ['with the key of another channel', signed('amazon', 'm-1', JSON.stringify({ topic: 'order.created' }))],
  ])('a webhook %s', async (_, headers) => {
    const answer = await api.send('POST', '/v1/channels/web-shop/webhooks', { topic: 'order.created' }, headers);
    expectProblem(answer, 401);
    expect(answer.body.code).toBe('unauthenticated');
    await expectNothingChanged();
  });

  it('a webhook that is signed and makes no sense is kept whole, and waits for a person', async () => {
    const body = JSON.stringify({
      topic: 'order.created',
      order: { externalOrderId: 'X', lines: [{ units: 'many' }] },
    });
    const headers = signed('web-shop', 'm-2', body);
    expect((await api.send('POST', '/v1/channels/web-shop/webhooks', body, headers)).status).toBe(202);
    expect((await api.send('GET', '/v1/channels/web-shop/parked-sales')).body).toMatchObject({
      items: [{ kind: 'unreadable', messageId: 'm-2' }],
    });
    await expectNothingChanged();
  });

  it('the same Idempotency-Key with another body', async () => {
    const key = { 'idempotency-key': 'the-same' };
    expect((await api.send('POST', '/v1/stock/LAMP/receipts', { locationId: 'main', units: 1 }, key)).status).toBe(200);
    headBefore = await api.settled();
    const answer = await api.send('POST', '/v1/stock/LAMP/receipts', { locationId: 'main', units: 2 }, key);
    expectProblem(answer, 422);
    expect(answer.body.code).toBe('idempotency-key-reused');
    await expectNothingChanged();
  });
});

describe('every route that takes a body', () => {
  const bodies: readonly (readonly [string, Body, number, string])[] = [
    ['invalid JSON', '{"units": 1,}', 400, 'invalid-json'],
    ['half a JSON', '{"lines": [', 400, 'invalid-json'],
    ['nothing', '', 400, 'invalid-request'],
    ['invalid UTF-8', Uint8Array.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]), 400, 'invalid-utf8'],
    ['__proto__', '{"__proto__": {"units": 1}}', 400, 'invalid-json'],
    ['10 MB', JSON.stringify({ text: 'x'.repeat(10_000_000) }), 413, 'body-too-large'],
  ];

  it.each(bodies)('refuses %s', async (_, body, status, code) => {
    for (const { method, path } of await bodyRoutes()) {
      const answer = await api.send(method, path, body);
      expect({ path, status: answer.status, code: answer.body.code }).toEqual({ path, status, code });
      expectProblem(answer, status);
    }
    await expectNothingChanged();
  });

  it.each([['null'], ['[]'], ['"text"'], ['7']])('refuses %s, which is JSON and not an object', async (body) => {
    for (const { method, path } of await bodyRoutes()) {
      const { status } = await api.send(method, path, body);
      expect({ path, refused: status >= 400 && status < 500 }).toEqual({ path, refused: true });
    }
    await expectNothingChanged();
  });

  it('refuses what is not JSON by its type', async () => {
    for (const { method, path } of await bodyRoutes())
      expectProblem(await api.send(method, path, 'units=1', { 'content-type': 'text/plain' }), 415);
    await expectNothingChanged();
  });
});

describe('the OpenAPI document', () => {
  it('gives every route a summary, and every answer a schema that is there', async () => {
    const { status, text, body } = await api.send('GET', '/docs-json');
    expect(status).toBe(200);
    const { openapi, paths, components } = openApi.parse(body);
    expect(openapi).toMatch(/^3\./);
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => ({ path, method, parsed: operation.safeParse(described) })),
    );
    expect(operations.length).toBeGreaterThan(50);
    const faults = operations.flatMap(({ path, method, parsed }) =>
      parsed.success
        ? []
        : [`${method} ${path}: ${parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')}`],
    );
    expect(faults).toEqual([]);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(Object.keys(components.schemas)).toContain(name);
  });

  it('has patterns that every language reads: no properties of Unicode, no look-around', async () => {
    const { text } = await api.send('GET', '/docs-json');
    const patterns = [...text.matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, pattern = '""']) =>
      String(JSON.parse(pattern)),
    );
    expect(patterns.length).toBeGreaterThan(20);
    expect(patterns.filter((pattern) => /\\[pP]\{|\(\?[^:]/.test(pattern))).toEqual([]);
  });

  it('says of every path parameter what it is', async () => {
    const { paths } = openApi.parse((await api.send('GET', '/docs-json')).body);
    for (const [path, methods] of Object.entries(paths)) {
      for (const described of Object.values(methods)) {
        const { parameters = [] } = z.looseObject({ parameters: z.array(parameter).optional() }).parse(described);
        const named = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
        expect(named.sort()).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort());
      }
    }
  });
});

/** With a shape: a message of a channel is kept whatever it is. */
const takesJson = z.looseObject({
  requestBody: z.looseObject({
    content: z.looseObject({
      'application/json': z.looseObject({
        schema: z.looseObject({}).refine((schema) => Object.keys(schema).length > 0),
      }),
    }),
  }),
});
const parameter = z.looseObject({ name: z.string(), in: z.string(), schema: z.looseObject({}) });

function sale(change: object = {}) {
  return {
    channel: 'web-shop',
    externalOrderId: 'new',
    placedAt: '2026-01-31T12:00:00Z',
    currency: 'EUR',
    lines: [LINE],
    ...change,
  };
}

function reservation(change: object) {
  return { reservationId: 'r-1', sku: 'LAMP', channel: 'web-shop', units: 1, ttlSeconds: 60, ...change };
}

function cancellation(units: number) {
  return { lines: [{ lineId: '1', units }], reason: 'customer-request' };
}

function expectProblem({ status, headers, body }: Answer, expected: number): void {
  expect(status).toBe(expected);
  expect(headers.get('content-type')).toContain('application/problem+json');
  expect(body).toMatchObject({
    status: expected,
    code: expect.stringMatching(/^[a-z][a-z0-9-]+$/),
    title: expect.stringMatching(/\w/),
    detail: expect.stringMatching(/^\S.*\.$/s),
    correlationId: headers.get('x-correlation-id'),
  });
}

async function expectNothingChanged(): Promise<void> {
  expect(await api.head()).toBe(headBefore);
}

/** From the document itself, so that a new route is met as well. Resolved with names that are known. */
async function bodyRoutes(): Promise<{ readonly method: string; readonly path: string }[]> {
  const { paths } = openApi.parse((await api.send('GET', '/docs-json')).body);
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, described]) => takesJson.safeParse(described).success)
      .map(([method]) => ({ method: method.toUpperCase(), path: resolved(path) })),
  );
  expect(routes.length).toBeGreaterThan(25);
  return routes;
}

const KNOWN: Readonly<Record<string, string>> = {
  sku: 'LAMP',
  channel: 'web-shop',
  locationId: 'main',
  orderId: 'web-shop.known',
  productId: 'goods',
  reservationId: 'r-1',
  transferId: 'T-1',
  name: 'when-order-is-submitted-allocate-stock',
  id: '1',
};

const resolved = (path: string): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = KNOWN[name];
    if (value === undefined) throw new Error(`Say what to take for {${name}} in ${path}.`);
    return value;
  });
