import { describe, expect, it } from '@jest/globals';
import { JsonClient } from '#client';
import { startSimulatedShop } from '../../../simulated-shop/src/start-simulated-shop.js';
import { Shops } from './shops.js';

const SECRET = 'a secret that only specs know, 32+';

describe('the shop as its seller sees it', () => {
  it('lists and shows more goods than fit into one request or one page', async () => {
    const shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:' });
    try {
      const shops = new Shops(new JsonClient(shop.url), SECRET);
      const listings = Array.from({ length: 1_201 }, (_, index) => ({
        externalId: `id-${index}`,
        sku: `SKU-${index}`,
        title: 'Goods',
        priceMinor: 100,
        currency: 'EUR',
      }));
      await shops.putListings('ebay', listings);
      const shown = await shops.shownUnits('ebay');
      expect(shown.size).toBe(listings.length);
      expect(shown.get('SKU-1200')).toBe(0);
    } finally {
      await shop.close();
    }
  });
});
