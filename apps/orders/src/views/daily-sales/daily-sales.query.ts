import { type ReadModels, schemaOf } from '#read-models';
import { ordersProjection } from '../orders/orders.projection.js';

/** What one channel sold on one UTC day in one currency. Units and revenue are without what was cancelled since. */
export interface DailySales {
  readonly channel: string;
  readonly day: string;
  readonly currency: string;
  readonly orders: number;
  readonly units: number;
  /** Of goods. */
  readonly revenueMinor: number;
  /** What was charged beside the goods; below zero where discounts exceed it. */
  readonly chargesMinor: number;
  readonly cancelledUnits: number;
  readonly returnedUnits: number;
}

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
  async list(
    { channel, from, to }: DailySalesFilter,
    after: DailySalesCursor | undefined,
    limit: number,
  ): Promise<DailySales[]> {
    const rows = await this.readModels.query<
      Omit<DailySales, 'revenueMinor' | 'chargesMinor'> & { revenueMinor: string; chargesMinor: string }
    >(
      `select channel, day, currency, orders, units, revenue_minor as "revenueMinor", charges_minor as "chargesMinor", cancelled_units as "cancelledUnits",
              returned_units as "returnedUnits"
         from ${schemaOf(ordersProjection.name)}.daily_sales
        where ($1::text is null or channel = $1) and ($2::date is null or day >= $2) and ($3::date is null or day <= $3)
          and ($4::date is null or (day, channel, currency) > ($4::date, $5::text, $6::text))
        order by day, channel, currency limit $7`,
      [channel, from, to, ...(after ?? [undefined, undefined, undefined]), limit],
    );
    return rows.map((row) => ({
      ...row,
      revenueMinor: Number(row.revenueMinor),
      chargesMinor: Number(row.chargesMinor),
    }));
  }
}
