import type { Api } from '../e2e/support/api.js';

/** A small shop under the names that OpenAPI gives as examples, so that requests made of them find something. */
export async function openShop(api: Api): Promise<void> {
  await api.put('/v1/locations/main-warehouse', { name: 'Warehouse' });
  for (const [channel, name] of [
    ['web-shop', 'Own shop'],
    ['etsy', 'Etsy'],
  ]) {
    await api.put(`/v1/channels/${channel}`, { ...CHANNEL, name });
    await api.put(`/v1/supply-maps/${channel}`, { locationIds: ['main-warehouse'] });
  }
  await api.post('/v1/catalog/import', {
    rows: [
      {
        productId: 'MUG',
        productTitle: 'Red mug',
        sku: '85123A',
        title: 'Red mug, 300 ml',
        prices: [{ channel: 'web-shop', currency: 'EUR', amountMinor: 1_299 }],
        listings: [{ channel: 'etsy', externalId: 'B0ABC12345' }],
      },
    ],
  });
  await api.post('/v1/stock/85123A/receipts', { locationId: 'main-warehouse', units: 1_000_000 });
  await api.post('/v1/reservations', { sku: '85123A', channel: 'web-shop', units: 1, reservationId: 'cart-1' });
  await api.post('/v1/channel-sales', {
    channel: 'etsy',
    externalOrderId: '1001',
    placedAt: new Date().toISOString(),
    currency: 'EUR',
    customer: { email: 'buyer@example.org' },
    lines: [{ lineId: '1', sku: '85123A', units: 2, unitPriceMinor: 1_299 }],
  });
  await api.settled();
}

/** Nothing answers there: what is pushed fails, and that is told and tried again. */
const CHANNEL = { connector: 'simulated', currency: 'EUR', baseUrl: 'http://127.0.0.1:9', pushesPerSecond: 1 };
