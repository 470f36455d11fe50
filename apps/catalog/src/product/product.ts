import type { ProductEvent } from '#contracts';

/** What the catalogue says about a product as a whole. */
export interface ProductDescription {
  readonly title: string;
  readonly description?: string | undefined;
  readonly brand?: string | undefined;
}

export type Product = { readonly status: 'unknown' } | ({ readonly status: 'known' } & ProductDescription);

export const unknownProduct: Product = { status: 'unknown' };

/** Every event says the whole description. */
export function evolveProduct(_: Product, { data: { title, description, brand } }: ProductEvent): Product {
  return { status: 'known', title, description, brand };
}
