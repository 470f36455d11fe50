import type { EventStore } from '#event-sourcing';
import type { ReadModels, Runners } from '#read-models';
import type { SkusAtLocation } from '../../supply/location-contents.js';
import type { Supply } from '../../supply/policies.js';
import type { SupplySnapshot } from '../../supply/supply-directory.js';
import { stockProjection } from './stock.projection.js';

/** What the write side asks the stock view for, so that it knows nothing of its tables. */
export class StockViewPorts implements SupplySnapshot, SkusAtLocation {
  constructor(
    private readonly store: EventStore,
    private readonly readModels: Pick<ReadModels, 'query'>,
    private readonly runners: Runners,
  ) {}

  /** What the view has folded, and up to where: one commit keeps both together. Undefined where the view is new. */
  async latest(): Promise<{ readonly supply: Supply; readonly position: number } | undefined> {
    const [there] = await this.readModels.query<{ exists: boolean }>(
      "select to_regclass('view_stock.supply') is not null as exists",
    );
    if (!there?.exists) return undefined;
    const [row] = await this.readModels.query<{ supply: Supply; position: number }>(
      `select s.supply, c.position from view_stock.supply s, read_models.checkpoints c
       where c.kind = 'projection' and c.name = $1 and c.version = $2`,
      [stockProjection.name, stockProjection.version],
    );
    return row;
  }

  /** Rare, so every SKU is looked at. */
  async skusAt(locationId: string, limit: number): Promise<readonly string[]> {
    await this.runners.projection(stockProjection.name).waitFor(await this.store.head(), WAIT_MS);
    const rows = await this.readModels.query<{ sku: string }>(
      `select sku from view_stock.stock cross join lateral (select figures -> 'levels' -> $1 as level) as there
        where coalesce((level ->> 'onHand')::bigint, 0) <> 0 or coalesce((level ->> 'allocated')::bigint, 0) <> 0
           or coalesce((level ->> 'reserved')::bigint, 0) <> 0 or coalesce((level ->> 'inTransit')::bigint, 0) <> 0
        order by sku limit $2`,
      [locationId, limit],
    );
    return rows.map(({ sku }) => sku);
  }
}

const WAIT_MS = 10_000;
