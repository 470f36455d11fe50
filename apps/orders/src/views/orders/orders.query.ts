import type { Charge, OfferLine } from '#contracts';
import { type ReadModels, type RowOf, schemaOf } from '#read-models';
import type { Line } from '../../order/lines.js';
import { lineFrom, ordersTable } from './order-row.js';
import { ordersProjection } from './orders.projection.js';

/** What is answered of an order without its lines. */
export const SUMMARY = [
  'orderId',
  'channel',
  'externalId',
  'status',
  'phase',
  'currency',
  'totalMinor',
  'chargesMinor',
  'units',
  'cancelledUnits',
  'shippedUnits',
  'returnedUnits',
  'placedAt',
  'revision',
] as const;
export type OrderSummary = Readonly<Pick<RowOf<typeof ordersTable>, (typeof SUMMARY)[number]>>;

export interface OrderDetails extends OrderSummary {
  readonly lines: readonly Line[];
  readonly charges: readonly Charge[];
  readonly offers: readonly OfferLine[];
}

export interface OrdersFilter {
  readonly channel?: string | undefined;
  readonly status?: string | undefined;
  readonly phase?: string | undefined;
}

/** Where a page ended: the newest orders come first. */
export type OrdersCursor = readonly [placedAt: string, orderId: string];

/** Which orders there are, and how they stand. */
export class OrdersQuery {
  constructor(private readonly readModels: ReadModels) {}

  async byId(orderId: string): Promise<OrderDetails | undefined> {
    const [row] = await this.readModels.query<Omit<RowOf<typeof ordersTable>, 'cases'>>(
      `select ${ordersTable.select([...SUMMARY, 'lines', 'charges', 'offers'])} from ${TABLE} where order_id = $1`,
      [orderId],
    );
    return row && { ...row, lines: row.lines.map(lineFrom), charges: row.charges ?? [], offers: row.offers ?? [] };
  }

  /** Up to `limit` orders after the cursor. */
  list(
    { channel, status, phase }: OrdersFilter,
    after: OrdersCursor | undefined,
    limit: number,
  ): Promise<OrderSummary[]> {
    const given = Object.entries({ channel, status, phase }).filter(([, value]) => value !== undefined);
    const conditions = given.map(([column], index) => `${column} = $${index + 1}`);
    const params: unknown[] = given.map(([, value]) => value);
    if (after) {
      conditions.push(`(placed_at, order_id) < ($${params.length + 1}::timestamptz, $${params.length + 2}::text)`);
      params.push(...after);
    }
    const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
    return this.readModels.query<OrderSummary>(
      `select ${ordersTable.select(SUMMARY)} from ${TABLE} ${where} order by placed_at desc, order_id desc limit $${params.length + 1}`,
      [...params, limit],
    );
  }
}

const TABLE = `${schemaOf(ordersProjection.name)}.orders`;
