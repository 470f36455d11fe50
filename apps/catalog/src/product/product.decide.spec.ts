import { describe, it } from '@jest/globals';
import type { ProductEvent } from '#contracts';
import { specify } from '#testing';
import { productDecider } from './product.decider.js';

const { given } = specify(productDecider);
const mug = { productId: 'P1', title: 'Mug', brand: 'Acme' };
const created: ProductEvent = { type: 'ProductCreated', data: mug };

describe('a product', () => {
  it('is created', () =>
    given()
      .when({ type: 'CreateProduct', ...mug })
      .thenEvents(created));

  it('is created once', () =>
    given(created)
      .when({ type: 'CreateProduct', ...mug })
      .thenEvents());

  it('is not created over another one', () =>
    given(created)
      .when({ type: 'CreateProduct', ...mug, title: 'Cup' })
      .thenRejected('product-exists'));

  it('is described again as a whole', () =>
    given(created)
      .when({ type: 'DescribeProduct', productId: 'P1', title: 'Mug', description: 'Holds tea' })
      .thenEvents({ type: 'ProductDescribed', data: { productId: 'P1', title: 'Mug', description: 'Holds tea' } }));

  it('is not described twice in the same words', () =>
    given(created)
      .when({ type: 'DescribeProduct', ...mug })
      .thenEvents());

  it('is not described before it exists', () =>
    given()
      .when({ type: 'DescribeProduct', ...mug })
      .thenRejected('unknown-product'));

  it('is required to exist', () =>
    given().when({ type: 'RequireProduct', productId: 'P1' }).thenRejected('unknown-product'));

  it('changes nothing by being required', () =>
    given(created).when({ type: 'RequireProduct', productId: 'P1' }).thenEvents());

  it('is created by an import', () =>
    given()
      .when({ type: 'PutProduct', productId: 'P1', title: 'Mug' })
      .thenEvents({ type: 'ProductCreated', data: { productId: 'P1', title: 'Mug' } }));

  it('keeps its brand when an import gives it another title', () =>
    given(created)
      .when({ type: 'PutProduct', productId: 'P1', title: 'Cup' })
      .thenEvents({ type: 'ProductDescribed', data: { productId: 'P1', title: 'Cup', brand: 'Acme' } }));

  it('is left alone by an import that says nothing new', () =>
    given(created).when({ type: 'PutProduct', productId: 'P1', title: 'Mug' }).thenEvents());
});
