import { stableHash } from './channel-rule.js';
import type { PlannedMovement, PlannedSale, PlanSink } from './planner.js';
import { detached } from './sales-row.js';

/** What must be there before the first sale of one SKU. */
export interface OpeningItem {
  readonly sku: string;
  readonly title: string;
  /** The first price above 0 it was sold at. */
  readonly priceMinor?: number;
  /** Opening stock; 0 where nothing is ever taken. */
  readonly units: number;
  /** Whether the sales will ask for more than there is. */
  readonly runsShort: boolean;
}

/**
 * Adds up, per SKU, how far its stock will be drawn down at the worst moment, and from that what must be there at the
 * start. About one SKU in fifty, chosen by a hash of it, gets nine tenths of that and runs short; all others get a tenth
 * more. Corrections alone never find the shelf empty, because a correction below zero would be refused.
 */
export class OpeningStock implements Pick<PlanSink, 'sale' | 'movement'> {
  readonly #items = new Map<string, Drawdown>();
  #earliestMs = Number.POSITIVE_INFINITY;

  sale({ lines, placedAtMs }: PlannedSale): void {
    this.#earliestMs = Math.min(this.#earliestMs, placedAtMs);
    for (const { sku, description, units, unitPriceMinor } of lines) {
      const item = this.#itemOf(sku);
      item.title ??= description === '' ? undefined : detached(description);
      if (unitPriceMinor > 0) item.priceMinor ??= unitPriceMinor;
      item.stock -= units;
      if (item.stock < item.lowestStock) item.lowestStock = item.stock;
    }
  }

  movement({ sku, description, units, occurredAtMs }: PlannedMovement): void {
    this.#earliestMs = Math.min(this.#earliestMs, occurredAtMs);
    const item = this.#itemOf(sku);
    item.fallbackTitle ??= description === '' ? undefined : detached(description);
    item.stock += units;
    item.moved += units;
    if (item.stock < item.lowestStock) item.lowestStock = item.stock;
    if (item.moved < item.lowestMoved) item.lowestMoved = item.moved;
  }

  /** When the first of all sales and movements happened; infinite when there was none. */
  get earliestMs(): number {
    return this.#earliestMs;
  }

  /** One item per SKU, in the order in which the file names them. */
  items(): OpeningItem[] {
    return Array.from(this.#items, ([sku, item]) => {
      const drawdown = -item.lowestStock;
      const units = Math.max(openingUnits(drawdown, isChosenToRunShort(sku)), -item.lowestMoved);
      return {
        sku,
        title: item.title ?? item.fallbackTitle ?? sku,
        ...(item.priceMinor !== undefined && { priceMinor: item.priceMinor }),
        units,
        runsShort: units < drawdown,
      };
    });
  }

  #itemOf(sku: string): Drawdown {
    let item = this.#items.get(sku);
    if (!item) {
      item = { stock: 0, lowestStock: 0, moved: 0, lowestMoved: 0 };
      this.#items.set(detached(sku), item);
    }
    return item;
  }
}

interface Drawdown {
  title?: string | undefined;
  fallbackTitle?: string | undefined;
  priceMinor?: number;
  /** What is left of an empty shelf: sales and corrections. */
  stock: number;
  lowestStock: number;
  /** The same by returns and corrections alone. */
  moved: number;
  lowestMoved: number;
}

const RUNS_SHORT_ONE_IN = 50;

const isChosenToRunShort = (sku: string): boolean => stableHash(`short ${sku}`) % RUNS_SHORT_ONE_IN === 0;

const openingUnits = (drawdown: number, runsShort: boolean): number =>
  runsShort ? Math.floor((drawdown * 9) / 10) : drawdown + Math.ceil(drawdown / 10);
