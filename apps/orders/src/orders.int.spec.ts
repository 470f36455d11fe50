import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type DynamicModule, Module } from '@nestjs/common';
import { eventRegistry, type OrderEvent, SALES_INTAKE, type SalesIntake, type StockEvent } from '#contracts';
import { type EventStore, type RecordedEvent, withRegistry } from '#event-sourcing';
import { idFrom, systemClock } from '#kernel';
import { Exceptions, MemoryIdempotencyStore, serviceToken } from '#platform';
import { CoreModule, type RunningService, startService } from '#platform/host';
import { openReadModels, type ReadModels, Runners } from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { OrdersModule } from './orders.module.js';

let database: TestDatabase;
let readModels: ReadModels;
let store: EventStore;
let runners: Runners;
let service: RunningService;
let inventory: Promise<void>;
const stopping = new AbortController();

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 6 });
  store = withRegistry(new InMemoryEventStore(), eventRegistry);
  runners = new Runners(readModels, store);
  service = await startService(rootModule(), {
    dataDir: '/nowhere',
    host: '127.0.0.1',
    httpPort: 0,
    grpcPort: 0,
    hashKey: Buffer.alloc(32, 7),
    logLevel: 'silent',
  });
  inventory = answerOrders(stopping.signal);
});

afterAll(async () => {
  stopping.abort();
  await service.stop();
  await runners.stop();
  await inventory;
  await readModels.close();
  await store.close();
  await database.drop();
});

let orderNumber = 0;
let external: string;
beforeEach(() => {
  orderNumber += 1;
  external = `A/${orderNumber} ü`;
});

const sale = (changes: object = {}) => ({
  channel: 'etsy',
  externalOrderId: external,
  revision: 1,
  placedAt: '2026-03-01T10:00:00+02:00',
  currency: 'EUR',
  lines: [{ lineId: '1', sku: 'MUG', units: 5, unitPriceMinor: 500 }],
  ...changes,
});
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const orderIdOf = (number: string, channel = 'etsy') => `${channel}.${encodeURIComponent(number)}`;
const pathOf = (orderId: string) => `/v1/orders/${encodeURIComponent(orderId)}`;

