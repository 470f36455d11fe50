import {
  Client,
  type ClientReadableStream,
  credentials,
  type MethodDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { type Api, type Body, until } from './support/api.js';
import { anyTexts, NASTY_TEXTS, type Schema, schemaShape, soundTexts, valuesOf } from './support/from-schema.js';
import { grpcMessages, grpcServices } from './support/grpc-client.js';
import { Installation, type RunningSystem } from './support/installation.js';
import { orderWebhook } from './support/trade.js';

let installation: Installation;
let system: RunningSystem;
let api: Api;

beforeAll(async () => {
  installation = await Installation.create();
  system = await installation.start();
  ({ api } = system);
  for (const location of ['main', 'a']) await api.put(`/v1/locations/${location}`, { name: 'Warehouse' });
  for (const channel of ['shop', 'a']) {
    await api.put(`/v1/channels/${channel}`, {
      name: 'Shop',
      connector: 'simulated',
      currency: 'EUR',
      baseUrl: 'http://127.0.0.1:9',
      pushesPerSecond: 1_000,
    });
    await api.put(`/v1/supply-maps/${channel}`, { locationIds: ['main', 'a'] });
  }
  await api.post('/v1/catalog/import', {
    rows: ['LAMP', '1001'].map((sku) => ({
      productId: sku,
      productTitle: 'Lamp',
      sku,
      title: 'Lamp',
      listings: [{ channel: 'shop', externalId: sku }],
    })),
  });
  await receive('LAMP', 1_000);
  await api.post('/v1/channel-sales', sale({ externalOrderId: '1001' }));
  await api.settled();
});
afterAll(() => installation?.remove());

const sale = (changes: object = {}) => ({
  channel: 'shop',
  externalOrderId: 'A-1',
  placedAt: '2026-01-31T12:00:00Z',
  currency: 'EUR',
  lines: [{ lineId: '1', sku: 'LAMP', units: 1, unitPriceMinor: 999 }],
  ...changes,
});
const receive = (sku: string, units: number) =>
  api.post(`/v1/stock/${encodeURIComponent(sku)}/receipts`, { locationId: 'main', units });
const available = async (...skus: string[]) => {
  await api.settled();
  const query = skus.map((sku) => `sku=${encodeURIComponent(sku)}`).join('&');
  const { items } = await api.ask('GET', `/v1/availability?${query}&channel=shop`, numbers);
  return Object.fromEntries(items.map((item) => [item.sku, item.available.shop]));
};
const numbers = z.object({ items: z.array(z.object({ sku: z.string(), available: z.record(z.string(), z.int()) })) });

describe('a text that no reader could take', () => {
  it.each<[string, string, string, (text: string) => Body, string]>([
    [
      'restriction of a rule',
      'PUT',
      '/v1/stock/LAMP/channel-rules/shop',
      (restriction) => ({ restriction }),
      '#/restriction',
    ],
    ['reason of a pause', 'POST', '/v1/channels/shop/pause', (reason) => ({ reason }), '#/reason'],
    ['reason of a close', 'POST', '/v1/channels/shop/close', (reason) => ({ reason }), '#/reason'],
    ['name of a channel', 'PUT', '/v1/channels/shop', (name) => ({ ...CHANNEL, name }), '#/name'],
    ['name of a location', 'PUT', '/v1/locations/main', (name) => ({ name }), '#/name'],
    [
      'reason of an adjustment',
      'POST',
      '/v1/stock/LAMP/adjustments',
      (reason) => ({ locationId: 'main', onHand: 1, reason }),
      '#/reason',
    ],
    [
      'reference of a receipt',
      'POST',
      '/v1/stock/LAMP/receipts',
      (reference) => ({ locationId: 'main', units: 1, reference }),
      '#/reference',
    ],
    [
      'id of a return',
      'POST',
      '/v1/stock/LAMP/returns',
      (returnId) => ({ locationId: 'main', units: 1, condition: 'damaged', returnId }),
      '#/returnId',
    ],
    [
      'order of a parcel',
      'POST',
      '/v1/stock/LAMP/shipments',
      (orderId) => ({ orderId, lineId: '1', channel: 'shop', units: 1 }),
      '#/orderId',
    ],
    [
      'id of a shipment',
      'POST',
      '/v1/orders/shop.1001/shipments',
      (shipmentId) => ({ shipmentId, lines: [{ lineId: '1', units: 1 }] }),
      '#/shipmentId',
    ],
    ['title of a product', 'POST', '/v1/products', (title) => ({ title }), '#/title'],
    [
      'description of a product',
      'POST',
      '/v1/products',
      (description) => ({ title: 'Lamp', description }),
      '#/description',
    ],
    [
      'number of an order',
      'POST',
      '/v1/channel-sales',
      (externalOrderId) => sale({ externalOrderId }),
      '#/externalOrderId',
    ],
    [
      'line of an order',
      'POST',
      '/v1/channel-sales',
      (lineId) => sale({ lines: [{ ...sale().lines[0], lineId }] }),
      '#/lines/0/lineId',
    ],
    ['SKU of a reservation', 'POST', '/v1/reservations', (sku) => ({ sku, channel: 'shop', units: 1 }), '#/sku'],
  ])('is refused as %s', async (_, method, path, bodyWith, pointer) => {
    for (const text of ['no\u0000blades', '\ud800', 'half \udc00 a pair', '\u001b[31m']) {
      const { status: answered, body } = await api.send(method, path, bodyWith(text));
      expect({ text, answered, errors: body.errors }).toMatchObject({
        answered: 400,
        errors: expect.arrayContaining([expect.objectContaining({ in: 'body', pointer })]),
      });
    }
  });

  const CHANNEL = {
    name: 'Shop',
    connector: 'simulated',
    currency: 'EUR',
    baseUrl: 'http://127.0.0.1:9',
    pushesPerSecond: 1_000,
  };
});

describe('ids', () => {
  it('of a SKU are one id in every spelling, in bodies, addresses and queries', async () => {
    await receive('KÄSE', 2);
    await receive('KA\u0308SE', 3);
    await receive('KÄSE\u00a0', 4);
    await api.post(
      '/v1/channel-sales',
      sale({ lines: [{ lineId: '1', sku: ' KA\u0308SE ', units: 1, unitPriceMinor: 1 }] }),
    );
    expect(await available('KA\u0308SE\u3000')).toEqual({ KÄSE: 8 });
  });
});

describe('sums', () => {
  it('beyond what one movement may name are kept, and told to channels as the most that is', async () => {
    for (let receipt = 0; receipt < 3; receipt += 1) await receive('1001', 1_000_000_000);
    await receive('LAMP', 1);
    expect(await available('1001')).toEqual({ 1001: 1_000_000_000 });
    expect((await api.send('GET', '/v1/stock/1001')).body).toMatchObject({ levels: [{ onHand: 3_000_000_000 }] });
    const { items } = await until('the numbers of both are wanted by the channel', async () => {
      const page = await api.ask('GET', '/v1/channels/shop/pushes', pushes);
      return page.items.every(({ wantedQuantity }) => wantedQuantity !== null) ? page : undefined;
    });
    expect(items.find(({ sku }) => sku === '1001')).toMatchObject({ wantedQuantity: 1_000_000_000 });
  });

  const pushes = z.object({ items: z.array(z.object({ sku: z.string(), wantedQuantity: z.int().nullable() })) });
});

describe('instants', () => {
  it('at the end of all years are now for a question about the past', async () => {
    const { status: answered, body } = await api.send('GET', '/v1/stock/LAMP?asOf=9999-12-31T23:59:59-10:00');
    expect({ answered, body }).toMatchObject({ answered: 200, body: { sku: 'LAMP' } });
    expect((await api.send('GET', '/v1/stock/LAMP?asOf=0000-01-01T00:00:00%2B10:00')).status).toBe(404);
  });

  it('of a fact lie in the past or near', async () => {
    const late = sale({ externalOrderId: 'late', placedAt: '9999-12-31T23:59:59-10:00' });
    const refused = await api.send('POST', '/v1/channel-sales', late);
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid-placed-at' } });
    const receipt = { locationId: 'main', units: 1, occurredAt: '9999-12-31T23:59:59-10:00' };
    const receipts = await api.send('POST', '/v1/stock/LAMP/receipts', receipt);
    expect(receipts).toMatchObject({ status: 422, body: { code: 'invalid-occurred-at' } });
  });
});

describe('whatever the schemas allow', () => {
  it('is answered without a fault, and leaves every view and process running with nothing parked', async () => {
    const seed = Number(process.env.EINKLANG_SEED ?? Date.now() % 2 ** 31);
    const faults = [...(await restFaults(seed)), ...(await webhookFaults(seed)), ...(await grpcFaults(seed))];
    expect({ EINKLANG_SEED: seed, faults, stand: await whatStands() }).toEqual({
      EINKLANG_SEED: seed,
      faults: [],
      stand: [],
    });
    expect((await api.send('GET', '/health/ready')).status).toBe(200);
  });
});

const REQUESTS_PER_OPERATION = 8;
/** Bodies of which each value is replaced in turn. */
const SPOILT_PER_OPERATION = 2;
const REQUESTS_AT_ONCE = 16;

const parameter = z.object({ name: z.string(), in: z.string(), required: z.boolean().optional(), schema: schemaShape });
const operation = z.looseObject({
  parameters: z.array(parameter).default([]),
  requestBody: z.object({ content: z.object({ 'application/json': z.object({ schema: schemaShape }) }) }).optional(),
});
const openApi = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), schemaShape) }),
});

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** Requests of all routes of the document in rounds, so that what one makes the next may find. */
async function restFaults(seed: number): Promise<string[]> {
  const { paths, components } = await api.ask('GET', '/docs-json', openApi);
  const samples = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, described]) => {
      const [sound, any] = [soundTexts, anyTexts].map((texts) => {
        const requests = requestsOf(method, path, described, components.schemas, texts);
        return fc.sample(requests, { seed, numRuns: REQUESTS_PER_OPERATION });
      });
      return [...(sound ?? []), ...(any ?? []), ...(sound ?? []).slice(0, SPOILT_PER_OPERATION).flatMap(spoilt)];
    }),
  );
  expect(samples.length).toBeGreaterThan(50);
  const rounds = Math.max(...samples.map(({ length }) => length));
  return faultsOf(Array.from({ length: rounds }, (_, round) => samples.flatMap((each) => each[round] ?? [])).flat());
}

