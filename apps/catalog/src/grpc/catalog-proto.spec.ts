import { describe, expect, it } from '@jest/globals';
import { messageSchemaOf, ProtoFile, pathsOfSchema } from '#testing';
import { setPrice } from '../variant/set-price.js';
import { listVariants, variantOfSku } from '../views/catalog/catalog.slices.js';
import { watchPricesRequest } from './catalog.requests.js';

const proto = new ProtoFile('einklang/catalog/v1/catalog.proto', 'einklang.catalog.v1');

describe('catalog.proto', () => {
  it.each([
    ['GetVariantRequest', messageSchemaOf(variantOfSku)],
    ['Variant', variantOfSku.shape.answer],
    ['ListVariantsRequest', messageSchemaOf(listVariants)],
    ['ListVariantsReply', listVariants.shape.answer],
    ['SetPriceRequest', messageSchemaOf(setPrice)],
    ['CatalogChange', setPrice.shape.answer],
    ['WatchPricesRequest', watchPricesRequest],
  ])('has in %s the fields that are checked and answered', (message, schema) => {
    expect(proto.pathsLike(message, schema)).toEqual(pathsOfSchema(schema));
  });

  it('offers the methods of the controller', () => {
    expect(proto.methodsOf('Catalog')).toEqual(['GetVariant', 'ListVariants', 'SetPrice', 'WatchPrices']);
  });
});
