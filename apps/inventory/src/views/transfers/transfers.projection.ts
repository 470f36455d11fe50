import { type TransferEvent, transferEvents, typesOf } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import type { ExceptionSource } from '#platform';
import { column, defineTable, orNull, type Projection, type RowOf, schemaOf } from '#read-models';
import { linesAfter, openUnits, type TransferLine, type TransferLines } from '../../transfer/transfer.js';

export const transferStatuses = ['in-transit', 'partly-received', 'received', 'cancelled'] as const;

export const transfersTable = defineTable({
  name: 'transfers',
  columns: {
    transferId: column.code('The transfer'),
    fromLocation: column.code('Where the goods came from'),
    toLocation: column.code('Where they go'),
    status: column.oneOf(transferStatuses, 'partly-received: also where more arrived than was dispatched'),
    lines: column.json<{ readonly lines: TransferLines }>('Units of each SKU'),
    openUnits: column.units('Neither received nor settled, or received beyond what was dispatched'),
    dispatchedAt: column.instant('When they left'),
    expectedAt: orNull(column.instant('When they should arrive')),
    differsSince: orNull(
      column.instant('When what arrived was first not what was dispatched; null while nothing arrived'),
    ),
    dispatchedPosition: column.count('Position of the event that dispatched it'),
    revision: column.count('Of the last event of the transfer'),
  },
  key: ['transferId'],
  indexes: {
    transfers_by_position: ['dispatchedPosition'],
    transfers_open: { on: ['dispatchedPosition'], where: 'open_units > 0' },
  },
});
export type TransferRow = RowOf<typeof transfersTable>;

/** Goods on their way between locations, and what did not arrive as it was dispatched. */
export const transfersProjection: Projection = {
  name: 'transfers',
  version: 1,
  tables: [transfersTable],
  types: typesOf(transferEvents),
  apply: async (page, tx) => {
    const events = page as readonly RecordedEvent<TransferEvent>[];
    const ids = [...new Set(events.map(({ data }) => data.transferId))];
    const stored = await transfersTable.byKeys(
      tx,
      ids.map((transferId) => ({ transferId })),
    );
    const rows = new Map(stored.map((row) => [row.transferId, row]));
    for (const event of events) {
      const row = next(rows.get(event.data.transferId), event);
      if (row) rows.set(row.transferId, row);
    }
    await transfersTable.upsert(tx, [...rows.values()]);
  },
  analystViews: [
    {
      name: 'transfers',
      description:
        'Units of each SKU that went from one location to another; open_units are on their way, missing or, below zero, surplus',
      columns: {
        transferId: column.code('The transfer'),
        fromLocation: column.code('Where the goods came from'),
        toLocation: column.code('Where they go'),
        status: column.oneOf(transferStatuses, 'How the transfer stands'),
        dispatchedAt: column.instant('When they left'),
        expectedAt: orNull(column.instant('When they should arrive')),
        sku: column.code('The SKU'),
        dispatched: column.units('Left'),
        received: column.units('Arrived'),
        settled: column.units('Accepted as lost, found elsewhere, or back at the sender; below zero for a surplus'),
        openUnits: column.units('Neither received nor settled; below zero where more arrived than was dispatched'),
      },
      select: `
        select transfer_id, from_location, to_location, status, dispatched_at, expected_at, line.sku, line.dispatched, line.received,
               line.settled, line.dispatched - line.received - line.settled as open_units
          from transfers
         cross join lateral jsonb_to_recordset(lines -> 'lines')
               as line (sku text, dispatched bigint, received bigint, settled bigint)`,
    },
  ],
};

/** What arrived is not what was dispatched: a part is missing, or more came. */
export const transferDifferences: ExceptionSource = {
  kind: 'transfer-difference',
  whatToDo:
    'Count what arrived. The case closes when the rest is received. Else settle each SKU with POST /v1/transfers/{transferId}/settlements as lost or found, or cancel what is still to come.',
  openCases: `
    select transfer_id as subject, differs_since as since,
           open_units || ' units from ' || from_location || ' to ' || to_location || ' differ.' as detail
      from ${schemaOf('transfers')}.transfers where differs_since is not null`,
};

function next(row: TransferRow | undefined, event: RecordedEvent<TransferEvent>): TransferRow | undefined {
  const { type, data, metadata, position, revision } = event;
  if (type === 'TransferDispatched') {
    const lines = linesAfter([], event);
    return {
      transferId: data.transferId,
      fromLocation: data.from,
      toLocation: data.to,
      status: 'in-transit',
      lines: { lines },
      openUnits: differing(lines),
      dispatchedAt: metadata.occurredAt,
      expectedAt: data.expectedAt ?? null,
      differsSince: null,
      dispatchedPosition: position,
      revision,
    };
  }
  if (!row || revision <= row.revision) return row;
  const lines = linesAfter(row.lines.lines, event);
  const open = differing(lines);
  const arrived = lines.some(({ received }) => received > 0);
  const differs = open > 0 && arrived;
  return {
    ...row,
    lines: { lines },
    openUnits: open,
    status: statusAfter(row, type, open, arrived),
    differsSince: differs ? (row.differsSince ?? event.recordedAt) : null,
    revision,
  };
}

function statusAfter(
  { status }: TransferRow,
  type: TransferEvent['type'],
  open: number,
  arrived: boolean,
): TransferRow['status'] {
  if (type === 'TransferCancelled' || status === 'cancelled') return 'cancelled';
  if (open === 0) return 'received';
  return arrived ? 'partly-received' : 'in-transit';
}

const differing = (lines: readonly TransferLine[]): number =>
  lines.reduce((sum, line) => sum + Math.abs(openUnits(line)), 0);
