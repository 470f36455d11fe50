import { z } from 'zod';
import { channelIdSchema, decodeCursor, isoDay, pageOf, pageQuery, toPage } from '#platform';
import { orders } from '../../orders.slices.js';
import { dailySalesTable } from '../orders/day-changes.js';

const day = isoDay.meta({ description: 'UTC day, included' });
const filter = z
  .strictObject({ channel: channelIdSchema.optional(), from: day.optional(), to: day.optional(), ...pageQuery })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    message: 'Send a day that is not before "from".',
  });
const cursor = z.tuple([isoDay, z.string(), z.string()]);

const salesOfDay = dailySalesTable
  .answer(
    'channel',
    'day',
    'currency',
    'orders',
    'units',
    'revenueMinor',
    'chargesMinor',
    'cancelledUnits',
    'returnedUnits',
  )
  .meta({ id: 'DailySales' });

export const dailySales = orders.query({
  name: 'DailySales',
  summary:
    'What was sold per channel, day and currency, oldest day first. Changes to an order correct the day it was placed on',
  query: filter,
  answer: pageOf(salesOfDay),
  execute: async (asked, { dailySalesQuery }) => {
    const rows = await dailySalesQuery.list(asked, decodeCursor(asked.cursor, cursor), asked.limit + 1);
    return toPage(rows, asked.limit, (row) => [row.day, row.channel, row.currency]);
  },
});
