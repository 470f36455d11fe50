import { z } from 'zod';
import { channelSale } from '#contracts';
import { Rejected } from '#kernel';
import { bulkResults, MAX_BULK_BODY_BYTES, resultsTogether, rowsOf } from '#platform';
import { orders } from '../orders.slices.js';
import { linesOf } from './orders-intake.js';

/** The published shape. People are named here, and hashed; no caller sends hashes. */
const sale = channelSale.omit({ buyer: true, cause: true }).meta({
  id: 'ChannelSale',
  description: 'A sale as a channel or a till reports it. Fields that are not known are ignored',
});

const recordedSale = z
  .object({
    orderId: z.string(),
    status: z.enum(['recorded', 'amended', 'duplicate', 'outdated', 'repeated']),
    revision: z.int().meta({ description: 'Revision of the order' }),
    position: z.int().meta({ description: 'A view that has reached this position shows the sale' }),
  })
  .meta({ id: 'RecordedSale' });

/** A line is a booking of stock; the longest requests are half a minute of work. */
const MAX_BULK_LINES = 120_000;

function refuseTooManyLines(lines: number): void {
  if (lines <= MAX_BULK_LINES) return;
  throw new Rejected(
    'invalid',
    'too-many-lines',
    `The sales have ${lines} lines in all; one request takes ${MAX_BULK_LINES}. Send them in several requests.`,
    { lines, most: MAX_BULK_LINES },
  );
}

export const recordSale = orders.command({
  name: 'RecordSale',
  summary: 'Records a sale that has happened on a channel. The same message twice changes nothing',
  body: sale,
  answer: recordedSale,
  status: 201,
  success: 'What became of it',
  refusals: {
    invalid: ['nothing-sold', 'total-too-large', 'unusable-text', 'invalid-placed-at'],
    conflict: ['not-a-channel-order'],
  },
  execute: async (reported, { intake }, metadata) => {
    const [result] = await intake.record([reported], metadata);
    if (result === undefined || result instanceof Error) throw result;
    return result;
  },
});

export const recordSalesInBulk = orders.command({
  name: 'RecordSalesInBulk',
  summary:
    'Records up to 500 sales of 120,000 lines in all, with a result for each in their order. Revisions of one order are applied in that order',
  body: z.strictObject({ sales: rowsOf(sale, 500) }).meta({ id: 'ChannelSales' }),
  bodyLimitBytes: MAX_BULK_BODY_BYTES,
  answer: bulkResults(recordedSale.pick({ orderId: true, status: true })).extend({ position: z.int() }),
  success: 'A result per sale',
  refusals: { invalid: ['too-many-lines'] },
  execute: async ({ sales }, { intake }, metadata) => {
    const recorded = await resultsTogether(sales, (sound) => {
      refuseTooManyLines(linesOf(sound));
      return intake.record(sound, metadata);
    });
    return {
      results: recorded.map((row) => ('problem' in row ? row : { orderId: row.orderId, status: row.status })),
      position: Math.max(0, ...recorded.map((row) => ('problem' in row ? 0 : row.position))),
    };
  },
});