describe('POST /internal/channel-sales', () => {
  const placedAt = '2026-03-01T08:00:00.000Z';
  const token = serviceToken(Buffer.alloc(32, 7));
  const send = (authorization: string, buyer: object = {}) =>
    fetch(`${service.httpUrl}/internal/channel-sales`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ sales: [sale({ buyer, placedAt }), sale({ placedAt, currency: 'USD', revision: 2 })] }),
    });

  it('takes sales whose buyers are hashes from a service of the installation, with a result for each', async () => {
    const emailHash = 'a'.repeat(64);
    const response = await send(`Bearer ${token}`, { emailHash });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      results: [
        { orderId: orderIdOf(external), status: 'recorded' },
        { orderId: orderIdOf(external), status: 'amended' },
      ],
    });
    const [recorded] = await store.readStream(`order-${orderIdOf(external)}`);
    expect(recorded?.data).toMatchObject({ buyer: { emailHash } });
  });

  it.each(['', 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(0, -1)}`])('is not there for %p', async (given) => {
    expect((await send(given)).status).toBe(404);
    expect(await store.readStream(`order-${orderIdOf(external)}`)).toEqual([]);
  });

  it('is not in the documentation', async () => {
    const response = await fetch(`${service.httpUrl}/docs-json`);
    expect(await response.text()).not.toContain('/internal/');
  });
});

describe('POST /v1/channel-sales', () => {
  it('records a sale and shows the order', async () => {
    const response = await post('/v1/channel-sales', sale());
    expect(response).toMatchObject({
      status: 201,
      body: { orderId: orderIdOf(external), status: 'recorded', revision: 0 },
    });
    expect(await orderOf(response)).toMatchObject({
      channel: 'etsy',
      externalId: external,
      status: 'placed',
      phase: 'open',
      totalMinor: 2_500,
      placedAt: '2026-03-01T08:00:00.000Z',
      lines: [{ lineId: '1', sku: 'MUG', ordered: 5, cancelled: 0, shipped: 0, returned: 0 }],
    });
  });

  it('knows a message, a duplicate, an amendment, and what comes out of order', async () => {
    const first = sale({ messageId: `m-${external}` });
    const grown = sale({ revision: 3, lines: [{ lineId: '1', sku: 'MUG', units: 6, unitPriceMinor: 500 }] });
    const statuses = [];
    for (const body of [first, first, sale(), grown, sale({ revision: 2 })]) {
      statuses.push((await post('/v1/channel-sales', body)).body.status);
    }
    expect(statuses).toEqual(['recorded', 'repeated', 'duplicate', 'amended', 'outdated']);
    expect((await eventsOf(orderIdOf(external))).map(({ type }) => type)).toEqual([
      'SaleRecorded',
      'SaleDuplicateReceived',
      'SaleAmended',
      'SaleOutdatedReceived',
    ]);
  });

  it('takes the Idempotency-Key for the message when the sale names none', async () => {
    const key = { 'idempotency-key': `key-${orderNumber}` };
    await post('/v1/channel-sales', sale(), key);
    const again = await post('/v1/channel-sales', sale(), key);
    expect(again).toMatchObject({ status: 201, body: { status: 'recorded' } });
    expect(await eventsOf(orderIdOf(external))).toHaveLength(1);
    const other = await post('/v1/channel-sales', sale({ revision: 9 }), key);
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  });

  it('stores hashes of people and nothing else of them', async () => {
    const people = { email: ' Wyn@Example.org', phone: '+49 30 123456', channelCustomerId: 'K-0815' };
    await post('/v1/channel-sales', sale({ customer: people }));
    const [recorded] = await eventsOf(orderIdOf(external));
    const hash: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(recorded?.data).toMatchObject({ buyer: { emailHash: hash, phoneHash: hash, channelCustomerHash: hash } });
    expect(JSON.stringify(recorded)).not.toMatch(/wyn|example|\+49|K-0815/i);
  });

  it.each<[string, object]>([
    ['negative units', { lines: [{ lineId: '1', sku: 'MUG', units: -1, unitPriceMinor: 1 }] }],
    ['half a unit', { lines: [{ lineId: '1', sku: 'MUG', units: 0.5, unitPriceMinor: 1 }] }],
    ['2^53 units', { lines: [{ lineId: '1', sku: 'MUG', units: 2 ** 53, unitPriceMinor: 1 }] }],
    ['units as text', { lines: [{ lineId: '1', sku: 'MUG', units: '1', unitPriceMinor: 1 }] }],
    ['a price of 2^53', { lines: [{ lineId: '1', sku: 'MUG', units: 1, unitPriceMinor: 2 ** 53 }] }],
    [
      '1,001 lines',
      {
        lines: Array.from({ length: 1_001 }, (_, index) => ({
          lineId: `${index}`,
          sku: 'MUG',
          units: 1,
          unitPriceMinor: 1,
        })),
      },
    ],
    ['a SKU with a control character', { lines: [{ lineId: '1', sku: 'MUG\u0000', units: 1, unitPriceMinor: 1 }] }],
    ['an unknown currency', { currency: 'EUX' }],
    ['a currency in small letters', { currency: 'eur' }],
    ['a channel with capitals', { channel: 'Etsy' }],
    ['no order number', { externalOrderId: ' ' }],
    ['an order number that is no Unicode', { externalOrderId: '\ud800' }],
    ['an order number with a control character', { externalOrderId: 'A\u0000' }],
    ['an order number of 129 characters', { externalOrderId: 'x'.repeat(129) }],
    ['half a revision', { revision: 1.5 }],
    ['a day in place of an instant', { placedAt: '2026-03-01' }],
    ['the 30th of February', { placedAt: '2026-02-30T00:00:00Z' }],
  ])('refuses %s and changes nothing', async (_, changes) => {
    const before = await store.head();
    expect(await post('/v1/channel-sales', sale(changes))).toMatchObject({
      status: 400,
      body: { code: 'invalid-request' },
    });
    expect(await store.head()).toBe(before);
  });

  it.each<[string, object, string]>([
    [
      'a total beyond 2^53',
      { lines: [{ lineId: '1', sku: 'MUG', units: 2, unitPriceMinor: Number.MAX_SAFE_INTEGER }] },
      'total-too-large',
    ],
    ['an instant at the end of all years', { placedAt: '9999-12-31T23:59:59-10:00' }, 'invalid-placed-at'],
    ['an instant in a year', { placedAt: inDays(365) }, 'invalid-placed-at'],
    ['an instant before there were web shops', { placedAt: '0000-01-01T00:00:00Z' }, 'invalid-placed-at'],
    ['no lines', { lines: [] }, 'nothing-sold'],
    ['no units', { lines: [{ lineId: '1', sku: 'MUG', units: 0, unitPriceMinor: 1 }] }, 'nothing-sold'],
  ])('refuses %s with a stable code', async (_, changes, code) => {
    const before = await store.head();
    expect(await post('/v1/channel-sales', sale(changes))).toMatchObject({ status: 422, body: { code } });
    expect(await store.head()).toBe(before);
  });

  it('takes the spellings of an order number for one order', async () => {
    const spellings = ['1001', '1001 ', ' 1001', '1001\u00a0'].map((number) => sale({ externalOrderId: number }));
    const answers = await Promise.all(spellings.map((each) => post('/v1/channel-sales', each)));
    expect(new Set(answers.map(({ body }) => body.orderId))).toEqual(new Set([orderIdOf('1001')]));
  });

  it.each([
    ['55 CJK characters', `${'注文'.repeat(27)}一`],
    ['128 characters of four bytes', '🧵'.repeat(128)],
    ['128 letters with two marks each, composed', 'ǟ'.repeat(128)],
  ])('takes an order number of %s through its whole life', async (_, number) => {
    const recorded = await post('/v1/channel-sales', sale({ externalOrderId: number }));
    expect(recorded).toMatchObject({ status: 201, body: { orderId: orderIdOf(number) } });
    const path = pathOf(orderIdOf(number));
    const shipped = await post(`${path}/shipments`, { shipmentId: '小包-1', lines: [{ lineId: '1', units: 5 }] });
    expect(shipped).toMatchObject({ status: 201, body: { changed: true } });
    await caughtUp(shipped);
    expect(await get(path)).toMatchObject({ status: 200, body: { externalId: number, phase: 'shipped' } });
  });

  it('refuses a parcel that left next month', async () => {
    await post('/v1/channel-sales', sale());
    const parcel = { shipmentId: 'S-1', lines: [{ lineId: '1', units: 1 }], occurredAt: inDays(30) };
    const refused = { status: 422, body: { code: 'invalid-occurred-at' } };
    expect(await post(`${pathOf(orderIdOf(external))}/shipments`, parcel)).toMatchObject(refused);
  });

  it.each<[string, object]>([
    ['an empty e-mail address', { email: '' }],
    ['a dash for an e-mail address', { email: '-' }],
    ['a phone number of 48 characters', { phone: '1'.repeat(48) }],
    ['null for all of it', { email: null, phone: null, channelCustomerId: null }],
    ['numbers', { email: 7, phone: 4930123456 }],
  ])('takes a sale with %s for its customer, and leaves that out', async (_, unusable) => {
    const response = await post('/v1/channel-sales', sale({ customer: { channelCustomerId: 'K-7', ...unusable } }));
    expect(response).toMatchObject({ status: 201, body: { status: 'recorded' } });
    const [recorded] = await eventsOf(orderIdOf(external));
    expect(recorded?.data).not.toHaveProperty('buyer.emailHash');
    expect(recorded?.data).not.toHaveProperty('buyer.phoneHash');
  });

  it('uses what of a customer it can', async () => {
    await post('/v1/channel-sales', sale({ customer: { email: '', phone: '+49 30 123456', name: 'Wyn' } }));
    const [recorded] = await eventsOf(orderIdOf(external));
    expect(recorded?.data).toMatchObject({ buyer: { phoneHash: expect.any(String) } });
    expect(recorded?.data).not.toHaveProperty('buyer.emailHash');
  });

  it.each<[string, object]>([
    ['no customer but null', { customer: null }],
    ['a customer that is a text', { customer: 'Wyn' }],
    ['a message id that is none', { messageId: '' }],
    ['an instant of receipt that is none', { receivedAt: 'yesterday' }],
    ['an instant of receipt in a week', { receivedAt: inDays(7) }],
    ['a field that is not known', { colour: 'red' }],
    [
      'a field of a line that is not known',
      { lines: [{ lineId: '1', sku: 'MUG', units: 1, unitPriceMinor: 1, tax: 0 }] },
    ],
    ['hashes in place of people', { buyer: { emailHash: 'a'.repeat(64) } }],
  ])('takes a sale with %s', async (_, changes) => {
    const response = await post('/v1/channel-sales', sale(changes));
    expect(response).toMatchObject({ status: 201, body: { status: 'recorded' } });
    const [recorded] = await eventsOf(orderIdOf(external));
    expect(recorded?.data).toMatchObject({ buyer: {} });
  });

  it('takes everything out of a known order whose channel sends it without lines', async () => {
    const answer = await post('/v1/channel-sales', sale({}));
    expect(await post('/v1/channel-sales', sale({ revision: 1, lines: [] }))).toMatchObject({
      status: 201,
      body: { status: 'amended' },
    });
    expect(await orderOf(answer)).toMatchObject({ units: 0, totalMinor: 0, phase: 'cancelled' });
  });

  it('takes the goods of a sale whose other lines are of 0 units, discounts or shipping, and adds up the right total', async () => {
    const price = { units: 1, unitPriceMinor: 0 };
    const lines = [
      { lineId: '1', sku: 'MUG', units: 2, unitPriceMinor: 1_000 },
      { lineId: '2', sku: 'CUP', units: 0, unitPriceMinor: 900 },
      { ...price, lineId: '3', sku: 'DISCOUNT', unitPriceMinor: -500 },
      { ...price, lineId: '4', unitPriceMinor: 490 },
      { ...price, lineId: '5', sku: '', units: 2, unitPriceMinor: 5 },
      { ...price, lineId: '6', sku: null },
      { ...price, lineId: '7', sku: ' \u00a0', externalId: ' ', unitPriceMinor: 0 },
    ];
    const answer = await post('/v1/channel-sales', sale({ lines, channel: 'charged' }));
    expect(answer.status).toBe(201);
    expect(await orderOf(answer)).toMatchObject({
      phase: 'open',
      units: 2,
      totalMinor: 2_000,
      chargesMinor: 0,
      lines: [{ sku: 'MUG', ordered: 2 }],
      charges: [
        { lineId: '3', code: 'DISCOUNT', amountMinor: -500 },
        { lineId: '4', amountMinor: 490 },
        { lineId: '5', amountMinor: 10 },
        { lineId: '6', amountMinor: 0 },
        { lineId: '7', amountMinor: 0 },
      ],
    });
    expect((await get('/v1/sales/daily?channel=charged')).body.items).toMatchObject([
      { orders: 1, units: 2, revenueMinor: 2_000, chargesMinor: 0 },
    ]);
  });

  it('cancels by a message without lines, also an order it has never heard of', async () => {
    await post('/v1/channel-sales', sale());
    const cancelled = await post('/v1/channel-sales', sale({ revision: 2, cancelled: true, lines: undefined }));
    expect(cancelled).toMatchObject({ status: 201, body: { status: 'amended' } });
    expect(await orderOf(cancelled)).toMatchObject({ phase: 'cancelled', cancelledUnits: 5 });

    const unheard = `${external}-unheard`;
    const first = await post('/v1/channel-sales', sale({ externalOrderId: unheard, cancelled: true, lines: [] }));
    expect(first).toMatchObject({ status: 201, body: { status: 'recorded' } });
    const late = await post('/v1/channel-sales', sale({ externalOrderId: unheard }));
    expect(late.body.status).toBe('outdated');
    expect(await orderOf(late)).toMatchObject({ phase: 'cancelled', units: 0, lines: [] });
  });

  it('takes the same revision with another content for a change', async () => {
    await post('/v1/channel-sales', sale({ messageId: `m-${external}` }));
    const three = [{ lineId: '1', sku: 'MUG', units: 3, unitPriceMinor: 500 }];
    const changed = await post('/v1/channel-sales', sale({ lines: three }));
    expect(changed.body.status).toBe('amended');
    expect(await orderOf(changed)).toMatchObject({ units: 3 });
    const cancelled = await post('/v1/channel-sales', sale({ cancelled: true }));
    expect(cancelled.body.status).toBe('amended');
    expect(await orderOf(cancelled)).toMatchObject({ phase: 'cancelled', units: 0 });
  });

  it('takes the same message with another content for one more', async () => {
    const messageId = `m-${external}`;
    const one = [{ lineId: '1', sku: 'MUG', units: 1, unitPriceMinor: 500 }];
    await post('/v1/channel-sales', sale({ messageId, lines: one }));
    const five = await post('/v1/channel-sales', sale({ messageId }));
    expect(five).toMatchObject({ status: 201, body: { status: 'amended' } });
    expect(await orderOf(five)).toMatchObject({ units: 5 });
    expect((await post('/v1/channel-sales', sale({ messageId }))).body.status).toBe('repeated');
  });

  it('takes units and cancellation from a revision in another currency', async () => {
    await post('/v1/channel-sales', sale());
    const four = [{ lineId: '1', sku: 'MUG', units: 4, unitPriceMinor: 999 }];
    const changed = await post('/v1/channel-sales', sale({ revision: 2, currency: 'USD', lines: four }));
    expect(changed).toMatchObject({ status: 201, body: { status: 'amended' } });
    expect(await orderOf(changed)).toMatchObject({ currency: 'EUR', units: 4, totalMinor: 2_000 });
    const cancelled = await post('/v1/channel-sales', sale({ revision: 3, currency: 'USD', cancelled: true }));
    expect(await orderOf(cancelled)).toMatchObject({ phase: 'cancelled', units: 0 });
  });
});

describe('POST /v1/channel-sales/bulk', () => {
  it('refuses more lines than one request may have, and records none of them', async () => {
    const lines = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ lineId: `${index}`, sku: 'MUG', units: 1, unitPriceMinor: 1 }));
    const sales = Array.from({ length: 121 }, (_, index) =>
      sale({ externalOrderId: `L${index}`, lines: lines(1_000) }),
    );
    const head = await store.head();
    const { status, body } = await post('/v1/channel-sales/bulk', { sales });
    expect({ status, body }).toMatchObject({
      status: 422,
      body: { code: 'too-many-lines', lines: 121_000, most: 120_000 },
    });
    expect(await store.head()).toBe(head);
  });

  it('gives a result for every sale of a request that takes several commits', async () => {
    const lines = Array.from({ length: 900 }, (_, index) => ({
      lineId: `${index}`,
      sku: 'MUG',
      units: 1,
      unitPriceMinor: 1,
    }));
    const sales = Array.from({ length: 7 }, (_, index) => sale({ externalOrderId: `${external}/${index % 6}`, lines }));
    const { status, body } = await post('/v1/channel-sales/bulk', { sales });
    expect(status).toBe(200);
    const statuses = (body as { results: { orderId: string; status: string }[] }).results.map(
      ({ status: each }) => each,
    );
    expect(statuses).toEqual([...Array.from({ length: 6 }, () => 'recorded'), 'duplicate']);
  });

  it('answers every sale in its place, and applies revisions of one order in the order given', async () => {
    const { status, body } = await post('/v1/channel-sales/bulk', {
      sales: [
        sale({ revision: 1 }),
        sale({ revision: 2, lines: [{ lineId: '1', sku: 'MUG', units: 7, unitPriceMinor: 500 }] }),
        sale({ externalOrderId: 'broken', lines: [] }),
        sale({ revision: 2, cancelled: true }),
        sale({ revision: 3, cancelled: true }),
        sale({ channel: 'ebay' }),
      ],
    });
    expect(status).toBe(200);
    expect(body.results).toEqual([
      { orderId: orderIdOf(external), status: 'recorded' },
      { orderId: orderIdOf(external), status: 'amended' },
      { problem: expect.objectContaining({ status: 422, code: 'nothing-sold' }) },
      { orderId: orderIdOf(external), status: 'amended' },
      { orderId: orderIdOf(external), status: 'amended' },
      { orderId: orderIdOf(external, 'ebay'), status: 'recorded' },
    ]);
    expect(body.position).toBe(await store.head());
    expect(await orderOf({ status, body: { ...body, orderId: orderIdOf(external) } })).toMatchObject({
      phase: 'cancelled',
      cancelledUnits: 7,
    });
  });

  it.each<[string, unknown]>([
    ['no currency', sale({ currency: undefined })],
    ['an order number of another type', sale({ externalOrderId: 7 })],
    ['half a unit', sale({ lines: [{ lineId: '1', sku: 'MUG', units: 0.5, unitPriceMinor: 1 }] })],
    ['nothing in it', {}],
    ['null', null],
    ['a text', 'a sale'],
  ])('records the sound sale beside one with %s', async (_, bad) => {
    const { status, body } = await post('/v1/channel-sales/bulk', { sales: [bad, sale(), bad] });
    expect(status).toBe(200);
    const problem = { problem: expect.objectContaining({ status: 400, code: 'invalid-request' }) };
    expect(body.results).toEqual([problem, { orderId: orderIdOf(external), status: 'recorded' }, problem]);
    expect(await eventsOf(orderIdOf(external))).toHaveLength(1);
  });

  it('says where in its row something is wrong', async () => {
    const lines = [{ lineId: '1', sku: 'MUG', units: -1, unitPriceMinor: 1 }];
    const { body } = await post('/v1/channel-sales/bulk', { sales: [sale({ lines })] });
    expect(body.results).toMatchObject([{ problem: { errors: [{ in: 'body', pointer: '#/lines/0/units' }] } }]);
    expect(body.position).toBe(0);
  });

  it('repeats nothing when the request is sent again', async () => {
    const body = { sales: [sale({ messageId: `m1-${external}` }), sale({ messageId: `m2-${external}`, revision: 2 })] };
    await post('/v1/channel-sales/bulk', body);
    const head = await store.head();
    const again = await post('/v1/channel-sales/bulk', body);
    expect(again.body.results).toMatchObject([{ status: 'repeated' }, { status: 'repeated' }]);
    expect(await store.head()).toBe(head);
  });

  it.each([
    ['no sales', []],
    ['501 sales', Array.from({ length: 501 }, () => sale())],
  ])('refuses %s as a whole', async (_, sales) => {
    const before = await store.head();
    expect(await post('/v1/channel-sales/bulk', { sales })).toMatchObject({
      status: 400,
      body: { code: 'invalid-request' },
    });
    expect(await store.head()).toBe(before);
  });
});

describe('the intake for the channels of the same process', () => {
  it('records what the channels hand over, with the hashes they made', async () => {
    const intake = service.app.get<SalesIntake>(SALES_INTAKE, { strict: false });
    const buyer = { emailHash: 'a'.repeat(64) };
    const handed = {
      ...sale(),
      placedAt: '2026-03-01T10:00:00Z',
      receivedAt: '2026-03-01T10:00:01Z',
      cancelled: false,
      messageId: external,
      buyer,
    };
    expect(await intake.record([handed, handed, { ...handed, messageId: `${external}2` }])).toEqual([
      expect.objectContaining({ orderId: orderIdOf(external), status: 'recorded' }),
      expect.objectContaining({ orderId: orderIdOf(external), status: 'repeated' }),
      expect.objectContaining({ orderId: orderIdOf(external), status: 'duplicate' }),
    ]);
    const [recorded] = await eventsOf(orderIdOf(external));
    expect(recorded).toMatchObject({
      data: { buyer },
      metadata: {
        actor: 'channel:etsy',
        occurredAt: '2026-03-01T10:00:00.000Z',
        receivedAt: '2026-03-01T10:00:01.000Z',
      },
    });
  });

  it('gives back what it refuses as an error in its place', async () => {
    const intake = service.app.get<SalesIntake>(SALES_INTAKE, { strict: false });
    const bad = { ...sale(), cancelled: false, externalOrderId: '\ud800' };
    const [refused, recorded] = await intake.record([bad, { ...bad, externalOrderId: external }]);
    expect(refused).toMatchObject({ name: 'Rejected', code: 'unusable-text' });
    expect(recorded).toMatchObject({ status: 'recorded' });
  });
});

describe('POST /v1/orders', () => {
  const order = (sku: string, units = 1) => ({
    channel: 'web',
    currency: 'EUR',
    lines: [
      { lineId: '1', sku, units, unitPriceMinor: 999 },
      { lineId: '2', sku: 'PLENTY', units: 1, unitPriceMinor: 1 },
    ],
  });

  it('answers 201 once stock is allocated', async () => {
    const response = await post('/v1/orders', order('PLENTY'));
    expect(response).toMatchObject({ status: 201, body: { status: 'placed' } });
    expect((await eventsOf(String(response.body.orderId))).map(({ type }) => type)).toEqual([
      'OrderSubmitted',
      'OrderPlaced',
    ]);
  });

  it('answers 409 with the numbers when stock is short, and again to a repeat', async () => {
    const key = { 'idempotency-key': `short-${orderNumber}` };
    const short = [{ sku: 'FEW', requested: 5, available: 2 }];
    const response = await post('/v1/orders', order('FEW', 5), key);
    expect(response).toMatchObject({ status: 409, body: { code: 'insufficient-stock', short } });
    expect(await post('/v1/orders', order('FEW', 5), key)).toEqual(response);
    const head = await store.head();
    const declined = await orderOf({ ...response, body: { ...response.body, position: head } });
    expect(declined).toMatchObject({ status: 'declined', phase: 'cancelled' });
  });

  it('answers 202 while it is undecided, and takes no changes until it is decided', async () => {
    const response = await post('/v1/orders', order('SLOW'));
    expect(response).toMatchObject({ status: 202, body: { status: 'submitted' } });
    const ship = { shipmentId: 'S', lines: [{ lineId: '1', units: 1 }] };
    const refused = await post(`${pathOf(String(response.body.orderId))}/shipments`, ship);
    expect(refused).toMatchObject({ status: 409, body: { code: 'order-not-placed' } });
  });

  it('is the same order for a repeat of which the first answer was lost', async () => {
    const key = { 'idempotency-key': `lost-${orderNumber}` };
    const first = await post('/v1/orders', order('PLENTY'), key);
    idempotency.forgetAll();
    const again = await post('/v1/orders', order('PLENTY'), key);
    expect(again).toMatchObject({ status: 201, body: { orderId: first.body.orderId, status: 'placed' } });
    expect(await eventsOf(String(first.body.orderId))).toHaveLength(2);
  });

  it.each<[string, object]>([
    ['an unknown field', { ...order('PLENTY'), coupon: 'X' }],
    ['no channel', { ...order('PLENTY'), channel: undefined }],
    ['an unknown currency', { ...order('PLENTY'), currency: 'ABC' }],
    ['no lines', { ...order('PLENTY'), lines: [] }],
    ['half a unit', order('PLENTY', 0.5)],
  ])('refuses %s', async (_, body) => {
    expect(await post('/v1/orders', body)).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
  });
});

describe('a command with If-Match', () => {
  const shipment = (shipmentId: string) => ({ shipmentId, lines: [{ lineId: '1', units: 1 }] });

  it('is carried out on the order its caller had read, and else answered with 412 and changes nothing', async () => {
    const recorded = await post('/v1/channel-sales', sale());
    await orderOf(recorded);
    const path = pathOf(orderIdOf(external));
    const etag = (await fetch(service.httpUrl + path)).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"0\.[\w-]{20,}"$/);
    const ship = (parcelId: string) => post(`${path}/shipments`, shipment(parcelId), { 'if-match': etag });
    const racing = await Promise.all(['first', 'second'].map(ship));
    expect(racing.map(({ status }) => status).toSorted()).toEqual([201, 412]);
    expect(racing.find(({ status }) => status === 412)?.body).toMatchObject({ code: 'revision-moved', revision: 1 });
    expect((await ship('third')).status).toBe(412);
    expect(await store.readStream(`order-${orderIdOf(external)}`)).toHaveLength(2);
    expect((await post(`${path}/shipments`, shipment('third'), { 'if-match': '"1"' })).status).toBe(201);
  });
});

describe('cancellations, shipments and returns', () => {
  const lines = (units: number) => [{ lineId: '1', units }];
  const path = (what: string) => `${pathOf(orderIdOf(external))}/${what}`;
  const giveBack = (units: number) => ({
    returnId: 'R',
    locationId: 'main',
    condition: 'available',
    lines: lines(units),
  });

  it('follows an order to its return and keeps the sums', async () => {
    await post('/v1/channel-sales', sale());
    const cancelled = await post(path('cancellations'), { lines: lines(1), reason: 'customer-request' });
    const shipped = await post(path('shipments'), { shipmentId: 'S', lines: lines(4) });
    const repeated = await post(path('shipments'), { shipmentId: 'S', lines: lines(4) });
    const returned = await post(path('returns'), giveBack(3));
    expect([cancelled, shipped, repeated, returned].map(({ status, body }) => [status, body.changed])).toEqual([
      [201, true],
      [201, true],
      [201, false],
      [201, true],
    ]);
    expect(await orderOf(returned)).toMatchObject({
      phase: 'partly-returned',
      totalMinor: 2_000,
      lines: [{ ordered: 5, cancelled: 1, shipped: 4, returned: 3 }],
    });
  });

  it('records when a fact happened', async () => {
    await post('/v1/channel-sales', sale());
    await post(path('shipments'), { shipmentId: 'S', lines: lines(1), occurredAt: '2026-03-02T10:00:00+01:00' });
    expect((await eventsOf(orderIdOf(external)))[1]?.metadata.occurredAt).toBe('2026-03-02T09:00:00.000Z');
  });

  it.each<[string, string, object, number, string]>([
    ['cancel more than is open', 'cancellations', { lines: lines(6), reason: 'mistake' }, 409, 'not-cancellable'],
    ['ship an unknown line', 'shipments', { shipmentId: 'S', lines: [{ lineId: '9', units: 1 }] }, 404, 'unknown-line'],
    [
      'cancel for a reason in prose',
      'cancellations',
      { lines: lines(1), reason: 'Ada changed her mind' },
      400,
      'invalid-request',
    ],
    ['ship half a unit', 'shipments', { shipmentId: 'S', lines: lines(0.5) }, 400, 'invalid-request'],
    ['ship without an id', 'shipments', { lines: lines(1) }, 400, 'invalid-request'],
    ['return in an unknown condition', 'returns', { ...giveBack(1), condition: 'wet' }, 400, 'invalid-request'],
  ])('refuses to %s', async (_, what, body, status, code) => {
    await post('/v1/channel-sales', sale());
    const before = await store.head();
    expect(await post(path(what), body)).toMatchObject({ status, body: { code } });
    expect(await store.head()).toBe(before);
  });

  it('knows no order that was never sold, where no SKU says what left', async () => {
    const refused = await post(path('shipments'), { shipmentId: 'S', lines: lines(1) });
    expect(refused).toMatchObject({ status: 404, body: { code: 'unknown-order' } });
  });

  it('takes a return once, however often it is posted', async () => {
    await post('/v1/channel-sales', sale());
    await post(path('shipments'), { shipmentId: 'S', lines: lines(4) });
    const first = await post(path('returns'), giveBack(2));
    const again = await post(path('returns'), giveBack(2));
    expect([first.body.changed, again.body.changed]).toEqual([true, false]);
    expect(await orderOf(again)).toMatchObject({ returnedUnits: 2 });
    expect(await post(path('returns'), giveBack(3))).toMatchObject({ status: 409, body: { code: 'return-differs' } });
  });

  it('records what left and came back of an order that no channel has sent, and the sale when it comes', async () => {
    const named = [{ lineId: '1', sku: 'MUG', units: 2 }];
    const shipped = await post(path('shipments'), { shipmentId: 'S', lines: named });
    expect(await orderOf(shipped)).toMatchObject({ status: 'unknown', channel: 'etsy', shippedUnits: 2 });
    const sold = await post('/v1/channel-sales', sale());
    expect(await orderOf(sold)).toMatchObject({
      status: 'placed',
      phase: 'partly-shipped',
      currency: 'EUR',
      lines: [{ ordered: 5, shipped: 2 }],
    });
  });
});

describe('what waits for a person', () => {
  const path = (what: string) => `${pathOf(orderIdOf(external))}/${what}`;
  const mugs = (units: number) => [{ lineId: '1', sku: 'MUG', units }];
  const ship = (units: number) => post(path('shipments'), { shipmentId: `S-${units}`, lines: mugs(units) });
  const giveBack = (units: number) =>
    post(path('returns'), { returnId: `R-${units}`, locationId: 'main', condition: 'available', lines: mugs(units) });
  /** The kinds of case that an order has. */
  const kindsAfter = async (answer: Answer): Promise<string[]> => {
    expect(answer.status).toBe(201);
    await caughtUp(answer);
    const open = await service.app.get(Exceptions, { strict: false }).list(undefined, undefined, 500);
    return open.filter(({ subject }) => subject === orderIdOf(external)).map(({ kind }) => kind);
  };

  it('is a parcel of a cancelled order, until it comes back', async () => {
    await post('/v1/channel-sales', sale());
    expect(await kindsAfter(await post('/v1/channel-sales', sale({ cancelled: true })))).toEqual([]);
    expect(await kindsAfter(await ship(2))).toEqual(['parcel-of-cancelled-order']);
    expect(await kindsAfter(await giveBack(1))).toEqual(['parcel-of-cancelled-order']);
    const [open] = await service.app.get(Exceptions, { strict: false }).list('parcel-of-cancelled-order', undefined, 1);
    expect(open).toMatchObject({ detail: expect.stringContaining(`${orderIdOf(external)}: 1 unit`) });
    const rest = { returnId: 'R-rest', locationId: 'main', condition: 'damaged', lines: mugs(1) };
    expect(await kindsAfter(await post(path('returns'), rest))).toEqual([]);
  });

  it('is a parcel of a cancelled order, until the channel takes the order up again', async () => {
    await post('/v1/channel-sales', sale());
    await post('/v1/channel-sales', sale({ revision: 2, cancelled: true }));
    expect(await kindsAfter(await ship(2))).toEqual(['parcel-of-cancelled-order']);
    const reopened = await post('/v1/channel-sales', sale({ revision: 3 }));
    expect(await kindsAfter(reopened)).toEqual(['order-reopened']);
    expect(await orderOf(reopened)).toMatchObject({ phase: 'partly-shipped', lines: [{ ordered: 5, cancelled: 0 }] });
    expect(await kindsAfter(await ship(3))).toEqual([]);
  });

  it('is more in a parcel than was ordered, until the channel orders it', async () => {
    await post('/v1/channel-sales', sale());
    expect(await kindsAfter(await ship(7))).toEqual(['parcel-beyond-order']);
    const lines = [{ lineId: '1', sku: 'MUG', units: 7, unitPriceMinor: 500 }];
    expect(await kindsAfter(await post('/v1/channel-sales', sale({ revision: 2, lines })))).toEqual([]);
  });

  it('is a return without a parcel, until the parcel is recorded', async () => {
    await post('/v1/channel-sales', sale());
    expect(await kindsAfter(await giveBack(2))).toEqual(['return-without-parcel']);
    expect(await kindsAfter(await ship(2))).toEqual([]);
  });

  it('is what moved of an order that was not sent, until it is sent', async () => {
    expect(await kindsAfter(await giveBack(2))).toEqual(['movement-of-unknown-order']);
    expect(await kindsAfter(await post('/v1/channel-sales', sale()))).toEqual(['return-without-parcel']);
  });

  it.each([
    ['1001-a', '#1001-a'],
    ['1002-a', '１００２-A'],
  ])('is an order number that looks like another, %s and %s, until one of them is cancelled', async (one, other) => {
    const open = async (answer: Answer): Promise<string[]> => {
      expect(answer.status).toBe(201);
      for (const view of ['orders', 'order-numbers'])
        await runners.projection(view).waitFor(Number(answer.body.position), 20_000);
      const cases = await service.app.get(Exceptions, { strict: false }).list('order-number-look-alike', undefined, 99);
      return cases.map(({ detail }) => detail).filter((detail) => detail.includes(other));
    };
    expect(await open(await post('/v1/channel-sales', sale({ externalOrderId: one })))).toEqual([]);
    await post('/v1/channel-sales', sale({ externalOrderId: other, channel: 'ebay' }));
    const twin = await post('/v1/channel-sales', sale({ externalOrderId: other }));
    expect(twin.body).toMatchObject({ status: 'recorded', orderId: orderIdOf(other) });
    expect(await open(twin)).toEqual([`Orders ${one} and ${other} of etsy have numbers that look alike.`]);
    expect(await open(await post('/v1/channel-sales', sale({ externalOrderId: other, cancelled: true })))).toEqual([]);
  });

  it('is money in another currency, until the channel states the order in its own', async () => {
    await post('/v1/channel-sales', sale());
    const other = sale({ revision: 2, currency: 'USD' });
    expect(await kindsAfter(await post('/v1/channel-sales', other))).toEqual(['currency-changed']);
    expect(await kindsAfter(await ship(1))).toEqual(['currency-changed']);
    expect(await kindsAfter(await post('/v1/channel-sales', sale({ revision: 3 })))).toEqual([]);
    const cancelled = sale({ revision: 4, currency: 'USD', cancelled: true });
    expect(await kindsAfter(await post('/v1/channel-sales', cancelled))).toEqual(['currency-changed']);
  });
});

describe('questions', () => {
  it('lists orders in pages, by channel and status', async () => {
    const channel = 'paged';
    const numbers = ['1', '2', '3'];
    const sales = numbers.map((number) => sale({ channel, externalOrderId: number }));
    await caughtUp(await post('/v1/channel-sales/bulk', { sales }));
    const first = await get(`/v1/orders?channel=${channel}&status=placed&limit=2`);
    expect(first.body.items).toMatchObject([{ externalId: '3' }, { externalId: '2' }]);
    const rest = await get(
      `/v1/orders?channel=${channel}&status=placed&limit=2&cursor=${String(first.body.nextCursor)}`,
    );
    expect(rest.body).toEqual({ items: [expect.objectContaining({ externalId: '1' })] });
  });

  it('tells what was sold per day, in pages', async () => {
    const channel = 'daily';
    const days = ['2026-04-01', '2026-04-02', '2026-04-03'];
    const sales = days.map((day) => sale({ channel, externalOrderId: day, placedAt: `${day}T12:00:00Z` }));
    await caughtUp(await post('/v1/channel-sales/bulk', { sales }));
    const first = await get(`/v1/sales/daily?channel=${channel}&from=2026-04-02&limit=1`);
    expect(first.body.items).toEqual([
      {
        channel,
        day: '2026-04-02',
        currency: 'EUR',
        orders: 1,
        units: 5,
        revenueMinor: 2_500,
        chargesMinor: 0,
        cancelledUnits: 0,
        returnedUnits: 0,
      },
    ]);
    const rest = await get(
      `/v1/sales/daily?channel=${channel}&from=2026-04-02&limit=1&cursor=${String(first.body.nextCursor)}`,
    );
    expect(rest.body).toEqual({ items: [expect.objectContaining({ day: '2026-04-03' })] });
  });

  it.each([
    ['/v1/orders?colour=red', 400, 'invalid-request'],
    ['/v1/orders?status=lost', 400, 'invalid-request'],
    ['/v1/orders?limit=501', 400, 'invalid-request'],
    ['/v1/orders?cursor=nonsense', 400, 'invalid-request'],
    ['/v1/sales/daily?from=yesterday', 400, 'invalid-request'],
    ['/v1/orders/unknown', 404, 'unknown-order'],
  ])('answers %s with %i %s', async (path, status, code) => {
    expect(await get(path)).toMatchObject({ status, body: { code } });
  });
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${service.httpUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return answerOf(response);
}

const get = async (path: string): Promise<Answer> => answerOf(await fetch(`${service.httpUrl}${path}`));

async function answerOf(response: Response): Promise<Answer> {
  const { correlationId: _, ...body } = (await response.json()) as Record<string, unknown>;
  return { status: response.status, body };
}

const caughtUp = ({ body }: Answer): Promise<void> =>
  runners.projection('orders').waitFor(Number(body.position), 20_000);

/** The order an answer speaks of, as its view shows it once it has caught up with the answer. */
async function orderOf(answer: Answer): Promise<Answer['body']> {
  await caughtUp(answer);
  return (await get(pathOf(String(answer.body.orderId)))).body;
}

const eventsOf = async (orderId: string) => (await store.readStream(`order-${orderId}`)) as RecordedEvent<OrderEvent>[];

/** Forgets on demand, as a restart of the process would. */
class ForgetfulStore extends MemoryIdempotencyStore {
  private generation = 0;

  forgetAll(): void {
    this.generation += 1;
  }

  override begin(id: string, fingerprint: string) {
    return super.begin(`${this.generation}/${id}`, fingerprint);
  }

  override complete(id: string, answer: Parameters<MemoryIdempotencyStore['complete']>[1]) {
    return super.complete(`${this.generation}/${id}`, answer);
  }
}

const idempotency = new ForgetfulStore();

const rootModule = (): DynamicModule => ({
  module: Root,
  imports: [CoreModule.over({ store, readModels, runners, clock: systemClock }, idempotency), OrdersModule],
});

@Module({})
class Root {}

/** Inventory as far as orders see it: PLENTY is there, of FEW there are two, and SLOW gets no answer. */
async function answerOrders(signal: AbortSignal): Promise<void> {
  for await (const { events } of store.subscribe({ after: 0, filter: { types: ['OrderSubmitted'] }, signal })) {
    for (const event of events as readonly RecordedEvent<Extract<OrderEvent, { type: 'OrderSubmitted' }>>[]) {
      if (event.data.lines.every(({ sku }) => sku !== 'SLOW')) await answer(event);
    }
  }
}

async function answer({
  id,
  data,
  metadata,
}: RecordedEvent<Extract<OrderEvent, { type: 'OrderSubmitted' }>>): Promise<void> {
  const { orderId, channel, lines } = data;
  const isShort = lines.some(({ sku, units }) => units > availableOf(sku));
  const events = lines.map(({ lineId, sku, units }): StockEvent & { sku: string } =>
    isShort
      ? {
          sku,
          type: 'StockAllocationDeclined',
          data: { orderId, channel, requested: units, available: availableOf(sku) },
        }
      : {
          sku,
          type: 'StockAllocated',
          data: { orderId, lineId, channel, as: 'request', from: [{ locationId: 'main', units }] },
        },
  );
  for (const [index, { sku, type, data: stockData }] of events.entries()) {
    await store.append([
      {
        stream: `stock-${sku}`,
        expected: 'any',
        events: [{ id: idFrom(`${id}/${index}`), type, data: stockData, metadata }],
      },
    ]);
  }
}

const availableOf = (sku: string): number => (sku === 'FEW' ? 2 : 1_000);
