import { describe, expect, it } from '@jest/globals';
import { catalogReader } from './catalog-rows.js';

const header = ['product_id', 'product_title', 'sku', 'title'];

describe('rows of a catalogue', () => {
  it('reads attributes, prices and listings by the header', () => {
    const read = catalogReader([
      ...header,
      'attribute:colour',
      'price:web-shop:EUR',
      'price:tokyo:JPY',
      'listing:web-shop',
    ]);
    expect(read(['MUG', 'Mug', 'MUG-RED', 'Mug, red', 'red', '7.50', '1200', 'mug-red'])).toEqual({
      productId: 'MUG',
      productTitle: 'Mug',
      sku: 'MUG-RED',
      title: 'Mug, red',
      attributes: { colour: 'red' },
      prices: [
        { channel: 'web-shop', currency: 'EUR', amountMinor: 750 },
        { channel: 'tokyo', currency: 'JPY', amountMinor: 1_200 },
      ],
      listings: [{ channel: 'web-shop', externalId: 'mug-red' }],
    });
  });

  it.each([
    ['HUF', '1299.00', 129_900],
    ['COP', '12.50', 1_250],
    ['IQD', '1.250', 1_250],
  ])('reads a price in %s with the digits of ISO 4217', (currency, cell, amountMinor) => {
    const read = catalogReader([...header, `price:web-shop:${currency}`]);
    expect(read(['MUG', 'Mug', 'MUG-RED\u00a0', 'Mug', cell])).toMatchObject({
      sku: 'MUG-RED',
      prices: [{ channel: 'web-shop', currency, amountMinor }],
    });
  });

  it('leaves out what is empty', () => {
    const read = catalogReader([...header, 'attribute:colour', 'price:web-shop:EUR', 'listing:web-shop']);
    expect(read(['MUG', 'Mug', 'MUG-RED', 'Mug', '', '', ''])).toEqual({
      productId: 'MUG',
      productTitle: 'Mug',
      sku: 'MUG-RED',
      title: 'Mug',
    });
  });

  it.each([
    [['MUG', 'Mug', '', 'Mug', '1'], 'sku is empty'],
    [['MUG', 'Mug', 'M', 'Mug'], 'it has 4 columns instead of 5'],
    [['MUG', 'Mug', 'M', 'Mug', '1.005'], 'price "1.005" is not an amount of EUR'],
    [['MUG', 'Mug', 'M', 'Mug', '-1'], 'price "-1" is not an amount of EUR'],
    [['MUG', 'Mug', 'M', 'Mug', 'free'], 'price "free" is not an amount of EUR'],
  ])('says what is wrong with %j', (fields, reason) => {
    expect(catalogReader([...header, 'price:web-shop:EUR'])(fields)).toEqual(expect.stringContaining(reason));
  });

  it.each([
    [['sku', 'title'], 'lacks the column product_id'],
    [[...header, 'colour'], 'a column "colour"'],
    [[...header, 'price:web-shop'], 'a column "price:web-shop"'],
    [[...header, 'price:web-shop:QQQ'], 'a column "price:web-shop:QQQ"'],
    [[...header, 'sku'], 'names a column twice'],
  ])('refuses the header %j', (columns, reason) => {
    expect(() => catalogReader(columns)).toThrow(reason);
  });
});
