import { type ProductEvent, productEvents, typesOf, type VariantEvent, variantEvents } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { analystsSee, column, defineTable, orNull, type Projection, type RowOf, type Tx } from '#read-models';

export const productsTable = defineTable({
  name: 'products',
  columns: {
    productId: column.code('The product'),
    title: column.text('What it is called'),
    description: orNull(column.text('What is said about it')),
    brand: orNull(column.text('Who makes it')),
    revision: column.integer('Of the last event of the product'),
  },
  key: ['productId'],
});

export const variantsTable = defineTable({
  name: 'variants',
  columns: {
    sku: column.code('The variant, by the code that all channels share'),
    productId: column.code('The product it belongs to'),
    title: column.text('What it is called'),
    attributes: column.json<Record<string, string | number | boolean>>('What sets it apart, such as size and colour'),
    revision: column.integer('Of the last event of the variant, its prices and listings among them'),
  },
  key: ['sku'],
  indexes: { variants_by_product: ['productId', 'sku'] },
});
export type VariantRow = RowOf<typeof variantsTable>;

export const pricesTable = defineTable({
  name: 'prices',
  columns: {
    sku: column.code('The variant'),
    channel: column.code('The channel'),
    currency: column.text('ISO 4217'),
    amountMinor: column.money('What one costs'),
    setAt: column.instant('When the price was set'),
  },
  key: ['sku', 'channel'],
});
export type PriceRow = RowOf<typeof pricesTable>;

export const listingsTable = defineTable({
  name: 'listings',
  columns: {
    sku: column.code('The variant'),
    channel: column.code('The channel'),
    externalId: column.code('What the channel calls it'),
    listedAt: column.instant('Since when it is offered'),
  },
  key: ['sku', 'channel', 'externalId'],
  indexes: { listings_by_external_id: ['channel', 'externalId'] },
});
export type ListingRow = RowOf<typeof listingsTable>;

/** What is sold, what it costs, and what each channel calls it. */
export const catalogProjection: Projection = {
  name: 'catalog',
  version: 3,
  tables: [productsTable, variantsTable, pricesTable, listingsTable],
  types: [...typesOf(productEvents), ...typesOf(variantEvents)],
  apply: async (page, tx) => {
    const events = page as readonly CatalogFact[];
    await writeProducts(events, tx);
    await writeVariants(events, tx);
    await writePrices(events, tx);
    await writeListings(events, tx);
  },
  analystViews: [
    analystsSee(productsTable, { description: 'A row per product' }),
    analystsSee(variantsTable, { description: 'A row per SKU, with the product it belongs to' }),
    analystsSee(pricesTable, { description: 'What a SKU costs on a channel now, in minor units of the currency' }),
    analystsSee(listingsTable, { description: 'SKUs offered on a channel now, with the id the channel gave them' }),
  ],
};

type CatalogFact = RecordedEvent<ProductEvent> | RecordedEvent<VariantEvent>;

async function writeProducts(events: readonly CatalogFact[], tx: Tx): Promise<void> {
  const rows = new Map<string, RowOf<typeof productsTable>>();
  for (const { type, data, revision } of events) {
    if (type !== 'ProductCreated' && type !== 'ProductDescribed') continue;
    const { productId, title, description = null, brand = null } = data;
    rows.set(productId, { productId, title, description, brand, revision });
  }
  await productsTable.upsert(tx, [...rows.values()]);
}

async function writeVariants(events: readonly CatalogFact[], tx: Tx): Promise<void> {
  const ofVariants = events.filter(isOfVariant);
  const touched = [...new Set(ofVariants.map(({ data: { sku } }) => sku))].map((sku) => ({ sku }));
  const rows = new Map((await variantsTable.byKeys(tx, touched)).map((row) => [row.sku, row]));
  for (const { type, data, revision } of ofVariants) {
    const { sku } = data;
    const row = rows.get(sku);
    if (row ? revision <= row.revision : type !== 'VariantAdded') continue;
    if (type === 'VariantAdded') {
      const { productId, title, attributes } = data;
      rows.set(sku, { sku, productId, title, attributes, revision });
    } else if (row) {
      const { title, attributes } = type === 'VariantDescribed' ? data : row;
      rows.set(sku, { ...row, title, attributes, revision });
    }
  }
  await variantsTable.upsert(tx, [...rows.values()]);
}

const isOfVariant = (fact: CatalogFact): fact is RecordedEvent<VariantEvent> => 'sku' in fact.data;

async function writePrices(events: readonly CatalogFact[], tx: Tx): Promise<void> {
  const rows = new Map<string, PriceRow>();
  for (const { type, data, recordedAt } of events) {
    if (type !== 'PriceSet') continue;
    const { sku, channel, currency, amountMinor } = data;
    rows.set(`${channel}/${sku}`, { sku, channel, currency, amountMinor, setAt: recordedAt });
  }
  await pricesTable.upsert(tx, [...rows.values()]);
}

/** The last event of a listing says whether it is there. */
async function writeListings(events: readonly CatalogFact[], tx: Tx): Promise<void> {
  const listed = new Map<string, ListingRow>();
  const ended = new Map<string, Omit<ListingRow, 'listedAt'>>();
  for (const { type, data, recordedAt } of events) {
    if (type !== 'ListingCreated' && type !== 'ListingEnded') continue;
    const { sku, channel, externalId } = data;
    const key = JSON.stringify([channel, sku, externalId]);
    if (type === 'ListingCreated') {
      ended.delete(key);
      listed.set(key, { sku, channel, externalId, listedAt: recordedAt });
    } else {
      listed.delete(key);
      ended.set(key, { sku, channel, externalId });
    }
  }
  await listingsTable.delete(tx, [...ended.values()]);
  await listingsTable.upsert(tx, [...listed.values()]);
}
