import type { StockEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { bulkDelete, bulkUpsert, type Projection } from '#read-models';
import { skuOf } from '../stock/stock.projection.js';

type HoldEvent = Extract<StockEvent, { type: 'StockReserved' | `StockReservation${string}` }>;

const shape = {
  table: 'holds',
  key: ['sku', 'reservation_id'],
  columns: { sku: 'text', reservation_id: 'text', channel: 'text', units: 'bigint', due_at: 'timestamptz' },
} as const;

/** Open reservations by due time, for the process that lets them expire. */
export const dueReservationsProjection: Projection = {
  name: 'due-reservations',
  version: 1,
  schema: `
    create table holds (
      sku text collate "C" not null,
      reservation_id text collate "C" not null,
      channel text not null,
      units bigint not null,
      due_at timestamptz not null,
      primary key (sku, reservation_id)
    );
    create index holds_by_due_time on holds (due_at);
  `,
  types: ['StockReserved', 'StockReservationConfirmed', 'StockReservationReleased', 'StockReservationExpired'],
  // Who looks for due holds looks twice a second at most.
  paceMs: 250,
  apply: async (page, tx) => {
    const open = new Map<string, object>();
    const ended = new Map<string, { sku: string; reservation_id: string }>();
    for (const event of page as readonly RecordedEvent<HoldEvent>[]) {
      const place = { sku: skuOf(event.stream), reservation_id: event.data.reservationId };
      // Both may hold slashes; only SKUs hold blanks.
      const key = `${place.reservation_id} ${place.sku}`;
      if (event.type === 'StockReserved') {
        const { channel, units, dueAt } = event.data;
        open.set(key, { ...place, channel, units, due_at: dueAt });
      } else if (!open.delete(key)) ended.set(key, place);
    }
    await bulkDelete(tx, { ...shape, rows: [...ended.values()] });
    await bulkUpsert(tx, { ...shape, rows: [...open.values()] });
  },
  analystViews: [
    {
      name: 'open_reservations',
      description: 'Units held for carts and checkouts, with the time at which they become free again',
      select: 'select sku, reservation_id, channel, units, due_at from holds',
    },
  ],
};
