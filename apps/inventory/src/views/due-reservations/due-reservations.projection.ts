import type { StockEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { analystsSee, column, defineTable, type Projection, type RowOf } from '#read-models';
import { skuOf } from '../../stock/sku-of.js';

type HoldEvent = Extract<StockEvent, { type: 'StockReserved' | `StockReservation${string}` }>;

const holdsTable = defineTable({
  name: 'holds',
  columns: {
    sku: column.code('What is held'),
    reservationId: column.code('Id of the hold, unique for its SKU'),
    channel: column.text('Where it is about to be bought'),
    units: column.units('Held'),
    dueAt: column.instant('When they become free again'),
  },
  key: ['sku', 'reservationId'],
  indexes: { holds_by_due_time: ['dueAt'] },
});

/** Open reservations by due time, for the process that lets them expire. */
export const dueReservationsProjection: Projection = {
  name: 'due-reservations',
  version: 1,
  tables: [holdsTable],
  types: ['StockReserved', 'StockReservationConfirmed', 'StockReservationReleased', 'StockReservationExpired'],
  // Who looks for due holds looks twice a second at most.
  paceMs: 250,
  apply: async (page, tx) => {
    const { open, ended } = changesOf(page as readonly RecordedEvent<HoldEvent>[]);
    await holdsTable.delete(tx, ended);
    await holdsTable.upsert(tx, open);
  },
  analystViews: [
    analystsSee(holdsTable, {
      name: 'open_reservations',
      description: 'Units held for carts and checkouts, with the time at which they become free again',
    }),
  ],
};

type HoldRow = RowOf<typeof holdsTable>;

/** The holds that a page leaves open, and those from before it that it ends. */
export function changesOf(page: readonly RecordedEvent<HoldEvent>[]): {
  readonly open: HoldRow[];
  readonly ended: Pick<HoldRow, 'sku' | 'reservationId'>[];
} {
  const open = new Map<string, HoldRow>();
  const ended = new Map<string, Pick<HoldRow, 'sku' | 'reservationId'>>();
  for (const event of page) {
    const hold = { sku: skuOf(event.stream), reservationId: event.data.reservationId };
    // Both may hold slashes; only SKUs hold blanks.
    const key = `${hold.reservationId} ${hold.sku}`;
    if (event.type === 'StockReserved') {
      const { channel, units, dueAt } = event.data;
      open.set(key, { ...hold, channel, units, dueAt });
    } else if (!open.delete(key)) ended.set(key, hold);
  }
  return { open: [...open.values()], ended: [...ended.values()] };
}
