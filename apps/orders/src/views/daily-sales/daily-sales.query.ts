import { type ReadModels, type RowOf, schemaOf } from '#read-models';
import { dailySalesTable } from '../orders/day-changes.js';
import { ordersProjection } from '../orders/orders.projection.js';

/** What one channel sold on one UTC day in one currency. Units and revenue are without what was cancelled since. */
export type DailySales = Readonly<RowOf<typeof dailySalesTable>>;

export interface DailySalesFilter {
  readonly channel?: string | undefined;
  /** First and last day, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export type DailySalesCursor = readonly [day: string, channel: string, currency: string];

/** What was sold, per channel and day. */
export class DailySalesQuery {
  constructor(private readonly readModels: ReadModels) {}

  /** Up to `limit` rows after the cursor, oldest day first. */
  list(
    { channel, from, to }: DailySalesFilter,
    after: DailySalesCursor | undefined,
    limit: number,
  ): Promise<DailySales[]> {
    return this.readModels.query<DailySales>(
      `select ${dailySalesTable.select()} from ${schemaOf(ordersProjection.name)}.daily_sales
        where ($1::text is null or channel = $1) and ($2::date is null or day >= $2) and ($3::date is null or day <= $3)
          and ($4::date is null or (day, channel, currency) > ($4::date, $5::text, $6::text))
        order by day, channel, currency limit $7`,
      [channel, from, to, ...(after ?? [undefined, undefined, undefined]), limit],
    );
  }
}
