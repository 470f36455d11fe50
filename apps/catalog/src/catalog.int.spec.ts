import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type DynamicModule, Module } from '@nestjs/common';
import { eventRegistry } from '#contracts';
import { type EventStore, withRegistry } from '#event-sourcing';
import { systemClock } from '#kernel';
import { CoreModule, type RunningService, startService } from '#platform/host';
import { openReadModels, type ReadModels, Runners } from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { CatalogModule } from './catalog.module.js';

let database: TestDatabase;
let readModels: ReadModels;
let store: EventStore;
let runners: Runners;
let service: RunningService;

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
});
afterAll(async () => {
  await service.stop();
  await runners.stop();
  await readModels.close();
  await store.close();
  await database.drop();
});

let number = 0;
/** Of a product with one variant, fresh for each spec. The SKU needs percent-encoding. */
let productId: string;
let sku: string;
let variantPath: string;
beforeEach(async () => {
  number += 1;
  productId = `P${number}`;
  sku = `MUG/${number} ü`;
  variantPath = `/v1/variants/${encodeURIComponent(sku)}`;
  await call('POST', '/v1/products', { productId, title: 'Mug' });
  await call('POST', `/v1/products/${productId}/variants`, variant());
});

const variant = (changes: object = {}) => ({
  sku,
  title: 'Red mug',
  attributes: { colour: 'red', volumeMl: 300 },
  ...changes,
});
const price = (changes: object = {}) => ({ currency: 'EUR', amountMinor: 1_299, ...changes });
const ext = (name: string) => `${name}-${number}`;

describe('products and variants', () => {
  it('are created, described and shown', async () => {
    await call('PUT', `/v1/products/${productId}`, { title: 'Mugs', brand: 'Acme', description: 'Hold\ntea' });
    await call('PUT', variantPath, { title: 'Red mug, 300 ml', attributes: { colour: 'red', boxed: false } });
    await call('PUT', `${variantPath}/prices/etsy`, price());
    await caughtUp(await call('PUT', `${variantPath}/listings/etsy`, { externalId: ext('A') }));
    expect(await call('GET', `/v1/products/${productId}`)).toEqual({
      status: 200,
      body: { productId, title: 'Mugs', brand: 'Acme', description: 'Hold\ntea', revision: 1, variantCount: 1 },
    });
    expect(await call('GET', variantPath)).toEqual({
      status: 200,
      body: {
        sku,
        productId,
        title: 'Red mug, 300 ml',
        attributes: { colour: 'red', boxed: false },
        prices: [{ channel: 'etsy', currency: 'EUR', amountMinor: 1_299 }],
        listings: [{ channel: 'etsy', externalId: ext('A') }],
        revision: 3,
      },
    });
  });

  it('change nothing when repeated', async () => {
    await call('PUT', `${variantPath}/prices/etsy`, price());
    await call('PUT', `${variantPath}/listings/etsy`, { externalId: ext('A') });
    const before = await store.head();
    const answers = [
      await call('POST', '/v1/products', { productId, title: 'Mug' }),
      await call('PUT', `/v1/products/${productId}`, { title: 'Mug' }),
      await call('POST', `/v1/products/${productId}/variants`, variant()),
      await call('PUT', variantPath, { title: 'Red mug', attributes: { volumeMl: 300, colour: 'red' } }),
      await call('PUT', `${variantPath}/prices/etsy`, price()),
      await call('PUT', `${variantPath}/listings/etsy`, { externalId: ext('A') }),
      await call('DELETE', `${variantPath}/listings/ebay`),
    ];
    for (const { status, body } of answers) {
      expect(status).toBeLessThan(300);
      expect(body.changed).toBe(false);
    }
    expect(await store.head()).toBe(before);
  });

  it('gives a product an id when it comes without, the same for a repeat', async () => {
    const key = { 'idempotency-key': `product-${number}` };
    const first = await call('POST', '/v1/products', { title: 'Nameless' }, key);
    expect(first).toMatchObject({ status: 201, body: { changed: true } });
    expect(await call('POST', '/v1/products', { title: 'Nameless' }, key)).toEqual(first);
  });
});

