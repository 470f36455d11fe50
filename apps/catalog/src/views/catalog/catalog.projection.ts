import { type ProductEvent, productEvents, typesOf, type VariantEvent, variantEvents } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { bulkDelete, bulkUpsert, type Projection, selectByKeys, type Tx } from '#read-models';

export interface ProductRow {
  product_id: string;
  title: string;
  description: string | null;
  brand: string | null;
}

export interface VariantRow {
  sku: string;
  product_id: string;
  title: string;
  attributes: Record<string, string | number | boolean>;
}

export interface PriceRow {
  sku: string;
  channel: string;
  currency: string;
  amount_minor: number;
  set_at: string;
}

export interface ListingRow {
  sku: string;
  channel: string;
  external_id: string;
  listed_at: string;
}

const products = {
  table: 'products',
  key: ['product_id'],
  columns: { product_id: 'text', title: 'text', description: 'text', brand: 'text' },
} as const;
const variants = {
  table: 'variants',
  key: ['sku'],
  columns: { sku: 'text', product_id: 'text', title: 'text', attributes: 'jsonb' },
} as const;
const prices = {
  table: 'prices',
  key: ['sku', 'channel'],
  columns: { sku: 'text', channel: 'text', currency: 'text', amount_minor: 'bigint', set_at: 'timestamptz' },
} as const;
const listings = {
  table: 'listings',
  key: ['sku', 'channel', 'external_id'],
  columns: { sku: 'text', channel: 'text', external_id: 'text', listed_at: 'timestamptz' },
} as const;

/** What is sold, what it costs, and what each channel calls it. */
export const catalogProjection: Projection = {
  name: 'catalog',
  version: 2,
  schema: `
    create table products (
      product_id text collate "C" primary key,
      title text not null,
      description text,
      brand text
    );
    create table variants (
      sku text collate "C" primary key,
      product_id text collate "C" not null,
      title text not null,
      attributes jsonb not null
    );
    create index variants_by_product on variants (product_id, sku);
    create table prices (
      sku text collate "C" not null,
      channel text collate "C" not null,
      currency text not null,
      amount_minor bigint not null,
      set_at timestamptz not null,
      primary key (sku, channel)
    );
    create table listings (
      sku text collate "C" not null,
      channel text collate "C" not null,
      external_id text collate "C" not null,
      listed_at timestamptz not null,
      primary key (sku, channel, external_id)
    );
    create index listings_by_external_id on listings (channel, external_id);
  `,
  types: [...typesOf(productEvents), ...typesOf(variantEvents)],
  apply: async (page, tx) => {
    const events = page as readonly CatalogFact[];
    await writeProducts(events, tx);
    await writeVariants(events, tx);
    await writePrices(events, tx);
    await writeListings(events, tx);
  },
  analystViews: [
    {
      name: 'products',
      description: 'A row per product',
      select: 'select product_id, title, description, brand from products',
    },
    {
      name: 'variants',
      description: 'A row per SKU, with the product it belongs to',
      select: 'select sku, product_id, title, attributes from variants',
    },
    {
      name: 'prices',
      description: 'What a SKU costs on a channel now, in minor units of the currency',
      select: 'select sku, channel, currency, amount_minor, set_at from prices',
    },
    {
      name: 'listings',
      description: 'SKUs offered on a channel now, with the id the channel gave them',
      select: 'select sku, channel, external_id, listed_at from listings',
    },
  ],
};

type CatalogFact = RecordedEvent<ProductEvent> | RecordedEvent<VariantEvent>;

async function writeProducts(events: readonly CatalogFact[], tx: Tx): Promise<void> {
  const rows = new Map<string, ProductRow>();
  for (const { type, data } of events) {
    if (type !== 'ProductCreated' && type !== 'ProductDescribed') continue;
    const { productId: product_id, title, description = null, brand = null } = data;
    rows.set(product_id, { product_id, title, description, brand });
  }
  await bulkUpsert(tx, { ...products, rows: [...rows.values()] });
}

async function writeVariants(events: readonly CatalogFact[], tx: Tx): Promise<void> {
  const rows = new Map<string, VariantRow>();
  const described = new Map<string, Omit<VariantRow, 'product_id'>>();
  for (const { type, data } of events) {
    if (type === 'VariantAdded') {
      const { sku, productId, title, attributes } = data;
      rows.set(sku, { sku, product_id: productId, title, attributes });
    } else if (type === 'VariantDescribed') {
      described.set(data.sku, data);
    }
  }
  const stored = await selectByKeys<VariantRow, typeof variants.columns>(tx, {
    ...variants,
    keys: [...described.values()],
  });
  for (const row of stored) rows.set(row.sku, row);
  for (const { sku, title, attributes } of described.values()) {
    const row = rows.get(sku);
    if (row) rows.set(sku, { ...row, title, attributes });
  }
  await bulkUpsert(tx, { ...variants, rows: [...rows.values()] });
}

async function writePrices(events: readonly CatalogFact[], tx: Tx): Promise<void> {
  const rows = new Map<string, PriceRow>();
  for (const { type, data, recordedAt } of events) {
    if (type !== 'PriceSet') continue;
    const { sku, channel, currency, amountMinor } = data;
    rows.set(`${channel}/${sku}`, { sku, channel, currency, amount_minor: amountMinor, set_at: recordedAt });
  }
  await bulkUpsert(tx, { ...prices, rows: [...rows.values()] });
}

/** The last event of a listing says whether it is there. */
async function writeListings(events: readonly CatalogFact[], tx: Tx): Promise<void> {
  const listed = new Map<string, ListingRow>();
  const ended = new Map<string, Pick<ListingRow, 'sku' | 'channel' | 'external_id'>>();
  for (const { type, data, recordedAt } of events) {
    if (type !== 'ListingCreated' && type !== 'ListingEnded') continue;
    const { sku, channel, externalId: external_id } = data;
    const key = JSON.stringify([channel, sku, external_id]);
    if (type === 'ListingCreated') {
      ended.delete(key);
      listed.set(key, { sku, channel, external_id, listed_at: recordedAt });
    } else {
      listed.delete(key);
      ended.set(key, { sku, channel, external_id });
    }
  }
  await bulkDelete(tx, { ...listings, rows: [...ended.values()] });
  await bulkUpsert(tx, { ...listings, rows: [...listed.values()] });
}
