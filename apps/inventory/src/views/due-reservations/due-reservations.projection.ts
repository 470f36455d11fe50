import type { StockEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { bulkDelete, bulkUpsert, type Projection } from '#read-models';
import { skuOf } from '../../stock/sku-of.js';

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
    const { open, ended } = changesOf(page as readonly RecordedEvent<HoldEvent>[]);
    await bulkDelete(tx, { ...shape, rows: ended });
    await bulkUpsert(tx, { ...shape, rows: open });
  },
  analystViews: [
    {
      name: 'open_reservations',
      description: 'Units held for carts and checkouts, with the time at which they become free again',
      select: 'select sku, reservation_id, channel, units, due_at from holds',
    },
  ],
};

interface HoldRow {
  readonly sku: string;
  readonly reservation_id: string;
  readonly channel: string;
  readonly units: number;
  readonly due_at: string;
}

/** The holds that a page leaves open, and those from before it that it ends. */
export function changesOf(page: readonly RecordedEvent<HoldEvent>[]): {
  readonly open: HoldRow[];
  readonly ended: Pick<HoldRow, 'sku' | 'reservation_id'>[];
} {
  const open = new Map<string, HoldRow>();
  const ended = new Map<string, Pick<HoldRow, 'sku' | 'reservation_id'>>();
  for (const event of page) {
    const hold = { sku: skuOf(event.stream), reservation_id: event.data.reservationId };
    // Both may hold slashes; only SKUs hold blanks.
    const key = `${hold.reservation_id} ${hold.sku}`;
    if (event.type === 'StockReserved') {
      const { channel, units, dueAt } = event.data;
      open.set(key, { ...hold, channel, units, due_at: dueAt });
    } else if (!open.delete(key)) ended.set(key, hold);
  }
  return { open: [...open.values()], ended: [...ended.values()] };
}