describe('listings', () => {
  const listings = (name = 'A') => call('GET', `/v1/listings?channel=etsy&externalId=${ext(name)}`);
  const cup = () => `CUP-${number}`;
  beforeEach(async () => {
    await call('POST', `/v1/products/${productId}/variants`, variant({ sku: cup() }));
    await call('PUT', `${variantPath}/listings/etsy`, { externalId: ext('A') });
  });

  it('refuse an external id that stands for another SKU, and say which', async () => {
    const before = await store.head();
    expect(await call('PUT', `/v1/variants/${cup()}/listings/etsy`, { externalId: ext('A') })).toMatchObject({
      status: 409,
      body: { code: 'external-id-taken', sku },
    });
    expect(await store.head()).toBe(before);
  });

  it('give an external id back when they end', async () => {
    await call('DELETE', `${variantPath}/listings/etsy`);
    const listed = await call('PUT', `/v1/variants/${cup()}/listings/etsy`, { externalId: ext('A') });
    await caughtUp(listed);
    expect(await listings()).toMatchObject({ status: 200, body: { items: [{ sku: cup(), externalId: ext('A') }] } });
  });

  it('give an external id back when they are replaced', async () => {
    await caughtUp(await call('PUT', `${variantPath}/listings/etsy`, { externalId: ext('B'), replaces: ext('A') }));
    expect((await listings()).body).toMatchObject({ items: [] });
    expect((await listings('B')).body).toMatchObject({ items: [{ sku }] });
    expect((await call('GET', `/v1/listings?sku=${encodeURIComponent(sku)}`)).body).toMatchObject({
      items: [{ channel: 'etsy', externalId: ext('B') }],
    });
    expect(await call('PUT', `/v1/variants/${cup()}/listings/etsy`, { externalId: ext('A') })).toMatchObject({
      status: 200,
    });
  });

  it('of a SKU on one channel stand beside each other, and end one by one or all', async () => {
    const ofSku = async () =>
      ((await call('GET', `/v1/listings?sku=${encodeURIComponent(sku)}`)).body.items as { externalId: string }[]).map(
        ({ externalId }) => externalId,
      );
    for (const name of ['B', 'C'])
      await caughtUp(await call('PUT', `${variantPath}/listings/etsy`, { externalId: ext(name) }));
    expect(await ofSku()).toEqual([ext('A'), ext('B'), ext('C')]);
    await caughtUp(await call('DELETE', `${variantPath}/listings/etsy?externalId=${ext('B')}`));
    expect(await ofSku()).toEqual([ext('A'), ext('C')]);
    await caughtUp(await call('DELETE', `${variantPath}/listings/etsy`));
    expect(await ofSku()).toEqual([]);
    for (const name of ['A', 'B', 'C'])
      expect(await call('PUT', `/v1/variants/${cup()}/listings/etsy`, { externalId: ext(name) })).toMatchObject({
        body: { changed: true },
      });
  });

  it('are stored together with their claims', async () => {
    const events = (await store.readAll({ after: 0, limit: 100_000 })).events.filter(
      ({ data }) => 'externalId' in data && data.externalId === ext('A'),
    );
    expect(events.map(({ stream, type }) => [stream, type])).toEqual([
      [`externalid-etsy.${ext('A')}`, 'ExternalIdClaimed'],
      [`variant-${sku}`, 'ListingCreated'],
    ]);
    expect(events[1]?.position).toBe((events[0]?.position ?? 0) + 1);
  });
});

