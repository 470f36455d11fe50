import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openShop } from '../contract/shop.js';
import { GrpcClient } from './support/grpc-client.js';
import { Installation, type RunningSystem } from './support/installation.js';

const CATALOG = 'einklang.catalog.v1.Catalog';
const CUSTOMERS = 'einklang.customers.v1.Customers';
const ORDERS = 'einklang.orders.v1.Orders';
const SKU = '85123A';

let installation: Installation;
let system: RunningSystem;
let grpc: GrpcClient;

beforeAll(async () => {
  installation = await Installation.create();
  system = await installation.start();
  grpc = new GrpcClient(system.grpcPort);
  await openShop(system.api);
});
afterAll(async () => {
  grpc?.close();
  await installation?.remove();
});

const cart = (units: number) => ({
  channel: 'web-shop',
  currency: 'EUR',
  lines: [{ lineId: '1', sku: SKU, units, unitPriceMinor: 1_299 }],
});
const sale = (number: number, more: object = {}) => ({
  channel: 'etsy',
  externalOrderId: `g-${number}`,
  placedAt: new Date().toISOString(),
  currency: 'EUR',
  lines: [{ lineId: '1', sku: SKU, units: 1, unitPriceMinor: 1_000 }],
  ...more,
});
const refusalOf = (path: string, message: object, headers = {}) => grpc.refusal(grpc.call(path, message, headers));

describe('orders over gRPC', () => {
  it('submits an order once however often the same call comes, and gives it as it stands', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await grpc.call(`${ORDERS}/Submit`, cart(2), headers);
    expect(first).toMatchObject({ status: 'placed', orderId: expect.any(String), position: expect.any(Number) });
    expect(await grpc.call(`${ORDERS}/Submit`, cart(2), headers)).toMatchObject({ orderId: first.orderId });
    await system.api.settled();
    expect(await grpc.call(`${ORDERS}/Get`, { orderId: first.orderId })).toMatchObject({
      orderId: first.orderId,
      externalId: '',
      status: 'placed',
      totalMinor: 2_598,
      lines: [{ lineId: '1', sku: SKU, ordered: 2, shipped: 0 }],
    });
    expect(await refusalOf(`${ORDERS}/Submit`, cart(3), headers)).toEqual({
      status: status.ALREADY_EXISTS,
      code: 'idempotency-key-reused',
    });
  });

  it.each([
    ['Submit', cart(0), status.INVALID_ARGUMENT, 'invalid-request'],
    ['Submit', { ...cart(1), lines: [] }, status.INVALID_ARGUMENT, 'invalid-request'],
    ['Submit', cart(900_000_000), status.FAILED_PRECONDITION, 'insufficient-stock'],
    ['Get', { orderId: 'nothing' }, status.NOT_FOUND, 'unknown-order'],
    ['Get', {}, status.INVALID_ARGUMENT, 'invalid-request'],
  ])('refuses %s of %j', async (method, message, expected, code) => {
    expect(await refusalOf(`${ORDERS}/${method}`, message)).toEqual({ status: expected, code });
  });

  it('records a stream of sales, says what became of them, and changes nothing when all come again', async () => {
    const sales = Array.from({ length: 1_000 }, (_, number) => sale(number));
    const wrong = sale(1_000, { lines: [] });
    const headers = { 'idempotency-key': randomUUID() };
    const first = await grpc.send(`${ORDERS}/RecordSales`, [...sales, wrong, { channel: 'etsy' }], headers);
    expect(first).toMatchObject({ sales: 1_002, results: { recorded: 1_000 }, refused: 2 });
    expect(first.refusals).toMatchObject([
      { index: 1_000, code: 'nothing-sold' },
      { index: 1_001, code: 'invalid-request' },
    ]);
    const head = await system.api.settled();
    expect(head).toBeGreaterThanOrEqual(Number(first.position));
    const again = await grpc.send(`${ORDERS}/RecordSales`, sales, headers);
    expect(again).toMatchObject({ sales: 1_000, results: { repeated: 1_000 }, refused: 0 });
    expect(await system.api.settled()).toBe(head);
    expect(await grpc.call(`${ORDERS}/Get`, { orderId: 'etsy.g-999' })).toMatchObject({
      externalId: 'g-999',
      units: 1,
    });
  });

  it('takes another sale in the place of one, under the same key, as a sale of its own', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const results = async (number: number) =>
      (await grpc.send(`${ORDERS}/RecordSales`, [sale(number)], headers)).results;
    expect(await results(2_000)).toEqual({ recorded: 1 });
    expect(await results(2_001)).toEqual({ recorded: 1 });
    expect(await results(2_000)).toEqual({ repeated: 1 });
  });

  it('watches what happens to orders, from a position on and live', async () => {
    const after = await system.api.head();
    const seen = grpc.firstOf(`${ORDERS}/Watch`, { afterPosition: after }, 2);
    await grpc.send(`${ORDERS}/RecordSales`, [sale(3_000), sale(3_001)]);
    const changes = await seen;
    expect(changes).toMatchObject([
      { orderId: 'etsy.g-3000', type: 'SaleRecorded', revision: 0 },
      { orderId: 'etsy.g-3001', type: 'SaleRecorded' },
    ]);
    const [first, second] = changes.map(({ position }) => Number(position));
    expect(first).toBeGreaterThan(after);
    expect(await grpc.firstOf(`${ORDERS}/Watch`, { afterPosition: first }, 1)).toMatchObject([{ position: second }]);
  });

  it('refuses to watch from where the log does not reach, and ends a watch at its deadline', async () => {
    const beyond = grpc.firstOf(`${ORDERS}/Watch`, { afterPosition: Number.MAX_SAFE_INTEGER }, 1);
    expect(await grpc.refusal(beyond)).toEqual({ status: status.OUT_OF_RANGE, code: 'position-not-reached' });
    const after = await system.api.settled();
    const late = grpc.firstOf(`${ORDERS}/Watch`, { afterPosition: after }, 1, { deadline: Date.now() + 200 });
    expect(await grpc.refusal(late)).toMatchObject({ status: status.DEADLINE_EXCEEDED });
  });
});

