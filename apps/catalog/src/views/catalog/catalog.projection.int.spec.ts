import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandRunner, type RecordedEvent } from '#event-sourcing';
import { compareProjection, openReadModels, ProjectionRunner, type ReadModels, schemaOf } from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { addressed, type CatalogCommand } from '../../catalog-command.js';
import { catalogProjection } from './catalog.projection.js';
import { CatalogQuery, type ListingFilter } from './catalog.query.js';

let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;
let projector: ProjectionRunner;
let query: CatalogQuery;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
  query = new CatalogQuery(readModels);
});
afterAll(async () => {
  await readModels.close();
  await database.drop();
});
beforeEach(async () => {
  await readModels.execute(`drop schema if exists ${schemaOf('catalog')} cascade; delete from read_models.checkpoints`);
  store = new InMemoryEventStore();
  projector = new ProjectionRunner(readModels, catalogProjection, store);
});
afterEach(() => projector.stop());

const add = (sku: string, productId = 'P1') =>
  ({ type: 'AddVariant', sku, productId, title: sku, attributes: { colour: 'red' } }) as const;
const list = (sku: string, channel: string, externalId: string, replaced?: string) =>
  ({
    type: 'ListVariant',
    sku,
    channel,
    externalId,
    replaces: replaced,
  }) as const;
const price = (sku: string, channel: string, amountMinor: number) =>
  ({ type: 'SetPrice', sku, channel, currency: 'EUR', amountMinor }) as const;

const history: readonly CatalogCommand[] = [
  { type: 'CreateProduct', productId: 'P1', title: 'Mug', description: 'Holds tea', brand: 'Acme' },
  { type: 'CreateProduct', productId: 'P2', title: 'Cup' },
  add('MUG'),
  add('CUP', 'P2'),
  list('MUG', 'etsy', 'A'),
  list('MUG', 'ebay', 'E'),
  price('MUG', 'etsy', 1_299),
  { type: 'DescribeVariant', sku: 'MUG', title: 'Red mug', attributes: { colour: 'red', volumeMl: 300, boxed: true } },
  list('MUG', 'etsy', 'B', 'A'),
  list('CUP', 'etsy', 'A'),
  price('MUG', 'etsy', 999),
  price('MUG', 'shop', 1_099),
  { type: 'EndListings', sku: 'MUG', channel: 'ebay', externalIds: ['E'], all: true },
  { type: 'DescribeProduct', productId: 'P1', title: 'Mugs' },
];

async function record(commands: readonly CatalogCommand[]): Promise<RecordedEvent[]> {
  const runner = new CommandRunner(store);
  for (const command of commands) {
    const commandId = JSON.stringify(command);
    const metadata = { commandId, correlationId: 'c', actor: 'test', occurredAt: '2026-03-01T00:00:00.000Z' };
    await runner.execute({ ...addressed(command), metadata });
  }
  return [...(await store.readAll({ after: 0 })).events];
}

async function projected(): Promise<void> {
  projector.start();
  await projector.waitFor(await store.head(), 20_000);
}

const apply = (events: readonly RecordedEvent[]) =>
  readModels.transaction((tx) => catalogProjection.apply(events, tx), { schema: schemaOf('catalog') });

const tables = () =>
  Promise.all(
    ['products', 'variants', 'prices', 'listings'].map((table) =>
      readModels.query(`select * from ${schemaOf('catalog')}.${table} t order by t::text`),
    ),
  );

const mug = {
  sku: 'MUG',
  productId: 'P1',
  title: 'Red mug',
  attributes: { colour: 'red', volumeMl: 300, boxed: true },
  prices: [
    { channel: 'etsy', currency: 'EUR', amountMinor: 999 },
    { channel: 'shop', currency: 'EUR', amountMinor: 1_099 },
  ],
  listings: [{ channel: 'etsy', externalId: 'B' }],
  revision: 9,
};