describe('a command with If-Match', () => {
  const etagOf = async (path: string) => (await fetch(service.httpUrl + path)).headers.get('etag') ?? '';

  it('is carried out on the variant its caller had read, and else answered with 412 and changes nothing', async () => {
    await caughtUp(await call('PUT', `${variantPath}/prices/etsy`, price()));
    const etag = await etagOf(variantPath);
    expect(etag).toMatch(/^"1\.[\w-]{20,}"$/);
    const list = (name: string, ifMatch: string) =>
      call('PUT', `${variantPath}/listings/etsy`, { externalId: ext(name) }, { 'if-match': ifMatch });
    const racing = await Promise.all([list('A', etag), list('B', etag)]);
    expect(racing.map(({ status }) => status).toSorted()).toEqual([200, 412]);
    const lost = racing[0]?.status === 412 ? 'A' : 'B';
    const late = await call('PUT', `${variantPath}/prices/etsy`, price({ amountMinor: 1 }), { 'if-match': etag });
    expect(late).toMatchObject({ status: 412, body: { code: 'revision-moved', revision: 2 } });
    expect(await call('DELETE', `${variantPath}/listings/etsy`, undefined, { 'if-match': etag })).toMatchObject({
      status: 412,
    });
    expect(await store.readStream(`externalid-etsy.${ext(lost)}`)).toEqual([]);
    expect(await store.readStream(`variant-${sku}`)).toHaveLength(3);
    expect((await list(lost, '"2"')).status).toBe(200);
  });

  it('is carried out on the product its caller had read', async () => {
    const described = await call('PUT', `/v1/products/${productId}`, { title: 'Mugs' }, { 'if-match': '"0"' });
    expect(described.status).toBe(200);
    await caughtUp(described);
    const etag = await etagOf(`/v1/products/${productId}`);
    expect(etag).toMatch(/^"1\./);
    const add = (ifMatch: string) =>
      call('POST', `/v1/products/${productId}/variants`, variant({ sku: ext('SKU') }), { 'if-match': ifMatch });
    expect((await add('"0"')).status).toBe(412);
    expect((await add(etag)).status).toBe(201);
    expect((await call('PUT', `/v1/products/${productId}`, { title: 'Cups' }, { 'if-match': '"0"' })).status).toBe(412);
  });
});

describe('importing', () => {
  const row = (changes: object = {}) => ({
    productId,
    productTitle: 'Mug',
    sku: `NEW-${number}`,
    title: 'Blue mug',
    attributes: { colour: 'blue' },
    prices: [{ channel: 'etsy', currency: 'EUR', amountMinor: 999 }],
    listings: [
      { channel: 'etsy', externalId: ext('N') },
      { channel: 'ebay', externalId: ext('N') },
    ],
    ...changes,
  });
  const importRows = async (...rows: unknown[]) => call('POST', '/v1/catalog/import', { rows });
  const statusesOf = ({ body }: Answer) =>
    (body.results as { status?: string; problem?: { code: string } }[]).map(
      ({ status, problem }) => status ?? problem?.code,
    );

  it('creates, updates, and changes nothing twice', async () => {
    const first = await importRows(row({ productId: `${productId}-new` }));
    expect(statusesOf(first)).toEqual(['created']);
    const before = await store.head();
    expect(statusesOf(await importRows(row({ productId: `${productId}-new` })))).toEqual(['unchanged']);
    expect(await store.head()).toBe(before);
    const changed = row({
      productId: `${productId}-new`,
      listings: [{ channel: 'ebay', externalId: ext('M'), replaces: ext('N') }],
      prices: [],
    });
    const updated = await importRows(changed);
    expect(statusesOf(updated)).toEqual(['updated']);
    await caughtUp(updated);
    expect((await call('GET', `/v1/variants/NEW-${number}`)).body).toMatchObject({
      prices: [{ channel: 'etsy', amountMinor: 999 }],
      listings: [
        { channel: 'ebay', externalId: ext('M') },
        { channel: 'etsy', externalId: ext('N') },
      ],
    });
    expect((await call('GET', `/v1/listings?channel=ebay&externalId=${ext('N')}`)).body).toEqual({ items: [] });
  });

  it('sets a value again that was set before another', async () => {
    const costs = (amountMinor: number) => row({ prices: [{ channel: 'etsy', currency: 'EUR', amountMinor }] });
    const answers = [await importRows(costs(1)), await importRows(costs(2)), await importRows(costs(1))];
    expect(answers.flatMap(statusesOf)).toEqual(['created', 'updated', 'updated']);
  });

  it('takes rows of one SKU in their order, so that the later one holds', async () => {
    const moved = (from: string, to: string, title: string) =>
      row({ title, listings: [{ channel: 'etsy', externalId: ext(to), replaces: ext(from) }] });
    const answer = await importRows(
      row(),
      moved('N', 'M', 'Blue mug, 300 ml'),
      row({ sku, title: 'Red mug', productId, listings: [] }),
      moved('M', 'O', 'Blue mug, 400 ml'),
    );
    expect(statusesOf(answer)).toEqual(['created', 'updated', 'updated', 'updated']);
    await caughtUp(answer);
    expect((await call('GET', `/v1/variants/NEW-${number}`)).body).toMatchObject({
      title: 'Blue mug, 400 ml',
      listings: [
        { channel: 'ebay', externalId: ext('N') },
        { channel: 'etsy', externalId: ext('O') },
      ],
    });
  });

  it('takes a row whole or not at all, and the others all the same', async () => {
    const before = await store.head();
    const answer = await importRows(
      row({
        productId: `${productId}-bad`,
        listings: [
          { channel: 'etsy', externalId: ext('T') },
          { channel: 'ebay', externalId: ext('T') },
        ],
      }),
      row({
        productId: `${productId}-other`,
        sku: `LATE-${number}`,
        listings: [
          { channel: 'shop', externalId: ext('L') },
          { channel: 'ebay', externalId: ext('T') },
        ],
      }),
      row({ sku, productId: `${productId}-other` }),
    );
    expect(statusesOf(answer)).toEqual(['created', 'external-id-taken', 'sku-taken']);
    const events = (await store.readAll({ after: before, limit: 1_000 })).events;
    expect(new Set(events.map(({ stream }) => stream))).toEqual(
      new Set([
        `variant-NEW-${number}`,
        `product-${productId}-bad`,
        `externalid-etsy.${ext('T')}`,
        `externalid-ebay.${ext('T')}`,
      ]),
    );
    expect(
      (await importRows(row({ sku: `LATE-${number}`, listings: [{ channel: 'shop', externalId: ext('L') }] }))).body,
    ).toMatchObject({
      results: [{ status: 'created' }],
    });
  });

  it.each<[string, unknown]>([
    ['no object', 7],
    ['an unknown field', { colour: 'red' }],
    ['no SKU', { sku: undefined }],
    ['a SKU with a control character', { sku: 'A\u0000' }],
    ['no title', { title: ' ' }],
    ['a title of two lines', { title: 'Red\nmug' }],
    ['a title that is no Unicode', { title: '\ud800' }],
    ['a negative price', { prices: [{ channel: 'etsy', currency: 'EUR', amountMinor: -1 }] }],
    ['half a cent', { prices: [{ channel: 'etsy', currency: 'EUR', amountMinor: 0.5 }] }],
    ['an unknown currency', { prices: [{ channel: 'etsy', currency: 'EUX', amountMinor: 1 }] }],
    [
      'two prices on a channel',
      { prices: [1, 2].map((amountMinor) => ({ channel: 'etsy', currency: 'EUR', amountMinor })) },
    ],
    ['a listing twice', { listings: ['A', 'A'].map((externalId) => ({ channel: 'etsy', externalId })) }],
    ['a channel with capitals', { listings: [{ channel: 'Etsy', externalId: 'A' }] }],
    ['an external id of two lines', { listings: [{ channel: 'etsy', externalId: 'A\nB' }] }],
    ['an attribute that is a list', { attributes: { colours: ['red'] } }],
    ['an attribute with a fraction', { attributes: { litres: 0.3 } }],
    ['101 attributes', { attributes: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`a${index}`, 1])) }],
  ])('refuses a row with %s, and no other', async (_, changes) => {
    const bad = typeof changes === 'object' ? row({ ...changes }) : changes;
    const before = await store.head();
    expect(statusesOf(await importRows(bad))).toEqual(['invalid-request']);
    expect(await store.head()).toBe(before);
    expect(statusesOf(await importRows(bad, row()))).toEqual(['invalid-request', 'created']);
  });

  it('says where a row is wrong', async () => {
    const { body } = await importRows(row({ prices: [{ channel: 'etsy', currency: 'EUR', amountMinor: -1 }] }));
    expect(body).toMatchObject({
      results: [
        { problem: { status: 400, errors: [{ pointer: '#/prices/0/amountMinor', message: 'A price is 0 or more.' }] } },
      ],
    });
  });

  it.each<[string, object]>([
    ['no rows', { rows: [] }],
    ['1,001 rows', { rows: Array.from({ length: 1_001 }, () => ({})) }],
    ['an unknown field', { rows: [{}], dryRun: true }],
    ['rows that are no list', { rows: {} }],
  ])('refuses %s', async (_, body) => {
    expect(await call('POST', '/v1/catalog/import', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid-request' },
    });
  });

  it('takes 1,000 rows at once, of one product and of many', async () => {
    const rows = Array.from({ length: 1_000 }, (_, index) =>
      row({
        productId: index % 2 === 0 ? productId : `${productId}-${index}`,
        sku: `BULK-${number}-${index}`,
        listings: [{ channel: 'etsy', externalId: ext(`bulk-${index}`) }],
      }),
    );
    const answer = await importRows(...rows);
    expect(new Set(statusesOf(answer))).toEqual(new Set(['created']));
    await caughtUp(answer);
    expect((await call('GET', `/v1/products/${productId}`)).body).toMatchObject({ variantCount: 501 });
  });
});

