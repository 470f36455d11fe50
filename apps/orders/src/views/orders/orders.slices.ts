import { z } from 'zod';
import { Rejected } from '#kernel';
import { channelIdSchema, decodeCursor, isoInstant, orderIdSchema, pageOf, pageQuery, toPage } from '#platform';
import { orders } from '../../orders.slices.js';
import { ordersTable } from './order-row.js';
import { SUMMARY } from './orders.query.js';

const filter = z.strictObject({
  channel: channelIdSchema.optional(),
  status: ordersTable.columns.status.shape.optional(),
  phase: ordersTable.columns.phase.shape.optional(),
  ...pageQuery,
});
const cursor = z.tuple([isoInstant, z.string()]);

const summary = ordersTable.answer(...SUMMARY).meta({ id: 'OrderSummary' });

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

export const listOrders = orders.query({
  name: 'ListOrders',
  summary: 'Orders, newest first',
  query: filter,
  answer: pageOf(summary),
  execute: async (asked, { ordersQuery }) => {
    const rows = await ordersQuery.list(asked, decodeCursor(asked.cursor, cursor), asked.limit + 1);
    return toPage(rows, asked.limit, ({ placedAt, orderId }) => [placedAt, orderId]);
  },
});

export const orderById = orders.query({
  name: 'OrderById',
  summary: 'One order with its lines',
  path: { orderId: orderIdSchema },
  answer: details,
  revision: ({ revision }) => revision,
  refusals: { 'not-found': ['unknown-order'] },
  execute: async ({ orderId }, { ordersQuery }) => {
    const order = await ordersQuery.byId(orderId);
    if (!order)
      throw new Rejected(
        'not-found',
        'unknown-order',
        `There is no order ${orderId}, or it has not reached this view yet.`,
        { orderId },
      );
    return order;
  },
});
