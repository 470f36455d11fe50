import type { Charge, OfferLine } from '#contracts';
import { type ReadModels, schemaOf } from '#read-models';
import type { Line } from '../../order/lines.js';
import { lineFrom, type OrderPhase, type OrderRow, type StoredLine } from './order-row.js';
import { ordersProjection } from './orders.projection.js';

/** An order without its lines. */
export interface OrderSummary {
  readonly orderId: string;
  readonly channel: string;
  readonly externalId: string | null;
  readonly status: OrderRow['status'];
  readonly phase: OrderPhase;
  readonly currency: string;
  /** Ordered and not cancelled, like the units. */
  readonly totalMinor: number;
  /** The part of the total that is no goods. */
  readonly chargesMinor: number;
  readonly units: number;
  readonly cancelledUnits: number;
  readonly shippedUnits: number;
  readonly returnedUnits: number;
  readonly placedAt: string;
  readonly revision: number;
}

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
    const sql = `select ${SUMMARY}, lines, charges, offers from ${TABLE} where order_id = $1`;
    const [row] = await this.readModels.query<
      OrderSummary & Pick<OrderRow, 'charges' | 'offers'> & { lines: readonly StoredLine[] }
    >(sql, [orderId]);
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
      `select ${SUMMARY} from ${TABLE} ${where} order by placed_at desc, order_id desc limit $${params.length + 1}`,
      [...params, limit],
    );
  }
}

const TABLE = `${schemaOf(ordersProjection.name)}.orders`;

const SUMMARY = `order_id as "orderId", channel, external_id as "externalId", status, phase, currency, total_minor as "totalMinor",
  charges_minor as "chargesMinor", units,
  cancelled_units as "cancelledUnits", shipped_units as "shippedUnits", returned_units as "returnedUnits", placed_at as "placedAt", revision`;
