import { type EventStore } from '#event-sourcing';
import { Rejected } from '#kernel';
import { type ReadModels, Runners } from '#read-models';
import { stockProjection } from '../views/stock/stock.projection.js';

/** What stands at a location, as of everything recorded until now. */
export class LocationContents {
  constructor(
    private readonly store: EventStore,
    private readonly readModels: Pick<ReadModels, 'query'>,
    private readonly runners: Runners,
  ) {}

  /** Throws `Rejected('location-not-empty')` with some of the SKUs that stand there or are promised from there. */
  async requireEmpty(locationId: string): Promise<void> {
    const skus = await this.skusAt(locationId);
    if (skus.length === 0) return;
    const some = `${skus.slice(0, 3).join(', ')}${skus.length > 3 ? ' and others' : ''}`;
    throw new Rejected(
      'conflict',
      'location-not-empty',
      `Units of ${some} stand at ${locationId} or are promised from there. Move, ship or count them first.`,
      { skus },
    );
  }

  /** Up to {@link SKUS_MAX} SKUs with units there, bound to orders or held. Rare, so every SKU is looked at. */
  private async skusAt(locationId: string): Promise<readonly string[]> {
    await this.runners.projection(stockProjection.name).waitFor(await this.store.head(), WAIT_MS);
    const rows = await this.readModels.query<{ sku: string }>(
      `select sku from view_stock.stock cross join lateral (select figures -> 'levels' -> $1 as level) as there
        where coalesce((level ->> 'onHand')::bigint, 0) <> 0 or coalesce((level ->> 'allocated')::bigint, 0) <> 0
           or coalesce((level ->> 'reserved')::bigint, 0) <> 0
        order by sku limit ${SKUS_MAX}`,
      [locationId],
    );
    return rows.map(({ sku }) => sku);
  }
}

const SKUS_MAX = 20;
const WAIT_MS = 10_000;
