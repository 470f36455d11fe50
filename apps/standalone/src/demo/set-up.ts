import { type CatalogueRow, listingsOn } from './demo-catalogue.js';
import { CHANNELS, LOCATIONS, type StockPlan } from './demo-plan.js';
import type { DemoTime } from './demo-time.js';
import type { Einklang, Receipt } from './einklang.js';
import type { Shops } from './shops.js';

export interface SetUp {
  readonly einklang: Einklang;
  readonly shops: Shops;
  /** Address of the simulated shop, as the connector reaches it. */
  readonly shopUrl: string;
  readonly rows: readonly CatalogueRow[];
  readonly plan: StockPlan;
  readonly time: DemoTime;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** Brings channels, locations, catalogue and stock to where shoppers find something. Running it again changes nothing. */
export async function setUp(options: SetUp): Promise<void> {
  const { einklang, shops, shopUrl, rows, plan, tell } = options;
  tell(`Opening ${LOCATIONS.length} locations and ${CHANNELS.length} channels.`);
  for (const { locationId, name } of LOCATIONS) await einklang.openLocation(locationId, name);
  for (const [index, channel] of CHANNELS.entries()) {
    await einklang.registerChannel(channel, shopUrl);
    await einklang.setSupplyMap(
      channel.channel,
      rotated(LOCATIONS, index).map(({ locationId }) => locationId),
    );
    await einklang.setStockRule(channel.channel, plan.buffer);
  }
  tell(`Listing ${rows.length} SKUs on every channel.`);
  await Promise.all(CHANNELS.map((channel) => shops.putListings(channel.channel, listingsOn(channel, rows))));
  await einklang.importCatalogue(rows);
  const receipts = await openingReceipts(options);
  if (receipts.length > 0) {
    tell(`Receiving opening stock: ${receipts.length} deliveries of ${plan.delivery} units.`);
    for (const part of partsOf(receipts, RECEIPTS_PER_REQUEST)) await einklang.receive(part);
  }
  tell('Waiting until every channel shows stock.');
  await Promise.all(CHANNELS.map(({ channel }) => untilStockIsShown(channel, options)));
}

const RECEIPTS_PER_REQUEST = 500;
const PARALLEL_READS = 10;
/** The rest may be sold out, or waiting for a delivery. */
const SHOWN_PERCENT = 90;
const POLL_MS = 100;

/** For the SKUs that a location has never held. Ids are fixed, so a set-up that was broken off goes on where it was. */
async function openingReceipts({ einklang, rows, plan }: SetUp): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (const part of partsOf(rows, PARALLEL_READS)) {
    const held = await Promise.all(part.map(({ sku }) => einklang.locationsOf(sku)));
    for (const [index, { sku }] of part.entries()) {
      const missing = LOCATIONS.filter(({ locationId }) => !held[index]?.includes(locationId));
      for (const { locationId } of missing) {
        receipts.push({ commandId: `demo/opening/${sku}/${locationId}`, sku, locationId, units: plan.delivery });
      }
    }
  }
  return receipts;
}

async function untilStockIsShown(channel: string, { shops, rows, time, signal }: SetUp): Promise<void> {
  for (;;) {
    const shown = await shops.shownUnits(channel);
    const inStock = rows.filter(({ sku }) => (shown.get(sku) ?? 0) > 0).length;
    if (inStock * 100 >= rows.length * SHOWN_PERCENT) return;
    await time.pause(POLL_MS, signal);
  }
}

const rotated = <Item>(items: readonly Item[], by: number): Item[] => {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
};

export const partsOf = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, part) => items.slice(part * size, (part + 1) * size));