/** The request with one value of its body after the other replaced by one that would stop a reader if it came through. */
function spoilt(request: Request): Request[] {
  if (request.body === undefined) return [];
  const bodies: string[] = [];
  const root: unknown = JSON.parse(request.body);
  visit(root, (value, replace) => {
    const worst = typeof value === 'string' ? WORST_TEXTS : typeof value === 'number' ? WORST_NUMBERS : [];
    for (const other of worst) {
      replace(other);
      bodies.push(JSON.stringify(root));
    }
    replace(value);
  });
  return bodies.map((body) => ({ ...request, body }));
}

function visit(node: unknown, look: (value: unknown, replace: (other: unknown) => void) => void): void {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    look(value, (other) => Object.assign(node, { [key]: other }));
    visit(value, look);
  }
}

const WORST_TEXTS = ['a\u0000b', '\ud800', '9999-12-31T23:59:59-10:00', 'constructor'];
const WORST_NUMBERS = [2 ** 31, Number.MAX_SAFE_INTEGER];

function requestsOf(
  method: string,
  path: string,
  { parameters, requestBody }: z.output<typeof operation>,
  schemas: Readonly<Record<string, Schema>>,
  texts: fc.Arbitrary<string>,
): fc.Arbitrary<Request> {
  const sent = parameters.filter((each) => each.in === 'path' || each.in === 'query');
  const values = fc.record(
    Object.fromEntries(
      sent.map(({ name, schema }) => [
        name,
        name === 'cursor' ? fc.constantFrom(...CURSORS) : valuesOf(schema, schemas, texts),
      ]),
    ),
    { requiredKeys: sent.filter(({ required }) => required === true).map(({ name }) => name) },
  );
  const schema = requestBody?.content['application/json'].schema;
  const bodies = schema ? valuesOf(schema, schemas, texts) : fc.constant(undefined);
  return fc.tuple(values, bodies).map(([given, body]) => {
    const inPath = (name: string) => encodeURIComponent(String(Object(given)[name]).toWellFormed());
    const query = new URLSearchParams(
      sent
        .filter((each) => each.in === 'query' && Object(given)[each.name] !== undefined)
        .flatMap(({ name }) => [Object(given)[name]].flat().map((value): [string, string] => [name, String(value)])),
    );
    return {
      method: method.toUpperCase(),
      path: `${path.replace(/\{(\w+)\}/g, (_, name: string) => inPath(name))}${query.size > 0 ? `?${query}` : ''}`,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
  });
}

/** Keys of pages that were never answered. */
const CURSORS = [
  'a\u0000',
  '',
  -1,
  Number.MAX_SAFE_INTEGER,
  ['9999-12-31T23:59:59.999Z', 'a', 'b'],
  ['0000-01-01T00:00:00.000Z', 'a'],
  ['0000-01-01T00:00:00.000Z', 'a\u0000', '\ud800'],
  ['0000-01-01', '', ''],
  [Number.MAX_SAFE_INTEGER, 'a', 'b'],
].map((key) => Buffer.from(JSON.stringify(key)).toString('base64url'));

/** Orders as a channel tells of them, signed. */
async function webhookFaults(seed: number): Promise<string[]> {
  const { components } = await api.ask('GET', '/docs-json', openApi);
  const orders = [soundTexts, anyTexts].flatMap((texts) => {
    const order = valuesOf(components.schemas.ChannelSale ?? {}, components.schemas, texts);
    return fc.sample(order, { seed, numRuns: 3 * REQUESTS_PER_OPERATION });
  });
  const requests = orders.map((each, index) => {
    const { body, headers } = orderWebhook('shop', `any-${index}`, asTheShopTells(Object(each)));
    return { method: 'POST', path: '/v1/channels/shop/webhooks', body, headers };
  });
  return faultsOf(requests);
}

/** The simulated shop has a SKU in every line, and says nothing where there is no customer. */
const asTheShopTells = ({ lines, customer: _, ...order }: { lines?: object[]; customer?: unknown }) => ({
  ...order,
  lines: (lines ?? []).map((line) => ({ ...line, sku: Object(line).sku ?? 'LAMP' })),
});

async function faultsOf(requests: readonly Request[]): Promise<string[]> {
  const faults: string[] = [];
  const queue = requests.values();
  const sender = async () => {
    for (const { method, path, body, headers } of queue) {
      const answer = await api.send(method, path, body, headers);
      if (answer.status >= 500 && answer.body.code !== 'channel-unreachable')
        faults.push(`${answer.status} ${method} ${path} ${body ?? ''}: ${answer.text}`);
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, sender));
  return faults;
}

const runners = z.object({
  runners: z.array(z.looseObject({ name: z.string(), state: z.string(), lag: z.int(), parked: z.int() })),
});

/** What has not come to the end of the log in time, or has set something aside. */
async function whatStands() {
  await api.settled().catch(() => {});
  const known = await api.ask('GET', '/v1/status', runners);
  return known.runners.filter(({ state, lag, parked }) => state !== 'running' || lag > 0 || parked > 0);
}

const FAULTS = [status.INTERNAL, status.UNKNOWN, status.UNAVAILABLE, status.UNIMPLEMENTED, status.DEADLINE_EXCEEDED];

/** Every method of every service; of one that streams, a few messages to it and what comes back at once. */
async function grpcFaults(seed: number): Promise<string[]> {
  const methods = Object.values(grpcServices).flatMap((service) => Object.values(service));
  expect(methods.length).toBeGreaterThan(15);
  const client = new Client(`127.0.0.1:${system.grpcPort}`, credentials.createInsecure());
  const faults: string[] = [];
  for (const method of methods) {
    const { field } = messageType.parse(Object(method).requestType).type;
    const packageName = method.path.slice(1, method.path.lastIndexOf('.'));
    for (const message of fc.sample(messagesWith(field, packageName), { seed, numRuns: REQUESTS_PER_OPERATION })) {
      const code = await codeOf(client, method, message);
      if (FAULTS.includes(code)) faults.push(`${status[code]} ${method.path} ${JSON.stringify(message)}`);
    }
  }
  client.close();
  return faults;
}

const fieldShape = z.object({ name: z.string(), type: z.string(), typeName: z.string(), label: z.string() });
const messageType = z.object({ type: z.object({ field: z.array(fieldShape) }) });

function messagesWith(fields: readonly z.output<typeof fieldShape>[], packageName: string): fc.Arbitrary<object> {
  const oneOf = (type: string, typeName: string): fc.Arbitrary<unknown> => {
    switch (type) {
      case 'TYPE_STRING':
        return grpcTexts;
      case 'TYPE_INT32':
        return fc.constantFrom(0, 1, -1, 2 ** 31 - 1);
      case 'TYPE_BOOL':
        return fc.boolean();
      case 'TYPE_MESSAGE':
        return messagesWith(messageType.parse(grpcMessages[`${packageName}.${typeName}`]).type.field, packageName);
      default:
        return fc.constantFrom('0', '1', '-1', '2147483647', LONG_MAX);
    }
  };
  return fc.record(
    Object.fromEntries(
      fields.map(({ name, type, typeName, label }) => {
        const values = oneOf(type, typeName);
        const field = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
        return [field, label === 'LABEL_REPEATED' ? fc.array(values, { maxLength: 3 }) : values];
      }),
    ),
  );
}

const LONG_MAX = '9223372036854775807';
const grpcTexts = fc.constantFrom('LAMP', 'LAMP', 'shop', 'shop', 'cart-7', ...NASTY_TEXTS);

function codeOf(client: Client, method: MethodDefinition<object, object>, message: object): Promise<status> {
  const { path, requestSerialize, responseDeserialize, requestStream } = method;
  const deadline = { deadline: Date.now() + 10_000 };
  return new Promise((resolve) => {
    const settle = (error: ServiceError | null) => resolve(error?.code ?? status.OK);
    if (!requestStream && !method.responseStream) {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, deadline, settle);
      return;
    }
    const done = (call: ClientReadableStream<object>) =>
      call
        .on('data', () => {})
        .on('error', settle)
        .on('end', () => resolve(status.OK));
    if (!method.responseStream) {
      const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, deadline, settle);
      call.end(message);
    } else if (requestStream) {
      const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, deadline);
      done(call);
      call.end(message);
    } else {
      const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, message, deadline);
      done(call);
      setTimeout(() => call.cancel(), 50);
    }
  });
}
