import type { JsonClient } from '#client';
import { idFrom, toIso } from '#kernel';
import { isProblem, outcomeOf, postBulk } from '../system/bulk-result.js';
import type { Mapping } from './mapping.js';
import type { OpeningItem } from './opening-stock.js';

/**
 * What must stand before the first sale: the location, a supply map per channel, a catalogue row per SKU (listed on every
 * channel at its first price), and the opening stock. Every part of it may be
 * repeated. Answers how many rows and receipts were new. Throws when one is refused.
 */
export async function setUp(
  api: JsonClient,
  mapping: Mapping,
  fileId: string,
  items: readonly OpeningItem[],
  options: { readonly openedAtMs: number; readonly onProgress: (items: number) => void; readonly signal: AbortSignal },
): Promise<number> {
  const { locationId, name } = mapping.location;
  await api.put(`/v1/locations/${encodeURIComponent(locationId)}`, { name, roles: ['ship-from', 'returns'] });
  for (const { channel } of mapping.channels)
    await api.put(`/v1/supply-maps/${channel}`, { locationIds: [locationId] });
  let taken = 0;
  for (let start = 0; start < items.length; start += ITEMS_PER_REQUEST) {
    options.signal.throwIfAborted();
    const batch = items.slice(start, start + ITEMS_PER_REQUEST);
    taken += await postAll(
      api,
      '/v1/catalog/import',
      'rows',
      batch.map((item) => catalogRow(item, mapping)),
    );
    taken += await postAll(
      api,
      '/v1/stock/movements/bulk',
      'movements',
      batch.flatMap((item) => receipt(item, mapping, fileId, options.openedAtMs)),
    );
    options.onProgress(start + batch.length);
  }
  return taken;
}

const ITEMS_PER_REQUEST = 250;

async function postAll(api: JsonClient, path: string, field: string, entries: readonly object[]): Promise<number> {
  const results = await postBulk(
    api,
    path,
    field,
    entries.map((entry) => JSON.stringify(entry)),
  );
  const refused = results.find(isProblem);
  if (refused)
    throw new Error(`${path} refused a part of the set-up (${refused.problem.code}): ${refused.problem.detail}`);
  return results.filter((result) => NEW.has(outcomeOf(result))).length;
}

/** Outcomes of an entry that changed something. */
const NEW = new Set(['created', 'updated', 'recorded']);

function catalogRow({ sku, title, priceMinor }: OpeningItem, { channels, currency }: Mapping): object {
  return {
    productId: sku,
    productTitle: title,
    sku,
    title,
    prices:
      priceMinor === undefined ? [] : channels.map(({ channel }) => ({ channel, currency, amountMinor: priceMinor })),
    listings: channels.map(({ channel }) => ({ channel, externalId: sku })),
  };
}

function receipt({ sku, units }: OpeningItem, { location }: Mapping, fileId: string, openedAtMs: number): object[] {
  if (units === 0) return [];
  const commandId = idFrom(`replay/${fileId}/opening/${sku}`);
  return [{ commandId, kind: 'receipt', sku, locationId: location.locationId, units, occurredAt: toIso(openedAtMs) }];
}
