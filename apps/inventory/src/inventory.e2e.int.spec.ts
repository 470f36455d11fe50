import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { protoPath as healthProto } from 'grpc-health-check';
import { eventRegistry, services } from '#contracts';
import { withRegistry } from '#event-sourcing';
import { type OpenedCore, Shutdown } from '#platform';
import { CoreModule, openCore, type RunningService, startService } from '#platform/host';
import { compareProjection } from '#read-models';
import { createTestDatabase, eventually, type TestDatabase } from '#testing';
import { inventoryProjections } from './assemble.js';
import { InventoryModule } from './inventory.module.js';

let database: TestDatabase;
let core: OpenedCore;
let service: RunningService;
let grpc: Client;

class Root {}

beforeAll(async () => {
  database = await createTestDatabase();
  const config = {
    dataDir: '/nowhere',
    databaseUrl: database.url,
    host: '127.0.0.1',
    httpPort: 0,
    grpcPort: 0,
    hashKey: Buffer.alloc(32),
    logLevel: 'silent' as const,
  };
  const shutdown = new Shutdown();
  core = await openCore(config, shutdown, { writer: true, name: 'spec' });
  service = await startService({ module: Root, imports: [CoreModule.over(core), InventoryModule] }, config, {
    grpc: services.inventory.grpc,
    shutdown,
  });
  grpc = new Client(`127.0.0.1:${service.grpcPort}`, credentials.createInsecure());
  await put('/v1/locations/main', { name: 'Main', roles: ['ship-from', 'returns'] });
  await put('/v1/locations/store', { name: 'Store' });
  await put('/v1/supply-maps/shop', { locationIds: ['main', 'store'] });
  await put('/v1/supply-maps/till', { locationIds: ['store'] });
});
afterAll(async () => {
  grpc?.close();
  const clean = await service?.stop();
  await database.drop();
  expect(clean).toBe(true);
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

type Body = object | string | Buffer;

async function send(method: string, path: string, body?: Body, headers: Record<string, string> = {}): Promise<Answer> {
  const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const response = await fetch(service.httpUrl + path, {
    method,
    headers: { ...(raw !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(raw !== undefined && { body: typeof raw === 'string' ? raw : new Uint8Array(raw) }),
  });
  return { status: response.status, headers: response.headers, body: Object(await response.json()) };
}

const get = (path: string) => send('GET', path);
const post = (path: string, body?: Body, headers?: Record<string, string>) => send('POST', path, body ?? {}, headers);
const put = (path: string, body: Body) => send('PUT', path, body);

/** Waits until every view and process has seen the whole log. */
async function settled(): Promise<void> {
  const head = await core.store.head();
  for (const { name } of inventoryProjections) await core.runners.projection(name).waitFor(head, 20_000);
}

const levelsOf = ({ body }: Answer) =>
  Object.fromEntries(Object.values(Object(body.levels)).map((level) => [Object(level).locationId, level]));

async function received(sku: string, units: number, locationId = 'main'): Promise<Answer> {
  const answer = await post(`/v1/stock/${encodeURIComponent(sku)}/receipts`, { locationId, units });
  expect(answer.status).toBe(200);
  return answer;
}

describe('the life of a SKU over HTTP', () => {
  it('is received, reserved, confirmed, shipped, returned and counted, and every number can be explained', async () => {
    const sku = 'A/1 red';
    const path = `/v1/stock/${encodeURIComponent(sku)}`;
    const reservations = `/v1/reservations/${encodeURIComponent(sku)}`;
    await received(sku, 10);
    const reserved = await post('/v1/reservations', { sku, channel: 'shop', units: 4, reservationId: 'cart-1' });
    expect([reserved.status, reserved.body]).toEqual([
      201,
      { sku, reservationId: 'cart-1', stockRevision: 1, position: expect.any(Number), repeated: false },
    ]);
    await settled();
    const held = await get(path);
    expect(levelsOf(held).main).toMatchObject({ onHand: 10, reserved: 4, free: 6 });
    expect(held.body.available).toEqual({ shop: 6, till: 0 });

    const confirmed = await post(`${reservations}/cart-1/confirm`, {
      channel: 'shop',
      orderId: 'order-1',
      lineId: '1',
    });
    expect(confirmed.body).toMatchObject({ stockRevision: 2 });
    const shipment = { orderId: 'order-1', lineId: '1', channel: 'shop', units: 4 };
    expect((await post(`${path}/shipments`, shipment)).status).toBe(200);
    const momentOfShipping = (await core.store.readStream(`stock-${sku}`)).at(-1)?.recordedAt ?? '';
    const goods = { locationId: 'main', units: 1, condition: 'damaged', returnId: 'return-1' };
    expect((await post(`${path}/returns`, goods)).status).toBe(200);
    expect((await post(`${path}/counts`, { locationId: 'main', counted: 5 })).status).toBe(200);

    await settled();
    const now = await get(path);
    expect(levelsOf(now).main).toEqual({
      locationId: 'main',
      locationName: 'Main',
      onHand: 5,
      unavailable: 1,
      allocated: 0,
      reserved: 0,
      safety: 0,
      shortage: 0,
      free: 4,
    });
    expect(now.body).toMatchObject({ stockRevision: 5, available: { shop: 4, till: 0 } });

    const explained = await get(`${path}/explain`);
    expect(
      Object.values(Object(explained.body.items)).map((item) => [Object(item).type, Object(item).changes]),
    ).toEqual([
      ['StockReceived', [{ locationId: 'main', quantity: 'onHand', by: 10, to: 10 }]],
      ['StockReserved', [{ locationId: 'main', quantity: 'reserved', by: 4, to: 4 }]],
      [
        'StockReservationConfirmed',
        [
          { locationId: 'main', quantity: 'allocated', by: 4, to: 4 },
          { locationId: 'main', quantity: 'reserved', by: -4, to: 0 },
        ],
      ],
      [
        'StockShipped',
        [
          { locationId: 'main', quantity: 'onHand', by: -4, to: 6 },
          { locationId: 'main', quantity: 'allocated', by: -4, to: 0 },
        ],
      ],
      [
        'StockReturned',
        [
          { locationId: 'main', quantity: 'onHand', by: 1, to: 7 },
          { locationId: 'main', quantity: 'unavailable', by: 1, to: 1 },
        ],
      ],
      ['StockCounted', [{ locationId: 'main', quantity: 'onHand', by: -2, to: 5 }]],
    ]);
    const middle = await get(`${path}/explain?fromRevision=2&limit=2`);
    expect(middle.body).toMatchObject({
      items: Object.values(Object(explained.body.items)).slice(2, 4),
      nextRevision: 4,
    });

    const then = await get(`${path}?asOf=${momentOfShipping}`);
    expect(then.body).toMatchObject({ stockRevision: 3 });
    expect(levelsOf(then).main).toMatchObject({ onHand: 6, unavailable: 0, allocated: 0 });
    expect((await get(`${path}?asOf=2020-01-01T00:00:00Z`)).body.code).toBe('unknown-sku');
  });

  it('gives a reservation back, and does not give it back twice', async () => {
    await received('released', 5);
    await post('/v1/reservations', { sku: 'released', channel: 'shop', units: 5, reservationId: 'r1' });
    expect((await post('/v1/reservations/released/r1/release')).body).toMatchObject({ stockRevision: 2 });
    expect((await post('/v1/reservations/released/r1/release')).body).toMatchObject({ stockRevision: 2 });
    const late = await post('/v1/reservations/released/r1/confirm', { channel: 'shop', orderId: 'o1' });
    expect([late.status, late.body.code]).toEqual([409, 'reservation-released']);
  });

  it('takes a return once, and refuses its id with other content', async () => {
    const goods = { locationId: 'main', units: 2, condition: 'available', returnId: 'R-1' };
    const first = await post('/v1/stock/returned/returns', goods);
    const second = await post('/v1/stock/returned/returns', goods);
    expect([first.body, second.body]).toMatchObject([{ repeated: false }, { repeated: true, stockRevision: 0 }]);
    const other = await post('/v1/stock/returned/returns', { ...goods, units: 3 });
    expect([other.status, other.body.code]).toEqual([409, 'return-differs']);
    await settled();
    expect(levelsOf(await get('/v1/stock/returned')).main).toMatchObject({ onHand: 2 });
  });

  it('warns of a receipt whose reference had come before, until a person has looked', async () => {
    const delivery = { locationId: 'main', units: 5, reference: 'DN-1' };
    const first = await post('/v1/stock/delivered/receipts', delivery);
    expect(first.body).not.toHaveProperty('warning');
    const second = await post('/v1/stock/delivered/receipts', delivery);
    expect(second.body.warning).toBe(
      '5 units had arrived at main under DN-1 before. If these 5 are the same ones, adjust by -5.',
    );
    expect(await exceptions('receipt-reference-twice')).toMatchObject([
      {
        subject: 'delivered at main, DN-1',
        detail: '5 units arrived under a reference under which 5 had come before.',
      },
    ]);
    await post('/v1/stock/delivered/adjustments', { locationId: 'main', onHand: -5, reason: 'booked twice' });
    expect(await exceptions('receipt-reference-twice')).toEqual([]);
  });

  it('lists a sale beyond the shelf as a shortage until goods arrive', async () => {
    await received('short', 1);
    await post('/v1/stock/short/shipments', {
      orderId: 'o1',
      lineId: '1',
      channel: 'till',
      units: 1,
      locationId: 'main',
    });
    await post('/v1/stock/short/adjustments', { locationId: 'main', onHand: 2, reason: 'found' });
    await post('/v1/reservations', { sku: 'short', channel: 'shop', units: 2, reservationId: 'r1' });
    await post('/v1/reservations/short/r1/confirm', { channel: 'shop', orderId: 'o2' });
    await post('/v1/stock/short/counts', { locationId: 'main', counted: 0 });
    await settled();
    const shortages = await get('/v1/shortages');
    expect(shortages.body.items).toContainEqual(
      expect.objectContaining({ sku: 'short', locationId: 'main', units: 2, mostUnits: 2 }),
    );
    await received('short', 2);
    await settled();
    expect((await get('/v1/shortages')).body.items).not.toContainEqual(expect.objectContaining({ sku: 'short' }));
    expect((await get('/v1/shortages?state=resolved')).body.items).toContainEqual(
      expect.objectContaining({ sku: 'short', mostUnits: 2, resolvedAt: expect.any(String) }),
    );
  });

  it('keeps safety stock, buffers and quotas from those they are not for', async () => {
    await received('ruled', 20, 'store');
    await put('/v1/stock/ruled/safety-stock/store', { units: 2 });
    await put('/v1/stock/ruled/channel-rules/till', { quota: 5 });
    await put('/v1/stock/ruled/channel-rules/shop', { buffer: 1, cap: 10 });
    await settled();
    expect((await get('/v1/availability?sku=ruled')).body.items).toEqual([
      { sku: 'ruled', stockRevision: 3, available: { shop: 10, till: 18 } },
    ]);
    expect((await get('/v1/availability?sku=ruled&sku=none&channel=till')).body).toEqual({
      items: [{ sku: 'ruled', stockRevision: 3, available: { till: 18 } }],
    });
    await put('/v1/stock/ruled/channel-rules/shop', { restriction: 'No knives.' });
    const refused = await post('/v1/reservations', { sku: 'ruled', channel: 'shop', units: 1 });
    expect(refused.body).toMatchObject({ status: 409, code: 'restricted', restriction: 'No knives.' });
  });
});

/** The open cases of a kind. */
async function exceptions(kind: string): Promise<unknown> {
  await settled();
  return (await get(`/v1/exceptions?kind=${kind}`)).body.items;
}

describe('a channel', () => {
  it('that nothing is known of is not answered with a number', async () => {
    const answer = await get('/v1/availability?sku=known&channel=typo');
    expect([answer.status, answer.body.code]).toEqual([404, 'unknown-channel']);
  });
});

describe('a command with If-Match', () => {
  const receipt = { locationId: 'main', units: 1 };

  it('is carried out on what its caller had read, and else answered with 412 and changes nothing', async () => {
    await received('IF-MATCH', 5);
    await settled();
    const etag = (await get('/v1/stock/IF-MATCH')).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"0\.[\w-]{20,}"$/);
    expect((await post('/v1/stock/IF-MATCH/receipts', receipt, { 'if-match': etag })).body.stockRevision).toBe(1);
    const late = await post('/v1/stock/IF-MATCH/receipts', receipt, { 'if-match': etag });
    expect([late.status, late.headers.get('content-type'), late.body]).toMatchObject([
      412,
      expect.stringContaining('application/problem+json'),
      { code: 'revision-moved', expectedRevision: 0, revision: 1 },
    ]);
    const hold = { sku: 'IF-MATCH', channel: 'shop', units: 1 };
    expect((await post('/v1/reservations', hold, { 'if-match': '"0"' })).status).toBe(412);
    expect(await core.store.readStream('stock-IF-MATCH')).toHaveLength(2);
    expect((await post('/v1/reservations', hold, { 'if-match': 'W/"1.weak-by-a-proxy"' })).status).toBe(201);
  });

  it('wins once of those who raced on one revision, and is answered as a repeat when it comes again', async () => {
    await received('IF-MATCH-RACE', 5);
    const racing = [1, 2, 3, 4].map((racer) =>
      post('/v1/stock/IF-MATCH-RACE/receipts', receipt, { 'if-match': '"0"', 'idempotency-key': `race-${racer}` }),
    );
    const statuses = (await Promise.all(racing)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 412, 412, 412]);
    const winner = { 'if-match': '"0"', 'idempotency-key': `race-${statuses.indexOf(200) + 1}` };
    expect((await post('/v1/stock/IF-MATCH-RACE/receipts', receipt, winner)).status).toBe(200);
    expect(await core.store.readStream('stock-IF-MATCH-RACE')).toHaveLength(2);
  });

  it('is refused with 400 where the header is no ETag of ours', async () => {
    for (const ifMatch of ['*', '1', '"abc"', '"1", "2"', '"-1"'])
      expect((await post('/v1/stock/IF-MATCH/receipts', receipt, { 'if-match': ifMatch })).body).toMatchObject({
        code: 'invalid-if-match',
      });
  });

  it('is taken by locations and policies at the revision that their last change answered', async () => {
    const open = (name: string, ifMatch: string) =>
      send('PUT', '/v1/locations/if-match', { name }, { 'if-match': ifMatch });
    const { revision } = (await put('/v1/locations/if-match', { name: 'First' })).body;
    expect((await open('Second', `"${revision}"`)).status).toBe(200);
    expect((await open('Third', `"${revision}"`)).status).toBe(412);
    expect((await core.store.readStream('location-if-match')).at(-1)?.data).toMatchObject({ name: 'Second' });
    const map = { locationIds: ['main'] };
    expect((await send('PUT', '/v1/supply-maps/if-match', map, { 'if-match': '"0"' })).status).toBe(412);
  });
});

describe('bulk endpoints', () => {
  it('decide each movement by itself, answer in order, and change nothing when they come again', async () => {
    const commandId = () => randomUUID();
    const movements = [
      { commandId: commandId(), kind: 'receipt', sku: 'bulk', locationId: 'main', units: 5 },
      { commandId: commandId(), kind: 'adjustment', sku: 'bulk', locationId: 'main', units: -6, reason: 'broken' },
      { commandId: commandId(), kind: 'receipt', sku: 'bulk', locationId: 'nowhere', units: 5 },
      { commandId: commandId(), kind: 'adjustment', sku: 'bulk', locationId: 'main', units: -2, reason: 'broken' },
      { commandId: commandId(), kind: 'return', sku: 'bulk', locationId: 'main', units: 1, condition: 'inspection' },
    ];
    const first = await post('/v1/stock/movements/bulk', { movements });
    expect(first.status).toBe(200);
    expect(first.body.results).toMatchObject([
      { sku: 'bulk', repeated: false },
      { problem: { status: 409, code: 'adjustment-below-zero' } },
      { problem: { status: 404, code: 'unknown-location' } },
      { sku: 'bulk', repeated: false },
      { sku: 'bulk', repeated: false },
    ]);
    const head = await core.store.head();
    const second = await post('/v1/stock/movements/bulk', { movements });
    expect(second.body.results).toMatchObject([
      { repeated: true },
      { problem: { code: 'adjustment-below-zero' } },
      { problem: { code: 'unknown-location' } },
      { repeated: true },
      { repeated: true },
    ]);
    expect(await core.store.head()).toBe(head);
    await settled();
    expect(levelsOf(await get('/v1/stock/bulk')).main).toMatchObject({ onHand: 4, unavailable: 1 });
  });

  it('take the sound rows beside those that are none', async () => {
    const sound = { commandId: randomUUID(), kind: 'receipt', sku: 'mixed', locationId: 'main', units: 5 };
    const movements = [{ ...sound, units: 0 }, sound, { ...sound, kind: 'gift' }, null];
    const moved = await post('/v1/stock/movements/bulk', { movements });
    const invalid = { problem: { status: 400, code: 'invalid-request' } };
    expect(moved).toMatchObject({
      status: 200,
      body: { results: [invalid, { sku: 'mixed', repeated: false }, invalid, invalid] },
    });
    const reservations = [
      { sku: 'mixed', channel: 'shop', units: 2 },
      { sku: 'mixed', channel: 'shop' },
    ];
    const held = await post('/v1/reservations/bulk', { reservations });
    expect(held).toMatchObject({ status: 200, body: { results: [{ sku: 'mixed' }, invalid] } });
  });

  const movement = { kind: 'receipt', sku: 'noted', locationId: 'main', units: 5 };
  const adjusted = { kind: 'adjustment', sku: 'moved', reason: 'transfer' };

  it('take the lines of a delivery note about one SKU together, and the note once', async () => {
    const commandId = randomUUID();
    const note = [5, 7].map((units) => ({ ...movement, commandId, units }));
    const first = await post('/v1/stock/movements/bulk', { movements: note });
    expect(first.body.results).toMatchObject([{ repeated: false }, { repeated: false }]);
    const again = await post('/v1/stock/movements/bulk', { movements: note.toReversed() });
    expect(again.body.results).toMatchObject([{ repeated: true }, { repeated: true }]);
    await settled();
    expect(levelsOf(await get('/v1/stock/noted')).main).toMatchObject({ onHand: 12 });
  });

  it('take both sides of a transfer under one id, or none', async () => {
    await received('moved', 5);
    const transfer = (commandId: string, units: number) => [
      { ...adjusted, commandId, locationId: 'main', units: -units },
      { ...adjusted, commandId, locationId: 'store', units },
    ];
    const [first, short] = [randomUUID(), randomUUID()];
    await post('/v1/stock/movements/bulk', { movements: transfer(first, 3) });
    await post('/v1/stock/movements/bulk', { movements: transfer(first, 3) });
    const refused = await post('/v1/stock/movements/bulk', { movements: transfer(short, 3) });
    expect(refused.body.results).toMatchObject([
      { problem: { code: 'adjustment-below-zero' } },
      { problem: { code: 'adjustment-below-zero' } },
    ]);
    await settled();
    expect(levelsOf(await get('/v1/stock/moved'))).toMatchObject({ main: { onHand: 2 }, store: { onHand: 3 } });
  });

  it('refuse an id that comes again with other content', async () => {
    const commandId = randomUUID();
    await post('/v1/stock/movements/bulk', { movements: [{ ...movement, sku: 'reused', commandId }] });
    for (const other of [{ units: 6 }, { locationId: 'store' }]) {
      const movements = [{ ...movement, sku: 'reused', commandId, ...other }];
      const { body } = await post('/v1/stock/movements/bulk', { movements });
      expect(body.results).toMatchObject([{ problem: { status: 409, code: 'command-id-reused' } }]);
    }
    const more = [5, 7].map((units) => ({ ...movement, sku: 'reused', commandId, units }));
    const { body } = await post('/v1/stock/movements/bulk', { movements: more });
    expect(body.results).toMatchObject([
      { problem: { code: 'command-id-reused' } },
      { problem: { code: 'command-id-reused' } },
    ]);
    await settled();
    expect(levelsOf(await get('/v1/stock/reused')).main).toMatchObject({ onHand: 5 });
  });

  it('take 1,000 reservations at once, of which as many hold as there are units', async () => {
    await received('thousand', 600);
    const reservations = Array.from({ length: 1_000 }, () => ({ sku: 'thousand', channel: 'shop', units: 1 }));
    const key = { 'idempotency-key': randomUUID() };
    const first = await post('/v1/reservations/bulk', { reservations }, key);
    const problems = Object.values(Object(first.body.results)).filter((result) => 'problem' in Object(result));
    expect(problems).toHaveLength(400);
    expect(problems[0]).toMatchObject({ problem: { code: 'insufficient-stock' } });
    const head = await core.store.head();
    expect((await post('/v1/reservations/bulk', { reservations }, key)).body).toEqual(first.body);
    expect(await core.store.head()).toBe(head);
  });
});

describe('bad input', () => {
  const reservation = { sku: 'known', channel: 'shop', units: 1 };
  const movement = { commandId: 'm', kind: 'receipt', sku: 'known', locationId: 'main', units: 1 };
  const receipt = { locationId: 'main', units: 1 };
  const lines = <Line>(count: number, line: Line): Line[] => Array.from({ length: count }, () => line);
  const spaces = Buffer.alloc(10 * 1_048_576, ' ');

  beforeAll(() => received('known', 10));

  it.each<[string, string, string, Body | undefined, number, string]>([
    ['unknown SKU', 'POST', '/v1/reservations', { ...reservation, sku: 'unknown' }, 404, 'unknown-sku'],
    ['unknown SKU', 'GET', '/v1/stock/unknown', undefined, 404, 'unknown-sku'],
    ['unknown SKU', 'GET', '/v1/stock/unknown/explain', undefined, 404, 'unknown-sku'],
    ['unknown reservation', 'POST', '/v1/reservations/known/none/release', {}, 404, 'unknown-reservation'],
    [
      'unknown location',
      'POST',
      '/v1/stock/known/receipts',
      { ...receipt, locationId: 'mars' },
      404,
      'unknown-location',
    ],
    ['unknown location', 'POST', '/v1/stock/known/counts', { locationId: 'mars', counted: 1 }, 404, 'unknown-location'],
    ['unknown location', 'PUT', '/v1/supply-maps/shop', { locationIds: ['mars'] }, 404, 'unknown-location'],
    ['unknown location', 'PUT', '/v1/stock/known/safety-stock/mars', { units: 1 }, 404, 'unknown-location'],
    ['negative units', 'POST', '/v1/reservations', { ...reservation, units: -1 }, 400, 'invalid-request'],
    ['no units', 'POST', '/v1/reservations', { ...reservation, units: 0 }, 400, 'invalid-request'],
    ['fractional units', 'POST', '/v1/stock/known/receipts', { ...receipt, units: 1.5 }, 400, 'invalid-request'],
    ['2^53 units', 'POST', '/v1/stock/known/receipts', { ...receipt, units: 2 ** 53 }, 400, 'invalid-request'],
    ['units as text', 'POST', '/v1/stock/known/receipts', { ...receipt, units: '1' }, 400, 'invalid-request'],
    ['1e999 units', 'POST', '/v1/stock/known/receipts', '{"locationId":"main","units":1e999}', 400, 'invalid-request'],
    ['wrong condition', 'POST', '/v1/stock/known/returns', { ...receipt, condition: 'wet' }, 400, 'invalid-request'],
    ['too long a life', 'POST', '/v1/reservations', { ...reservation, ttlSeconds: 86_401 }, 400, 'invalid-request'],
    ['no life', 'POST', '/v1/reservations', { ...reservation, ttlSeconds: 0 }, 400, 'invalid-request'],
    ['10 MB', 'POST', '/v1/stock/known/receipts', spaces, 413, 'body-too-large'],
    ['10 MB', 'POST', '/v1/stock/movements/bulk', spaces, 413, 'body-too-large'],
    ['invalid JSON', 'POST', '/v1/stock/known/receipts', '{"locationId":', 400, 'invalid-json'],
    ['no object', 'POST', '/v1/stock/known/receipts', '[]', 400, 'invalid-request'],
    ['invalid UTF-8', 'POST', '/v1/stock/known/receipts', Buffer.from([0x22, 0xff, 0x22]), 400, 'invalid-utf8'],
    ['unknown field', 'POST', '/v1/stock/known/receipts', { ...receipt, unit: 1 }, 400, 'invalid-request'],
    ['1,001 lines', 'POST', '/v1/stock/movements/bulk', { movements: lines(1_001, movement) }, 400, 'invalid-request'],
    [
      '1,001 lines',
      'POST',
      '/v1/reservations/bulk',
      { reservations: lines(1_001, reservation) },
      400,
      'invalid-request',
    ],
    ['no lines', 'POST', '/v1/reservations/bulk', { reservations: [] }, 400, 'invalid-request'],
    ['101 SKUs', 'GET', `/v1/availability?${lines(101, 'sku=known').join('&')}`, undefined, 400, 'invalid-request'],
    ['a moment without zone', 'GET', '/v1/stock/known?asOf=2026-01-31', undefined, 400, 'invalid-request'],
    ['a forged cursor', 'GET', '/v1/shortages?cursor=abc', undefined, 400, 'invalid-request'],
    ['a SKU of 65 characters', 'POST', `/v1/stock/${'x'.repeat(65)}/receipts`, receipt, 400, 'invalid-request'],
    ['a SKU with a control character', 'POST', '/v1/stock/a%00b/receipts', receipt, 400, 'invalid-request'],
    [
      'more broken than there is',
      'POST',
      '/v1/stock/known/adjustments',
      { locationId: 'main', onHand: -11, reason: 'x' },
      409,
      'adjustment-below-zero',
    ],
    [
      'a count from the future',
      'POST',
      '/v1/stock/known/counts',
      { locationId: 'main', counted: 1, asOfRevision: 999 },
      422,
      'count-from-the-future',
    ],
  ])('%s (%s) is refused with a problem and changes nothing', async (_, method, path, body, statusCode, code) => {
    const head = await core.store.head();
    const answer = await send(method, path, body);
    expect([answer.status, answer.body.code]).toEqual([statusCode, code]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body.detail).toMatch(/\w+ .+/);
    expect(await core.store.head()).toBe(head);
  });

  it('answers a repeat with the same Idempotency-Key as the first time, and refuses the key for another body', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await post('/v1/reservations', reservation, headers);
    expect(first.status).toBe(201);
    const head = await core.store.head();
    const repeat = await post('/v1/reservations', reservation, headers);
    expect([repeat.status, repeat.body, repeat.headers.get('idempotency-replayed')]).toEqual([201, first.body, 'true']);
    const other = await post('/v1/reservations', { ...reservation, units: 2 }, headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    expect(await core.store.head()).toBe(head);
  });

  it('refuses a reservation id that comes again with other content', async () => {
    const named = { ...reservation, reservationId: 'named' };
    expect((await post('/v1/reservations', named)).status).toBe(201);
    const head = await core.store.head();
    expect((await post('/v1/reservations', named)).status).toBe(201);
    expect((await post('/v1/reservations', { ...named, units: 2 })).body.code).toBe('reservation-id-reused');
    expect((await post('/v1/reservations', { ...named, channel: 'till' })).body.code).toBe('reservation-id-reused');
    expect(await core.store.head()).toBe(head);
  });
});

const STOCK = 'einklang.inventory.v1.Stock';
const definition = loadSync(
  [
    ...services.inventory.grpc.protoFiles.map((file) =>
      fileURLToPath(new URL(`../../../libs/contracts/proto/${file}`, import.meta.url)),
    ),
    healthProto,
  ],
  { longs: Number, enums: String, defaults: true, oneofs: true },
);

function methodOf(path: string) {
  const [serviceName, name] = path.split('/');
  const method = Object(definition[serviceName ?? ''])[name ?? ''];
  if (!method) throw new Error(`${path} is not in the protos`);
  return method;
}

function unary(
  path: string,
  request: object,
  { headers = {}, ...options }: CallOptions & { headers?: Record<string, string> } = {},
): Promise<Record<string, unknown>> {
  const { path: route, requestSerialize, responseDeserialize } = methodOf(path);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new Promise((resolve, reject) => {
    grpc.makeUnaryRequest(route, requestSerialize, responseDeserialize, request, metadata, options, (error, answer) =>
      error ? reject(error) : resolve(Object(answer)),
    );
  });
}

const failureOf = (path: string, request: object, options?: Parameters<typeof unary>[2]): Promise<ServiceError> =>
  unary(path, request, options).then(
    () => Promise.reject(new Error('it did not fail')),
    (error: ServiceError) => error,
  );

function duplex(
  path: string,
  headers: Record<string, string> = {},
): ClientDuplexStream<object, Record<string, unknown>> {
  const { path: route, requestSerialize, responseDeserialize } = methodOf(path);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return grpc.makeBidiStreamRequest(route, requestSerialize, responseDeserialize, metadata);
}

function watch(request: object): ClientReadableStream<Record<string, unknown>> {
  const { path: route, requestSerialize, responseDeserialize } = methodOf(`${STOCK}/WatchAvailability`);
  return grpc.makeServerStreamRequest(route, requestSerialize, responseDeserialize, request);
}

const TRANSFERS = 'einklang.inventory.v1.Transfers';

describe('transfers', () => {
  const levels = async (sku: string) => levelsOf(await get(`/v1/stock/${sku}`));
  /** The process has seen the log up to here, and the views what it stored. */
  const stockFollows = async () => {
    const head = await core.store.head();
    await eventually(() =>
      core.runners
        .status()
        .some((runner) => runner.name === 'when-transfer-changes-move-its-stock' && runner.position >= head),
    );
    await settled();
  };
  const stockIs = async (sku: string, expected: object) => {
    await stockFollows();
    expect(await levels(sku)).toMatchObject(expected);
  };
  const available = async (sku: string) =>
    Object((await get(`/v1/availability?sku=${sku}`)).body).items[0].available as object;

  it('have goods in transit that are sold nowhere, and a difference until a person settles it', async () => {
    await received('t1', 30);
    const document = { from: 'main', to: 'store', lines: [{ sku: 't1', units: 20 }] };
    expect(await put('/v1/transfers/T-1', document)).toMatchObject({ status: 200, body: { changed: true } });
    expect(await put('/v1/transfers/T-1', document)).toMatchObject({ status: 200, body: { changed: false } });
    expect(await put('/v1/transfers/T-1', { ...document, to: 'main', from: 'store' })).toMatchObject({
      status: 409,
      body: { code: 'transfer-differs' },
    });
    await stockIs('t1', { main: { onHand: 10 }, store: { onHand: 0, inTransit: 20 } });
    expect(await available('t1')).toMatchObject({ shop: 10, till: 0 });
    expect(await post('/v1/locations/store/close')).toMatchObject({
      status: 409,
      body: { code: 'location-not-empty' },
    });
    await post('/v1/transfers/T-1/receipts', { receiptId: 'R-1', lines: [{ sku: 't1', units: 19 }] });
    await stockIs('t1', { main: { onHand: 10 }, store: { onHand: 19, inTransit: 1 } });
    expect((await get('/v1/transfers?state=difference')).body.items).toMatchObject([
      {
        transferId: 'T-1',
        status: 'partly-received',
        differsSince: expect.any(String),
        lines: [{ sku: 't1', dispatched: 20, received: 19, settled: 0, openUnits: 1 }],
      },
    ]);
    expect((await get('/v1/exceptions?kind=transfer-difference')).body.items).toMatchObject([{ subject: 'T-1' }]);
    await post('/v1/transfers/T-1/settlements', { sku: 't1', as: 'lost' });
    await stockIs('t1', { main: { onHand: 10 }, store: { onHand: 19, inTransit: 0 } });
    expect((await get('/v1/exceptions?kind=transfer-difference')).body.items).toEqual([]);
    expect((await get('/v1/transfers/T-1')).body).toMatchObject({ status: 'received', openUnits: 0 });
    expect((await get('/v1/transfers/T-0')).body.code).toBe('unknown-transfer');
    expect(
      await core.readModels.query(
        `select sku, dispatched, received, open_units from analytics.transfers where transfer_id = 'T-1'`,
      ),
    ).toEqual([{ sku: 't1', dispatched: 20, received: 19, open_units: 0 }]);
    expect(
      await core.readModels.query(`select in_transit from analytics.stock_levels where sku = 't1' and on_hand = 19`),
    ).toEqual([{ in_transit: 0 }]);
  });

  it('are dispatched, received, settled, cancelled and looked up over gRPC', async () => {
    await received('t2', 5);
    const lines = [{ sku: 't2', units: 8 }];
    expect(await unary(`${TRANSFERS}/Dispatch`, { transferId: 'T-2', from: 'main', to: 'store', lines })).toMatchObject(
      {
        transferId: 'T-2',
        changed: true,
      },
    );
    const receipt = { transferId: 'T-2', receiptId: 'R-1', lines: [{ sku: 't2', units: 2 }] };
    expect(await unary(`${TRANSFERS}/Receive`, receipt)).toMatchObject({ changed: true });
    expect(await unary(`${TRANSFERS}/Receive`, receipt)).toMatchObject({ changed: false });
    expect(await failureOf(`${TRANSFERS}/Receive`, { ...receipt, lines })).toMatchObject({
      code: status.FAILED_PRECONDITION,
    });
    await unary(`${TRANSFERS}/Cancel`, { transferId: 'T-2', reason: 'not needed there' });
    // Three more left than were on the books, which the dispatch put right.
    await stockIs('t2', { main: { onHand: 6 }, store: { onHand: 2, inTransit: 0 } });
    await unary(`${TRANSFERS}/Receive`, { ...receipt, receiptId: 'R-2', lines: [{ sku: 't2', units: 1 }] });
    await stockIs('t2', { store: { onHand: 3, inTransit: -1 } });
    await unary(`${TRANSFERS}/SettleDifference`, { transferId: 'T-2', sku: 't2', as: 'lost' });
    await stockIs('t2', { main: { onHand: 5 }, store: { onHand: 3, inTransit: 0 } });
    expect(await unary(`${TRANSFERS}/Get`, { transferId: 'T-2' })).toMatchObject({ status: 'cancelled', openUnits: 0 });
  });
});

describe('stock over gRPC', () => {
  it('is reserved once however often the same call comes, confirmed and released', async () => {
    await received('g1', 10);
    const headers = { 'idempotency-key': randomUUID() };
    const request = { sku: 'g1', channel: 'shop', units: 3 };
    const first = await unary(`${STOCK}/Reserve`, request, { headers });
    expect(first).toEqual({
      sku: 'g1',
      reservationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      stockRevision: 1,
      position: expect.any(Number),
      repeated: false,
    });
    expect(await unary(`${STOCK}/Reserve`, request, { headers })).toEqual({ ...first, repeated: true });
    const { reservationId } = first;
    const order = { sku: 'g1', reservationId, channel: 'shop', orderId: 'o1' };
    expect(await unary(`${STOCK}/Confirm`, order)).toEqual({
      sku: 'g1',
      stockRevision: 2,
      position: expect.any(Number),
      repeated: false,
    });
    await unary(`${STOCK}/Reserve`, { ...request, reservationId: 'r2', ttlSeconds: 60 });
    expect(await unary(`${STOCK}/Release`, { sku: 'g1', reservationId: 'r2' })).toMatchObject({ stockRevision: 4 });
    await settled();
    expect(await unary(`${STOCK}/GetAvailability`, { skus: ['g1', 'nobody'] })).toEqual({
      items: [{ sku: 'g1', stockRevision: 4, sequence: 0, available: { shop: 7, till: 0 } }],
    });
  });

  it('is not reserved where its stock is not at the revision the caller had read', async () => {
    await received('GRPC-EXPECTED', 5);
    const request = { sku: 'GRPC-EXPECTED', channel: 'shop', units: 1 };
    await expect(unary(`${STOCK}/Reserve`, { ...request, expectedRevision: 7 })).rejects.toMatchObject({
      code: status.ABORTED,
    });
    expect(await core.store.readStream('stock-GRPC-EXPECTED')).toHaveLength(1);
    await unary(`${STOCK}/Reserve`, { ...request, expectedRevision: 0 });
    await expect(unary(`${STOCK}/Reserve`, { ...request, expectedRevision: 0 })).rejects.toMatchObject({
      code: status.ABORTED,
    });
    await unary(`${STOCK}/Reserve`, request);
    expect(await core.store.readStream('stock-GRPC-EXPECTED')).toHaveLength(3);
  });

  it('refuses the key of another message, over a call as over a stream, and lets a refused one try again', async () => {
    await received('g8', 10);
    const headers = { 'idempotency-key': randomUUID() };
    const request = { sku: 'g8', channel: 'shop', units: 3 };
    await unary(`${STOCK}/Reserve`, request, { headers });
    const other = await failureOf(`${STOCK}/Reserve`, { ...request, units: 4 }, { headers });
    expect([other.code, other.metadata.get('code')]).toEqual([status.ALREADY_EXISTS, ['idempotency-key-reused']]);
    expect(await unary(`${STOCK}/Reserve`, request, { headers })).toMatchObject({ repeated: true });

    const again = { 'idempotency-key': randomUUID() };
    expect((await failureOf(`${STOCK}/Reserve`, { ...request, units: 0 }, { headers: again })).code).toBe(
      status.INVALID_ARGUMENT,
    );
    expect(await unary(`${STOCK}/Reserve`, { ...request, units: 1 }, { headers: again })).toMatchObject({
      repeated: false,
    });

    const key = randomUUID();
    const streamed = async (...units: number[]) => {
      const call = duplex(`${STOCK}/ReserveStream`, { 'idempotency-key': key });
      const answers: Record<string, unknown>[] = [];
      call.on('data', (answer) => answers.push(answer));
      for (const each of units) call.write({ ...request, units: each });
      call.end();
      await new Promise((resolve, reject) => call.on('end', resolve).on('error', reject));
      return answers.map(({ reserved, problem }) => Object(problem).code ?? Object(reserved).repeated);
    };
    expect(await streamed(1, 2)).toEqual([false, false]);
    expect(await streamed(1, 1)).toEqual([true, 'reservation-id-reused']);
    await settled();
    expect(levelsOf(await get('/v1/stock/g8')).main).toMatchObject({ reserved: 7 });
  });

  it('refuses to watch from a sequence the log does not reach', async () => {
    const call = watch({ afterSequence: (await core.store.head()) + 1 });
    const error = await new Promise<ServiceError>((resolve) =>
      call.on('error', (cause) => resolve(Object(cause))).resume(),
    );
    expect([error.code, error.metadata.get('code')]).toEqual([status.OUT_OF_RANGE, ['sequence-not-reached']]);
  });

  it.each<[string, string, object, number]>([
    ['Reserve', 'unknown-sku', { sku: 'unknown', channel: 'shop', units: 1 }, status.NOT_FOUND],
    ['Reserve', 'insufficient-stock', { sku: 'g2', channel: 'shop', units: 11 }, status.FAILED_PRECONDITION],
    ['Reserve', 'invalid-request', { sku: 'g2', channel: 'shop', units: 0 }, status.INVALID_ARGUMENT],
    ['Reserve', 'invalid-request', { sku: 'g2', channel: 'shop', units: '9007199254740993' }, status.INVALID_ARGUMENT],
    ['Reserve', 'invalid-request', { sku: '', channel: 'shop', units: 1 }, status.INVALID_ARGUMENT],
    ['Reserve', 'invalid-request', { sku: 'g2', channel: 'shop', units: 1, ttlSeconds: -1 }, status.INVALID_ARGUMENT],
    [
      'Confirm',
      'unknown-reservation',
      { sku: 'g2', reservationId: 'none', channel: 'shop', orderId: 'o' },
      status.NOT_FOUND,
    ],
    ['Release', 'invalid-request', { sku: 'g2', reservationId: '' }, status.INVALID_ARGUMENT],
    ['GetAvailability', 'invalid-request', { skus: [] }, status.INVALID_ARGUMENT],
    ['GetAvailability', 'invalid-request', { skus: Array.from({ length: 101 }, () => 'g2') }, status.INVALID_ARGUMENT],
  ])('refuses %s with the code of the REST API: %s', async (method, problem, request, code) => {
    if (problem === 'insufficient-stock') await received('g2', 10);
    const head = await core.store.head();
    const error = await failureOf(`${STOCK}/${method}`, request);
    expect([error.code, error.metadata.get('code')]).toEqual([code, [problem]]);
    expect(error.details).not.toBe('');
    expect(await core.store.head()).toBe(head);
  });

  it('answers 5,000 streamed reservations in their order, refusals in their place', async () => {
    await received('g3', 4_000);
    const call = duplex(`${STOCK}/ReserveStream`);
    const answers: Record<string, unknown>[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      call
        .on('data', (answer) => answers.push(answer))
        .on('error', reject)
        .on('end', resolve);
    });
    for (let index = 0; index < 5_000; index += 1) {
      const sku = index === 100 ? 'unknown' : 'g3';
      const units = index === 200 ? 0 : 1;
      call.write({ sku, channel: 'shop', units, reservationId: `r${index}` });
    }
    call.end();
    await ended;
    expect(answers).toHaveLength(5_000);
    const codeOf = (index: number) => Object(answers[index]?.problem).code;
    expect([codeOf(100), codeOf(200), codeOf(4_999)]).toEqual(['unknown-sku', 'invalid-request', 'insufficient-stock']);
    const places = answers.flatMap(({ reserved }, index) =>
      reserved ? [[`r${index}`, Object(reserved).reservationId]] : [],
    );
    expect(places).toHaveLength(4_000);
    expect(places.every(([expected, answered]) => expected === answered)).toBe(true);
    await settled();
    expect(levelsOf(await get('/v1/stock/g3')).main).toMatchObject({ reserved: 4_000, free: 0 });
  });

  it('shows a watcher every change as it comes, only what it asked for, and ends when it hangs up', async () => {
    await received('g4', 5);
    await received('g5', 5);
    await settled();
    const call = watch({ afterSequence: 0, skus: ['g4'] });
    const changes: Record<string, unknown>[] = [];
    const hungUp = new Promise<ServiceError>((resolve) => call.on('error', (error) => resolve(Object(error))));
    const seen = async (count: number): Promise<void> => {
      while (changes.length < count) await new Promise((resolve) => call.once('data', resolve));
    };
    call.on('data', (change) => changes.push(change));
    await seen(1);
    await unary(`${STOCK}/Reserve`, { sku: 'g5', channel: 'shop', units: 2 });
    await unary(`${STOCK}/Reserve`, { sku: 'g4', channel: 'shop', units: 2 });
    await seen(2);
    expect(changes).toMatchObject([
      { sku: 'g4', stockRevision: 0, available: { shop: 5, till: 0 } },
      { sku: 'g4', stockRevision: 1, available: { shop: 3, till: 0 } },
    ]);
    expect(Number(changes[1]?.sequence)).toBeGreaterThan(Number(changes[0]?.sequence));
    call.cancel();
    expect((await hungUp).code).toBe(status.CANCELLED);
  });

  it('gives up at the deadline of its caller', async () => {
    const error = await failureOf(`${STOCK}/GetAvailability`, { skus: ['g1'] }, { deadline: Date.now() - 1 });
    expect(error.code).toBe(status.DEADLINE_EXCEEDED);
    const { path, requestSerialize, responseDeserialize } = methodOf(`${STOCK}/WatchAvailability`);
    const call = grpc.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { skus: ['nobody'] },
      {
        deadline: Date.now() + 200,
      },
    );
    const ended = await new Promise<ServiceError>((resolve) =>
      call.on('error', (cause) => resolve(Object(cause))).resume(),
    );
    expect(ended.code).toBe(status.DEADLINE_EXCEEDED);
  });

  it('tells that it serves', async () => {
    expect(await unary('grpc.health.v1.Health/Check', { service: '' })).toEqual({ status: 'SERVING' });
  });

  it('is listed by reflection', async () => {
    const reflection = loadSync('grpc/reflection/v1/reflection.proto', {
      includeDirs: [fileURLToPath(new URL('../../build/proto/', import.meta.resolve('@grpc/reflection')))],
    });
    const { path, requestSerialize, responseDeserialize } = Object(
      reflection['grpc.reflection.v1.ServerReflection'],
    ).ServerReflectionInfo;
    const call = grpc.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
      call.on('data', (data) => resolve(Object(data))).on('error', reject);
    });
    call.write({ listServices: '' });
    expect((await answer).listServicesResponse).toEqual({ service: expect.arrayContaining([{ name: STOCK }]) });
    call.end();
  });
});

