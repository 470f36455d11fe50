import type { StockEvent } from '#contracts';
import type { EventStore, RecordedEvent } from '#event-sourcing';

/** What the log itself says of one SKU. */
export interface StockInLog {
  received: number;
  reserved: number;
  reservations: number;
}

/** Reads the log after a position and adds up, per stream, what was received and what was promised. */
export async function stockInLog(
  store: EventStore,
  after = 0,
  onReservation: (reservationId: string) => void = () => {},
): Promise<Map<string, StockInLog>> {
  const streams = new Map<string, StockInLog>();
  for (let position = after; ; ) {
    const page = await store.readAll({ after: position, limit: 10_000, filter: { categories: ['stock'] } });
    for (const event of page.events as readonly RecordedEvent<StockEvent>[]) {
      const stock = streams.get(event.stream) ?? { received: 0, reserved: 0, reservations: 0 };
      streams.set(event.stream, stock);
      if (event.type === 'StockReceived') stock.received += event.data.units;
      if (event.type !== 'StockReserved') continue;
      stock.reserved += event.data.units;
      stock.reservations += 1;
      onReservation(event.data.reservationId);
    }
    if (page.caughtUp) return streams;
    position = page.position;
  }
}

/** Units promised beyond what was received, over all streams. */
export const oversoldIn = (streams: ReadonlyMap<string, StockInLog>): number =>
  [...streams.values()].reduce((units, { received, reserved }) => units + Math.max(0, reserved - received), 0);

export const reservationsIn = (streams: ReadonlyMap<string, StockInLog>): number =>
  [...streams.values()].reduce((sum, { reservations }) => sum + reservations, 0);
