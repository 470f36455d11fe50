import type { ProductEvent } from '#contracts';
import { Rejected } from '#kernel';
import type { Product, ProductDescription } from './product.js';

export type CreateProduct = { readonly type: 'CreateProduct'; readonly productId: string } & ProductDescription;
export type DescribeProduct = { readonly type: 'DescribeProduct'; readonly productId: string } & ProductDescription;
/** Creates a product or gives it this title; description and brand stay as they are. */
export type PutProduct = { readonly type: 'PutProduct'; readonly productId: string; readonly title: string };
/** Changes nothing; refused when there is no such product. */
export type RequireProduct = { readonly type: 'RequireProduct'; readonly productId: string };

export type ProductCommand = CreateProduct | DescribeProduct | PutProduct | RequireProduct;

export function decideProduct(command: ProductCommand, product: Product): ProductEvent[] | Rejected {
  switch (command.type) {
    case 'CreateProduct':
      return createProduct(command, product);
    case 'DescribeProduct':
      return product.status === 'unknown' ? noSuchProduct(command.productId) : describe(command, product);
    case 'PutProduct':
      return putProduct(command, product);
    case 'RequireProduct':
      return product.status === 'unknown' ? noSuchProduct(command.productId) : [];
    default:
      return command satisfies never;
  }
}

function createProduct(command: CreateProduct, product: Product): ProductEvent[] | Rejected {
  if (product.status === 'unknown') return [{ type: 'ProductCreated', data: dataOf(command) }];
  if (isDescribedAs(product, command)) return [];
  return new Rejected(
    'conflict',
    'product-exists',
    `There is a product ${command.productId} with another description. Change it with PUT, or choose another id.`,
  );
}

function describe(command: DescribeProduct, product: ProductDescription): ProductEvent[] {
  return isDescribedAs(product, command) ? [] : [{ type: 'ProductDescribed', data: dataOf(command) }];
}

function putProduct({ productId, title }: PutProduct, product: Product): ProductEvent[] {
  if (product.status === 'unknown') return [{ type: 'ProductCreated', data: { productId, title } }];
  return describe({ ...product, type: 'DescribeProduct', productId, title }, product);
}

const isDescribedAs = (product: ProductDescription, { title, description, brand }: ProductDescription): boolean =>
  product.title === title && product.description === description && product.brand === brand;

const dataOf = ({ productId, title, description, brand }: { readonly productId: string } & ProductDescription) => ({
  productId,
  title,
  ...(description !== undefined && { description }),
  ...(brand !== undefined && { brand }),
});

const noSuchProduct = (productId: string): Rejected =>
  new Rejected('not-found', 'unknown-product', `There is no product ${productId}. Create it first.`);
