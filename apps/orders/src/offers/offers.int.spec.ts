import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { channelSale } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, type TestDatabase } from '#testing';
import { WhenListingIsMadeKnowItsSku } from '../processes/when-listing-is-made-know-its-sku/know-sku.reaction.js';
import { OfferDirectory } from './offer-directory.js';
import { createTables } from './tables.js';

let database: TestDatabase;
let readModels: ReadModels;
let directory: OfferDirectory;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
  await createTables(readModels);
  await createTables(readModels);
});
afterAll(async () => {
  await readModels.close();
  await database.drop();
});
beforeEach(async () => {
  await readModels.execute('truncate orders.listing, orders.variant');
  directory = new OfferDirectory(readModels);
});

const listed = (sku: string, externalId: string, position: number, channel = 'etsy') =>
  ({ type: 'ListingCreated', position, data: { sku, channel, externalId } }) as unknown as RecordedEvent;
const added = (sku: string) =>
  ({
    type: 'VariantAdded',
    position: 1,
    data: { sku, productId: 'p', title: 't', attributes: {} },
  }) as unknown as RecordedEvent;

const know = (...events: readonly RecordedEvent[]) =>
  new WhenListingIsMadeKnowItsSku(readModels).react(events as Parameters<WhenListingIsMadeKnowItsSku['react']>[0]);

async function skuOf(line: object, from = directory): Promise<string | undefined> {
  const price = { lineId: '1', units: 1, unitPriceMinor: 100 };
  const sale = channelSale.parse({
    channel: 'etsy',
    externalOrderId: '1',
    placedAt: '2026-03-01T00:00:00Z',
    currency: 'EUR',
    lines: [{ ...price, ...line }],
  });
  const skusOf = await from.skusOf([sale]);
  return sale.lines[0] && skusOf(sale.channel)(sale.lines[0]);
}

describe('the directory of offers', () => {
  it('leads an offer to its SKU, named beside our SKU or in its place, on its channel alone', async () => {
    await know(listed('MUG', 'B-1', 5), listed('CUP', 'B-2', 6, 'ebay'));
    expect(await skuOf({ externalId: 'B-1' })).toBe('MUG');
    expect(await skuOf({ sku: 'B-1' })).toBe('MUG');
    expect(await skuOf({ externalId: 'B-2' })).toBeUndefined();
    expect(await skuOf({ sku: 'B-2' })).toBe('B-2');
  });

  it('never takes one of our SKUs for an offer', async () => {
    await know(listed('MUG', 'CUP', 5), added('CUP'));
    expect(await skuOf({ sku: 'CUP' })).toBe('CUP');
    expect(await skuOf({ externalId: 'CUP' })).toBe('MUG');
  });

  it('knows the newest listing of an id, in whatever order it hears of them, and each once', async () => {
    await know(listed('NEW', 'B-1', 9));
    await know(listed('OLD', 'B-1', 5), listed('NEW', 'B-1', 9));
    expect(await skuOf({ externalId: 'B-1' })).toBe('NEW');
  });

  it('records sales as they came when nothing can be read, and says so once', async () => {
    const lines: string[] = [];
    const log = { info: () => {}, warn: () => {}, error: (_: object, message: string) => void lines.push(message) };
    const cut = new OfferDirectory({ query: () => Promise.reject(new Error('the database is away')), log });
    expect(await skuOf({ sku: 'MUG' }, cut)).toBe('MUG');
    expect(await skuOf({ externalId: 'B-1' }, cut)).toBeUndefined();
    expect(lines).toEqual(['offers could not be looked up, sales are recorded as they came']);
  });
});
