import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { Api } from './api.js';
import { SECRET } from './installation.js';

/** Five channels in front of one warehouse. */
export const CHANNELS = ['amazon', 'ebay', 'etsy', 'own-shop-eu', 'tiktok-shop'] as const;

export interface Assortment {
  readonly shopUrl: string;
  /** Opening stock per SKU. Every SKU is listed on every channel, as `<channel>:<SKU>`. */
  readonly stock: Readonly<Record<string, number>>;
}

/** Opens the warehouse and the channels, lists everything everywhere, and receives the stock. */
export async function openForTrade(api: Api, { shopUrl, stock }: Assortment): Promise<void> {
  const skus = Object.keys(stock);
  await api.put('/v1/locations/main', { name: 'Warehouse' });
  for (const channel of CHANNELS) {
    const settings = {
      name: channel,
      connector: 'simulated',
      currency: 'EUR',
      baseUrl: shopUrl,
      pushesPerSecond: 1_000,
    };
    await api.put(`/v1/channels/${channel}`, settings);
    await api.put(`/v1/supply-maps/${channel}`, { locationIds: ['main'] });
    const listings = skus.map((sku) => ({
      externalId: `${channel}:${sku}`,
      sku,
      title: sku,
      priceMinor: 999,
      currency: 'EUR',
    }));
    await askShop(shopUrl, 'PUT', channel, 'listings', z.unknown(), { listings });
  }
  await api.post('/v1/catalog/import', { rows: skus.map(catalogueRow) });
  const movements = Object.entries(stock).map(([sku, units]) => ({
    commandId: `opening/${sku}`,
    kind: 'receipt',
    sku,
    locationId: 'main',
    units,
  }));
  await api.post('/v1/stock/movements/bulk', { movements });
}

const catalogueRow = (sku: string) => ({
  productId: 'goods',
  productTitle: 'Goods',
  sku,
  title: sku,
  prices: CHANNELS.map((channel) => ({ channel, currency: 'EUR', amountMinor: 999 })),
  listings: CHANNELS.map((channel) => ({ channel, externalId: `${channel}:${sku}` })),
});

/** A request to a channel's own side, with its token. */
export async function askShop<Schema extends z.ZodType>(
  shopUrl: string,
  method: 'GET' | 'POST' | 'PUT',
  channel: string,
  route: string,
  answer: Schema,
  body?: object,
): Promise<z.output<Schema>> {
  const token = createHmac('sha256', SECRET).update(`api:${channel}`).digest('hex');
  const response = await fetch(`${shopUrl}/${channel}/${route}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`The shop answered ${response.status}: ${await response.text()}`);
  return answer.parse(await response.json());
}

/** What a channel shows, by SKU. */
export async function shownOn(shopUrl: string, channel: string): Promise<Record<string, number>> {
  const { items } = await askShop(shopUrl, 'GET', channel, 'stock', shownStock);
  return Object.fromEntries(items.map(({ sku, quantity }) => [sku, quantity]));
}

const shownStock = z.object({ items: z.array(z.object({ sku: z.string(), quantity: z.int() })) });

/** Headers by which a message of a channel is known to be its own. */
export const signed = (channel: string, messageId: string, body: string): Record<string, string> => {
  const key = createHmac('sha256', SECRET).update(`webhook:${channel}`).digest('hex');
  return {
    'x-simulated-message-id': messageId,
    'x-simulated-signature': createHmac('sha256', key).update(body).digest('base64'),
  };
};

/** A purchase as the simulated channel tells of it: body of the webhook, and the headers that sign it. */
export function orderWebhook(channel: string, messageId: string, order: Readonly<Record<string, unknown>>) {
  const known = { channel, revision: 0, placedAt: '2026-01-31T12:00:00.000Z', currency: 'EUR', cancelled: false };
  const body = JSON.stringify({ topic: 'order.created', order: { ...known, ...order } });
  return { body, headers: signed(channel, messageId, body) };
}
