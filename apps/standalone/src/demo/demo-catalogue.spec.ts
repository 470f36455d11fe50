import { describe, expect, it } from '@jest/globals';
import { demoCatalogue, listingsOn } from './demo-catalogue.js';
import { CHANNELS, stockPlanFor } from './demo-plan.js';

const rows = demoCatalogue();
const distinct = (values: readonly string[]) => new Set(values).size;

describe('the catalogue of the demo', () => {
  it('has 300 SKUs in 60 products, the same every time', () => {
    expect(rows).toHaveLength(300);
    expect(distinct(rows.map(({ sku }) => sku))).toBe(300);
    expect(distinct(rows.map(({ productId }) => productId))).toBe(60);
    expect(demoCatalogue()).toEqual(rows);
  });

  it('prices and lists each SKU on every channel, in the currency of the channel', () => {
    for (const channel of CHANNELS) {
      const listings = listingsOn(channel, rows);
      expect(distinct(listings.map(({ externalId }) => externalId))).toBe(300);
      for (const [index, { externalId, priceMinor }] of listings.entries()) {
        const row = rows[index];
        expect(row?.listings).toContainEqual({ channel: channel.channel, externalId });
        expect(row?.prices).toContainEqual({
          channel: channel.channel,
          currency: channel.currency,
          amountMinor: priceMinor,
        });
        expect(priceMinor).toBeGreaterThan(100);
      }
    }
  });
});

describe('the stock the demo needs', () => {
  it.each([
    [1, { buffer: 10, delivery: 160, low: 16 }],
    [40, { buffer: 11, delivery: 227, low: 23 }],
    [5_000, { buffer: 1_350, delivery: 28_350, low: 2_835 }],
  ])('grows with a rate of %p orders per second', (ordersPerSecond, plan) => {
    expect(stockPlanFor(ordersPerSecond)).toEqual(plan);
  });
});