describe('what is refused', () => {
  const unknown = '/v1/variants/NO-SUCH-SKU';
  it.each<[string, string, () => string, object | undefined, number, string]>([
    [
      'a variant of an unknown product',
      'POST',
      () => '/v1/products/NO-SUCH/variants',
      { sku: 'X', title: 'X' },
      404,
      'unknown-product',
    ],
    ['describing an unknown product', 'PUT', () => '/v1/products/NO-SUCH', { title: 'X' }, 404, 'unknown-product'],
    ['describing an unknown SKU', 'PUT', () => unknown, { title: 'X' }, 404, 'unknown-sku'],
    ['pricing an unknown SKU', 'PUT', () => `${unknown}/prices/etsy`, price(), 404, 'unknown-sku'],
    ['listing an unknown SKU', 'PUT', () => `${unknown}/listings/etsy`, { externalId: 'A' }, 404, 'unknown-sku'],
    ['ending a listing of an unknown SKU', 'DELETE', () => `${unknown}/listings/etsy`, undefined, 404, 'unknown-sku'],
    [
      'another product under a known id',
      'POST',
      () => '/v1/products',
      { productId: 'P1', title: 'Other' },
      409,
      'product-exists',
    ],
    ['a product without a title', 'POST', () => '/v1/products', {}, 400, 'invalid-request'],
    [
      'an unknown field of a product',
      'POST',
      () => '/v1/products',
      { title: 'X', colour: 'red' },
      400,
      'invalid-request',
    ],
    ['a title of 257 characters', 'POST', () => '/v1/products', { title: 'x'.repeat(257) }, 400, 'invalid-request'],
    ['a negative price', 'PUT', () => `${variantPath}/prices/etsy`, price({ amountMinor: -1 }), 400, 'invalid-request'],
    [
      'a price of 2^53',
      'PUT',
      () => `${variantPath}/prices/etsy`,
      price({ amountMinor: 2 ** 53 }),
      400,
      'invalid-request',
    ],
    ['a price as text', 'PUT', () => `${variantPath}/prices/etsy`, price({ amountMinor: '1' }), 400, 'invalid-request'],
    [
      'an unknown currency',
      'PUT',
      () => `${variantPath}/prices/etsy`,
      price({ currency: 'EUX' }),
      400,
      'invalid-request',
    ],
    [
      'a currency in small letters',
      'PUT',
      () => `${variantPath}/prices/etsy`,
      price({ currency: 'eur' }),
      400,
      'invalid-request',
    ],
    ['a channel with capitals', 'PUT', () => `${variantPath}/prices/Etsy`, price(), 400, 'invalid-request'],
    ['an empty external id', 'PUT', () => `${variantPath}/listings/etsy`, { externalId: '' }, 400, 'invalid-request'],
    [
      'an external id of 129 characters',
      'PUT',
      () => `${variantPath}/listings/etsy`,
      { externalId: 'x'.repeat(129) },
      400,
      'invalid-request',
    ],
    [
      'an unknown field of a listing',
      'PUT',
      () => `${variantPath}/listings/etsy`,
      { externalId: 'A', price: 1 },
      400,
      'invalid-request',
    ],
    ['a variant that was not added', 'GET', () => unknown, undefined, 404, 'unknown-sku'],
    ['a product that was not created', 'GET', () => '/v1/products/NO-SUCH', undefined, 404, 'unknown-product'],
    ['a page of 501', 'GET', () => '/v1/variants?limit=501', undefined, 400, 'invalid-request'],
    ['a cursor from elsewhere', 'GET', () => '/v1/variants?cursor=nonsense', undefined, 400, 'invalid-request'],
  ])('%s', async (_, method, path, body, status, code) => {
    const before = await store.head();
    expect(await call(method, path(), body)).toMatchObject({ status, body: { code } });
    expect(await store.head()).toBe(before);
  });

  it('a SKU of another product', async () => {
    await call('POST', '/v1/products', { productId: `${productId}b`, title: 'Other' });
    expect(await call('POST', `/v1/products/${productId}b/variants`, variant())).toMatchObject({
      status: 409,
      body: { code: 'sku-taken', productId },
    });
  });

  it('other content under a known SKU', async () => {
    expect(await call('POST', `/v1/products/${productId}/variants`, variant({ title: 'Blue' }))).toMatchObject({
      status: 409,
      body: { code: 'sku-exists' },
    });
  });
});

