import { CHANNELS, type DemoChannel } from './demo-plan.js';
import type { ShopListing } from './shops.js';

/** A row of `POST /v1/catalog/import`. */
export interface CatalogueRow {
  readonly productId: string;
  readonly productTitle: string;
  readonly sku: string;
  readonly title: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly prices: readonly { readonly channel: string; readonly currency: string; readonly amountMinor: number }[];
  readonly listings: readonly { readonly channel: string; readonly externalId: string }[];
}

/** 60 products in 5 colours, the same at every start: each SKU has a price and a listing on every channel. */
export function demoCatalogue(): CatalogueRow[] {
  const products = MATERIALS.flatMap((material) => THINGS.map((thing) => ({ ...material, ...thing })));
  return products.flatMap(({ material, materialCode, factorPercent, thing, thingCode, priceMinor }) => {
    const productTitle = `${material} ${thing}`;
    return COLOURS.map(({ colour, colourCode }) => {
      const sku = `${materialCode}-${thingCode}-${colourCode}`;
      const euroMinor = Math.round((priceMinor * factorPercent) / 10_000) * 100 - 1;
      return {
        productId: `demo-${productTitle.toLowerCase().replaceAll(' ', '-')}`,
        productTitle,
        sku,
        title: `${productTitle}, ${colour}`,
        attributes: { material: material.toLowerCase(), colour },
        prices: CHANNELS.map((channel) => ({
          channel: channel.channel,
          currency: channel.currency,
          amountMinor: priceOn(channel, euroMinor),
        })),
        listings: CHANNELS.map(({ channel }) => ({ channel, externalId: externalIdOf(channel, sku) })),
      };
    });
  });
}

/** What a channel lists of the catalogue. */
export const listingsOn = ({ channel, currency }: DemoChannel, rows: readonly CatalogueRow[]): ShopListing[] =>
  rows.map(({ sku, title, prices }) => ({
    externalId: externalIdOf(channel, sku),
    sku,
    title,
    currency,
    priceMinor: prices.find((price) => price.channel === channel)?.amountMinor ?? 0,
  }));

const externalIdOf = (channel: string, sku: string): string => `${channel}:${sku}`;

const priceOn = ({ pricePercent }: DemoChannel, euroMinor: number): number =>
  Math.round((euroMinor * pricePercent) / 100);

const MATERIALS = [
  { material: 'Linen', materialCode: 'LIN', factorPercent: 120 },
  { material: 'Oak', materialCode: 'OAK', factorPercent: 140 },
  { material: 'Stoneware', materialCode: 'STO', factorPercent: 100 },
  { material: 'Wool', materialCode: 'WOO', factorPercent: 150 },
  { material: 'Recycled Glass', materialCode: 'GLA', factorPercent: 90 },
];

const THINGS = [
  { thing: 'Tray', thingCode: 'TRAY', priceMinor: 2_400 },
  { thing: 'Vase', thingCode: 'VASE', priceMinor: 3_200 },
  { thing: 'Lamp', thingCode: 'LAMP', priceMinor: 7_900 },
  { thing: 'Coaster Set', thingCode: 'COAS', priceMinor: 1_400 },
  { thing: 'Wall Hook', thingCode: 'HOOK', priceMinor: 900 },
  { thing: 'Candle Holder', thingCode: 'CAND', priceMinor: 1_700 },
  { thing: 'Storage Box', thingCode: 'SBOX', priceMinor: 2_900 },
  { thing: 'Picture Frame', thingCode: 'FRAM', priceMinor: 2_100 },
  { thing: 'Plant Pot', thingCode: 'PPOT', priceMinor: 2_600 },
  { thing: 'Table Clock', thingCode: 'CLOC', priceMinor: 4_500 },
  { thing: 'Desk Tidy', thingCode: 'DESK', priceMinor: 1_900 },
  { thing: 'Bookend', thingCode: 'BOOK', priceMinor: 2_300 },
];

const COLOURS = [
  { colour: 'natural', colourCode: 'NAT' },
  { colour: 'forest green', colourCode: 'GRN' },
  { colour: 'night blue', colourCode: 'BLU' },
  { colour: 'terracotta', colourCode: 'TER' },
  { colour: 'chalk white', colourCode: 'WHT' },
];
