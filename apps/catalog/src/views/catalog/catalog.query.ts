import { Rejected } from '#kernel';
import type { ReadModels, RowOf } from '#read-models';
import {
  type ListingRow,
  listingsTable,
  type PriceRow,
  pricesTable,
  productsTable,
  type VariantRow,
  variantsTable,
} from './catalog.projection.js';

export interface VariantAnswer extends VariantRow {
  readonly prices: readonly Pick<PriceRow, 'channel' | 'currency' | 'amountMinor'>[];
  readonly listings: readonly Pick<ListingRow, 'channel' | 'externalId'>[];
}

/** Each field that is there has to be that of the listing. */
export interface ListingFilter {
  readonly sku?: string | undefined;
  readonly channel?: string | undefined;
  readonly externalId?: string | undefined;
}

type ListingKey = readonly [sku: string, channel: string, externalId: string];

export interface ProductAnswer {
  readonly productId: string;
  readonly title: string;
  readonly description?: string;
  readonly brand?: string;
  readonly revision: number;
  readonly variantCount: number;
}

/** Answers from the view `catalog`. */
export class CatalogQuery {
  constructor(private readonly readModels: ReadModels) {}

  /** Throws `Rejected('unknown-product')`. */
  async product(productId: string): Promise<ProductAnswer> {
    const [row] = await this.readModels.query<RowOf<typeof productsTable> & { variantCount: number }>(
      `select ${productsTable.select()}, (select count(*) from view_catalog.variants v where v.product_id = $1) as "variantCount"
         from view_catalog.products where product_id = $1`,
      [productId],
    );
    if (!row) throw new Rejected('not-found', 'unknown-product', `There is no product ${productId}.`);
    const { description, brand, ...product } = row;
    return { ...product, ...(description !== null && { description }), ...(brand !== null && { brand }) };
  }

  /** Throws `Rejected('unknown-sku')`. */
  async variant(sku: string): Promise<VariantAnswer> {
    const [variant] = await this.completed(
      await this.readModels.query<VariantRow>(
        `select ${variantsTable.select()} from view_catalog.variants where sku = $1`,
        [sku],
      ),
    );
    if (!variant) throw new Rejected('not-found', 'unknown-sku', `There is no variant ${sku}.`);
    return variant;
  }

  /** At most `limit` variants with SKUs greater than `after`, by SKU; of one product where one is named. */
  async variants(after: string, limit: number, productId?: string): Promise<VariantAnswer[]> {
    return this.completed(
      await this.readModels.query<VariantRow>(
        `select ${variantsTable.select()} from view_catalog.variants where sku > $1 ${productId === undefined ? '' : 'and product_id = $3'}
         order by sku limit $2`,
        productId === undefined ? [after, limit] : [after, limit, productId],
      ),
    );
  }

  /** At most `limit` listings that have what `asked` names, after the one of the key `after`, by SKU, channel and external id. */
  async listings(asked: ListingFilter, after: ListingKey | undefined, limit: number): Promise<ListingRow[]> {
    return this.readModels.query<ListingRow>(
      `select ${listingsTable.select()} from view_catalog.listings
        where ($1::text is null or sku = $1) and ($2::text is null or channel = $2)
          and ($3::text is null or external_id = $3)
          and ($4::text is null or (sku, channel, external_id) > ($4, $5, $6))
        order by sku, channel, external_id limit $7`,
      [asked.sku, asked.channel, asked.externalId, ...(after ?? [null, null, null]), limit],
    );
  }

  private async completed(rows: readonly VariantRow[]): Promise<VariantAnswer[]> {
    if (rows.length === 0) return [];
    const skus = rows.map(({ sku }) => sku);
    const [pricesOf, listingsOf] = await Promise.all([
      this.readModels.query<PriceRow>(
        `select ${pricesTable.select()} from view_catalog.prices where sku = any($1) order by channel`,
        [skus],
      ),
      this.readModels.query<ListingRow>(
        `select ${listingsTable.select()} from view_catalog.listings where sku = any($1) order by channel, external_id`,
        [skus],
      ),
    ]);
    const pricesBySku = Map.groupBy(pricesOf, ({ sku }) => sku);
    const listingsBySku = Map.groupBy(listingsOf, ({ sku }) => sku);
    return rows.map((row) => ({
      ...row,
      prices: (pricesBySku.get(row.sku) ?? []).map(({ channel, currency, amountMinor }) => ({
        channel,
        currency,
        amountMinor,
      })),
      listings: (listingsBySku.get(row.sku) ?? []).map(({ channel, externalId }) => ({ channel, externalId })),
    }));
  }
}
