export interface DemoChannel {
  readonly channel: string;
  readonly name: string;
  readonly currency: string;
  /** Price of an item there, in percent of its price in euro. */
  readonly pricePercent: number;
  /** Stock requests per second the channel takes. */
  readonly pushesPerSecond: number;
}

export const CHANNELS: readonly DemoChannel[] = [
  { channel: 'own-shop-eu', name: 'Own shop Europe', currency: 'EUR', pricePercent: 100, pushesPerSecond: 100 },
  { channel: 'amazon', name: 'Amazon', currency: 'EUR', pricePercent: 108, pushesPerSecond: 50 },
  { channel: 'ebay', name: 'eBay', currency: 'EUR', pricePercent: 104, pushesPerSecond: 50 },
  { channel: 'etsy', name: 'Etsy', currency: 'USD', pricePercent: 118, pushesPerSecond: 25 },
  { channel: 'tiktok-shop', name: 'TikTok Shop', currency: 'USD', pricePercent: 112, pushesPerSecond: 50 },
];

export const LOCATIONS = [
  { locationId: 'demo-warehouse', name: 'Warehouse' },
  { locationId: 'demo-store', name: 'Store' },
] as const;

/** How much stock a rate of sales needs. */
export interface StockPlan {
  /** Units that every channel keeps back of every SKU. */
  readonly buffer: number;
  /** Units of a SKU that come in at once, in the beginning and whenever it runs low. */
  readonly delivery: number;
  /** A SKU that shows fewer units is running low. */
  readonly low: number;
}

/**
 * A channel shows stock that is older than a moment by the time a push takes. What all channels sell of one SKU within
 * that time must not be more than the buffer; so it holds what the most popular SKU sells within seconds, while pushes
 * take a fraction of one.
 */
export function stockPlanFor(ordersPerSecond: number): StockPlan {
  const hottestPerSecond = ordersPerSecond * UNITS_PER_ORDER * HOTTEST_SHARE;
  const buffer = Math.max(10, Math.ceil(hottestPerSecond * BUFFER_SECONDS));
  const delivery = buffer + Math.max(150, Math.ceil(hottestPerSecond * DELIVERY_SECONDS));
  return { buffer, delivery, low: Math.ceil(delivery / 10) };
}

/** Shoppers take one to three lines of one or two units. */
const UNITS_PER_ORDER = 3;
/** Of all units, those of the most popular of 300 SKUs. */
const HOTTEST_SHARE = 0.03;
const BUFFER_SECONDS = 3;
const DELIVERY_SECONDS = 60;