describe('under load', () => {
  it('sells 50 units to 50 of 200 who ask at the same time', async () => {
    await received('hot', 50);
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => post('/v1/reservations', { sku: 'hot', channel: 'shop', units: 1 })),
    );
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(50);
    const refused = answers.filter((answer) => answer.status === 409);
    expect(refused).toHaveLength(150);
    expect(refused.every(({ body }) => body.code === 'insufficient-stock' && body.available === 0)).toBe(true);
    await settled();
    expect(levelsOf(await get('/v1/stock/hot')).main).toMatchObject({ onHand: 50, reserved: 50, free: 0 });
    expect((await get('/v1/availability?sku=hot')).body.items).toMatchObject([{ available: { shop: 0, till: 0 } }]);
  });
});

describe('the views after all this', () => {
  it.each(inventoryProjections.map((projection) => [projection.name, projection] as const))(
    'of %s equal a fold of the log',
    async (_, projection) => {
      await settled();
      const compared = await compareProjection(core.readModels, projection, withRegistry(core.store, eventRegistry));
      expect(compared.tables.flatMap(({ examples }) => examples)).toEqual([]);
    },
  );

  it('are there for analysts', async () => {
    const levels = await core.readModels.query(
      `select location_id, on_hand, reserved, free from analytics.stock_levels where sku = 'hot'`,
    );
    expect(levels).toEqual([{ location_id: 'main', on_hand: 50, reserved: 50, free: 0 }]);
    const numbers = await core.readModels.query(
      `select channel, available from analytics.availability where sku = 'ruled' order by channel`,
    );
    expect(numbers).toEqual([
      { channel: 'shop', available: 0 },
      { channel: 'till', available: 18 },
    ]);
    expect(await core.readModels.query(`select * from analytics.open_reservations where sku = 'hot'`)).toHaveLength(50);
    expect(await core.readModels.query(`select units from analytics.shortages where sku = 'short'`)).toEqual([
      { units: 0 },
    ]);
  });

  it('answer the queries of the README', async () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const queries = [...readme.matchAll(/```sql\n(.*?)```/gs)].flatMap(([, sql = '']) => sql.trim().split(/;\s*/));
    const answers = await Promise.all(queries.filter(Boolean).map((sql) => core.readModels.query(sql)));
    expect(answers.length).toBeGreaterThanOrEqual(4);
  });
});
