import { z } from 'zod';
import { Rejected } from '#kernel';
import { decodeCursor, pageOf, pageQuery, toPage } from '#platform';
import { inventory } from '../../inventory.slices.js';
import { openUnits } from '../../transfer/transfer.js';
import { transferIdSchema } from '../../transfer/transfer.slices.js';
import { type TransferRow, transfersTable } from './transfers.projection.js';

const line = z.object({
  sku: z.string(),
  dispatched: z.int(),
  received: z.int(),
  settled: z.int().meta({ description: 'Lost, found elsewhere, or back at the sender; below zero for a surplus' }),
  openUnits: z
    .int()
    .meta({ description: 'On their way or missing; below zero where more arrived than was dispatched' }),
});
export const transfer = transfersTable
  .answer('transferId', 'status', 'openUnits', 'dispatchedAt', 'revision')
  .extend({
    from: z.string(),
    to: z.string(),
    expectedAt: z.string().optional(),
    differsSince: z.string().optional().meta({ description: 'Since when what arrived is not what was dispatched' }),
    lines: z.array(line),
  })
  .meta({ id: 'Transfer' });

const WHERE = {
  open: 'open_units > 0',
  difference: 'differs_since is not null',
  closed: 'open_units = 0',
} as const;

export const listTransfers = inventory.query({
  name: 'ListTransfers',
  summary:
    'Transfers between locations, the newest first: on their way or with a difference, with a difference only, or closed',
  query: z.strictObject({ state: z.enum(['open', 'difference', 'closed']).default('open'), ...pageQuery }),
  answer: pageOf(transfer),
  execute: async ({ state, limit, cursor }, { readModels }) => {
    const rows = await readModels.query<TransferRow>(
      `select ${transfersTable.select()} from view_transfers.transfers
        where ${WHERE[state]} and dispatched_position < $1 order by dispatched_position desc limit $2`,
      [decodeCursor(cursor, z.int()) ?? Number.MAX_SAFE_INTEGER, limit + 1],
    );
    const { items, ...page } = toPage(rows, limit, ({ dispatchedPosition }) => dispatchedPosition);
    return { items: items.map(answerOf), ...page };
  },
});

export const transferById = inventory.query({
  name: 'TransferById',
  summary: 'One transfer with its lines',
  path: { transferId: transferIdSchema },
  answer: transfer,
  revision: ({ revision }) => revision,
  refusals: { 'not-found': ['unknown-transfer'] },
  execute: async ({ transferId }, { readModels }) => {
    const [row] = await readModels.query<TransferRow>(
      `select ${transfersTable.select()} from view_transfers.transfers where transfer_id = $1`,
      [transferId],
    );
    if (row) return answerOf(row);
    throw new Rejected(
      'not-found',
      'unknown-transfer',
      `There is no transfer ${transferId}, or it has not reached this view yet.`,
    );
  },
});

function answerOf(row: TransferRow): z.output<typeof transfer> {
  const { transferId, fromLocation, toLocation, status, dispatchedAt, expectedAt, differsSince, revision } = row;
  return {
    transferId,
    from: fromLocation,
    to: toLocation,
    status,
    openUnits: row.openUnits,
    dispatchedAt,
    revision,
    ...(expectedAt !== null && { expectedAt }),
    ...(differsSince !== null && { differsSince }),
    lines: row.lines.lines.map((each) => ({ ...each, openUnits: openUnits(each) })),
  };
}