describe('the catalogue', () => {
  it('shows products, and variants with prices and listings, as they are now', async () => {
    await record(history);
    await projected();
    expect(await query.product('P1')).toEqual({ productId: 'P1', title: 'Mugs', revision: 1, variantCount: 1 });
    expect(await query.variant('MUG')).toEqual(mug);
    expect((await query.variants('', 10)).map(({ sku }) => sku)).toEqual(['CUP', 'MUG']);
    expect((await query.variants('CUP', 10)).map(({ sku }) => sku)).toEqual(['MUG']);
    expect((await query.variants('', 10, 'P2')).map(({ sku }) => sku)).toEqual(['CUP']);
  });

  const listings = (asked: ListingFilter) => query.listings(asked, undefined, 10);

  it('finds listings by what they have, all of them page by page', async () => {
    await record(history);
    await projected();
    const all = await query.listings({}, undefined, 10);
    expect(all.length).toBeGreaterThan(1);
    const pages = [await query.listings({}, undefined, 1)];
    for (const [last] of pages) {
      if (last) pages.push(await query.listings({}, [last.sku, last.channel, last.externalId], 1));
    }
    expect(pages.flat()).toEqual(all);
    expect(await listings({ channel: 'etsy', externalId: 'A', sku: 'MUG' })).toEqual([]);
  });

  it('knows which SKU an external id stands for', async () => {
    await record(history);
    await projected();
    expect(await listings({ channel: 'etsy', externalId: 'A' })).toMatchObject([{ sku: 'CUP' }]);
    expect(await listings({ channel: 'ebay', externalId: 'E' })).toEqual([]);
    expect(await listings({ sku: 'MUG' })).toMatchObject([{ channel: 'etsy', externalId: 'B' }]);
  });

  it('shows a listing that took over an external id in the same commit, however that commit is ordered', async () => {
    const events = await record(history.slice(0, 10));
    const takenOver = events.filter(({ type }) => type === 'ListingEnded' || type === 'ListingCreated').slice(-3);
    expect(takenOver.map(({ type, stream }) => [type, stream])).toEqual([
      ['ListingEnded', 'variant-MUG'],
      ['ListingCreated', 'variant-MUG'],
      ['ListingCreated', 'variant-CUP'],
    ]);
    await projected();
    await apply(takenOver.toSorted((a, b) => (a.stream < b.stream ? -1 : a.revision - b.revision)));
    expect(await listings({ channel: 'etsy', externalId: 'A' })).toMatchObject([{ sku: 'CUP' }]);
  });

  it('comes out the same whatever the pages', async () => {
    const events = await record(history);
    await projected();
    const atOnce = await tables();
    await readModels.execute(
      `truncate ${['products', 'variants', 'prices', 'listings'].map((table) => `${schemaOf('catalog')}.${table}`).join()}`,
    );
    for (const event of events) await apply([event]);
    expect(await tables()).toEqual(atOnce);
  });

  it('does not change when it sees the same events twice', async () => {
    const events = await record(history);
    await projected();
    const before = await tables();
    await apply(events);
    for (const event of events.slice(-2)) await apply([event]);
    expect(await tables()).toEqual(before);
  });

  it('goes on where it was stopped', async () => {
    await record(history.slice(0, 7));
    await projected();
    await projector.stop();
    await record(history.slice(7));
    projector = new ProjectionRunner(readModels, catalogProjection, store);
    await projected();
    expect(await query.variant('MUG')).toEqual(mug);
    expect(await compareProjection(readModels, catalogProjection, store)).toMatchObject({ equal: true });
  });

  it('skips the description of a variant whose beginning it never saw', async () => {
    const events = await record(history);
    await projected();
    await readModels.execute(`delete from ${schemaOf('catalog')}.variants`);
    await apply(events.filter(({ type }) => type === 'VariantDescribed'));
    await expect(query.variant('MUG')).rejects.toMatchObject({ code: 'unknown-sku' });
  });

  it('is published to analysts', async () => {
    await record(history);
    await projected();
    const rows = await readModels.query(
      `select p.title as product, v.sku, c.amount_minor, l.external_id
       from analytics.variants v join analytics.products p using (product_id)
       join analytics.prices c using (sku) join analytics.listings l using (sku, channel)`,
    );
    expect(rows).toEqual([{ product: 'Mugs', sku: 'MUG', amount_minor: 999, external_id: 'B' }]);
  });
});
