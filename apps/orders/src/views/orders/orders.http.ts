import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Rejected } from '#kernel';
import { channelIdSchema, decodeCursor, isoInstant, type PageOf, Problems, pageOf, pageQuery, toPage } from '#platform';
import { orderIdParameter } from '../../order/order-lines.schema.js';
import { type OrderDetails, type OrderSummary, OrdersQuery } from './orders.query.js';

const status = z
  .enum(['unknown', 'submitted', 'declined', 'placed'])
  .meta({ description: '`unknown`: units moved under its id, and no channel has sent it' });
const phase = z.enum(['open', 'partly-shipped', 'shipped', 'partly-returned', 'returned', 'cancelled']);
const filter = z.strictObject({
  channel: channelIdSchema.optional(),
  status: status.optional(),
  phase: phase.optional(),
  ...pageQuery,
});
const cursor = z.tuple([isoInstant, z.string()]);

const summary = z
  .object({
    orderId: z.string(),
    channel: z.string(),
    externalId: z.string().nullable().meta({ description: "The channel's own number; null for our own shop" }),
    status,
    phase,
    currency: z.string(),
    totalMinor: z.int().meta({ description: 'Minor units, without what was cancelled' }),
    chargesMinor: z.int().meta({ description: 'The part of the total that is no goods' }),
    units: z.int().meta({ description: 'Ordered and not cancelled' }),
    cancelledUnits: z.int(),
    shippedUnits: z.int(),
    returnedUnits: z.int(),
    placedAt: z.string(),
    revision: z.int(),
  })
  .meta({ id: 'OrderSummary' });

const line = z.object({
  lineId: z.string(),
  sku: z.string(),
  unitPriceMinor: z.int(),
  ordered: z.int(),
  cancelled: z.int(),
  shipped: z.int(),
  returned: z.int(),
});
const charge = z.object({ lineId: z.string(), code: z.string().optional(), amountMinor: z.int() });
const offer = z.object({ lineId: z.string(), externalId: z.string(), units: z.int(), unitPriceMinor: z.int() });
const details = summary
  .extend({
    lines: z.array(line),
    charges: z.array(charge).meta({ description: 'Shipping and surcharges, and below zero discounts' }),
    offers: z.array(offer).meta({ description: 'Goods sold by an offer that leads to no SKU yet' }),
  })
  .meta({ id: 'Order' });

@ApiTags('orders')
@Controller('v1/orders')
export class OrdersController {
  constructor(private readonly orders: OrdersQuery) {}

  @Get()
  @ApiOperation({ summary: 'Orders, newest first' })
  @ApiOkResponse({ standardSchema: pageOf(summary) })
  async list(@Query({ schema: filter }) query: z.output<typeof filter>): Promise<PageOf<OrderSummary>> {
    const after = decodeCursor(query.cursor, cursor);
    const rows = await this.orders.list(query, after, query.limit + 1);
    return toPage(rows, query.limit, ({ placedAt, orderId }) => [placedAt, orderId]);
  }

  @Get(':orderId')
  @ApiOperation({ summary: 'One order with its lines' })
  @Problems({ 'not-found': ['unknown-order'] })
  @ApiOkResponse({ standardSchema: details })
  async byId(@Param('orderId', orderIdParameter) orderId: string): Promise<OrderDetails> {
    const order = await this.orders.byId(orderId);
    if (!order)
      throw new Rejected(
        'not-found',
        'unknown-order',
        `There is no order ${orderId}, or it has not reached this view yet.`,
        { orderId },
      );
    return order;
  }
}