it('pages through variants by SKU', async () => {
  for (const name of ['a', 'b', 'c']) {
    await caughtUp(await call('POST', `/v1/products/${productId}/variants`, variant({ sku: `${name}-${number}` })));
  }
  const path = `/v1/variants?productId=${productId}&limit=3`;
  const first = await call('GET', path);
  const rest = await call('GET', `${path}&cursor=${String(first.body.nextCursor)}`);
  const skusOf = ({ body }: Answer) => (body.items as { sku: string }[]).map((item) => item.sku);
  expect([skusOf(first), skusOf(rest)]).toEqual([[sku, `a-${number}`, `b-${number}`], [`c-${number}`]]);
  expect(rest.body).not.toHaveProperty('nextCursor');
});

it('documents its routes', async () => {
  const { body } = await call('GET', '/docs-json');
  const paths = Object.keys(body.paths as object);
  expect(paths).toEqual(expect.arrayContaining(['/v1/catalog/import', '/v1/variants/{sku}/listings/{channel}']));
  expect(JSON.stringify(body)).toContain('productTitle');
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function call(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${service.httpUrl}${path}`, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const caughtUp = ({ body }: Answer): Promise<void> =>
  runners.projection('catalog').waitFor(body.position as number, 10_000);

const rootModule = (): DynamicModule => ({
  module: Root,
  imports: [CoreModule.over({ store, readModels, runners, clock: systemClock }), CatalogModule],
});

@Module({})
class Root {}