describe('the catalogue over gRPC', () => {
  it('gives a variant with prices, listings and attributes of every type', async () => {
    await system.api.put(`/v1/variants/${SKU}`, {
      title: 'Red mug, 300 ml',
      attributes: { colour: 'red', volumeMl: 300, dishwasher: true },
    });
    await system.api.settled();
    const variant = await grpc.call(`${CATALOG}/GetVariant`, { sku: SKU });
    expect(variant).toMatchObject({
      sku: SKU,
      productId: 'MUG',
      prices: [{ channel: 'web-shop', currency: 'EUR', amountMinor: 1_299 }],
      listings: [{ channel: 'etsy', externalId: 'B0ABC12345' }],
    });
    expect(variant.attributes).toEqual(
      expect.arrayContaining([
        { name: 'colour', text: 'red', value: 'text' },
        { name: 'volumeMl', number: 300, value: 'number' },
        { name: 'dishwasher', flag: true, value: 'flag' },
      ]),
    );
  });

  it('lists variants page by page', async () => {
    await system.api.post('/v1/catalog/import', {
      rows: ['MUG-B', 'MUG-G'].map((sku) => ({ productId: 'MUG', productTitle: 'Red mug', sku, title: sku })),
    });
    await system.api.settled();
    const first = await grpc.call(`${CATALOG}/ListVariants`, { productId: 'MUG', limit: 2 });
    expect(first).toMatchObject({ items: [{ sku: SKU }, { sku: 'MUG-B' }], nextCursor: expect.stringMatching(/./) });
    const next = { productId: 'MUG', limit: 2, cursor: first.nextCursor };
    expect(await grpc.call(`${CATALOG}/ListVariants`, next)).toMatchObject({
      items: [{ sku: 'MUG-G' }],
      nextCursor: '',
    });
    expect(await grpc.call(`${CATALOG}/ListVariants`, {})).toMatchObject({ items: expect.any(Array) });
  });

  it('sets a price once, and tells those who watch it', async () => {
    const after = await system.api.head();
    const seen = grpc.firstOf(`${CATALOG}/WatchPrices`, { afterPosition: after, skus: [SKU] }, 1);
    const headers = { 'idempotency-key': randomUUID() };
    const price = { sku: SKU, channel: 'web-shop', currency: 'EUR', amountMinor: 1_499 };
    await grpc.call(`${CATALOG}/SetPrice`, { ...price, sku: 'MUG-B' });
    expect(await grpc.call(`${CATALOG}/SetPrice`, price, headers)).toMatchObject({ changed: true });
    expect(await grpc.call(`${CATALOG}/SetPrice`, price, headers)).toMatchObject({ changed: false });
    expect(await seen).toMatchObject([price]);
  });

  it.each([
    ['GetVariant', { sku: 'NOTHING' }, status.NOT_FOUND, 'unknown-sku'],
    ['GetVariant', {}, status.INVALID_ARGUMENT, 'invalid-request'],
    ['ListVariants', { limit: 501 }, status.INVALID_ARGUMENT, 'invalid-request'],
    ['SetPrice', { sku: 'NOTHING', channel: 'etsy', currency: 'EUR' }, status.NOT_FOUND, 'unknown-sku'],
    [
      'SetPrice',
      { sku: SKU, channel: 'etsy', currency: 'EUR', amountMinor: -1 },
      status.INVALID_ARGUMENT,
      'invalid-request',
    ],
  ])('refuses %s of %j', async (method, message, expected, code) => {
    expect(await refusalOf(`${CATALOG}/${method}`, message)).toEqual({ status: expected, code });
  });
});

describe('customers over gRPC', () => {
  it('finds a person by an address, and says nothing of who it is', async () => {
    await system.api.settled();
    const profile = await grpc.call(`${CUSTOMERS}/LookUp`, { email: 'Buyer@example.org' });
    expect(profile).toMatchObject({
      orders: 1,
      channels: [{ channel: 'etsy', orders: 1 }],
      identities: [{ kind: 'email' }],
    });
    expect(JSON.stringify(profile).toLowerCase()).not.toContain('buyer@');
    expect(await grpc.call(`${CUSTOMERS}/GetProfile`, { profileId: profile.profileId })).toEqual(profile);
  });

  it.each([
    ['LookUp', { email: 'other@example.org' }, status.NOT_FOUND, 'unknown-profile'],
    ['LookUp', {}, status.INVALID_ARGUMENT, 'invalid-request'],
    ['LookUp', { email: 'a@example.org', phone: '+49 30 1234567' }, status.INVALID_ARGUMENT, 'invalid-request'],
    ['LookUp', { channel: 'etsy', channelCustomerId: 'account-9' }, status.NOT_FOUND, 'unknown-profile'],
    ['GetProfile', { profileId: randomUUID() }, status.NOT_FOUND, 'unknown-profile'],
    ['GetProfile', { profileId: 'nothing' }, status.INVALID_ARGUMENT, 'invalid-request'],
  ])('refuses %s of %j', async (method, message, expected, code) => {
    expect(await refusalOf(`${CUSTOMERS}/${method}`, message)).toEqual({ status: expected, code });
  });
});
