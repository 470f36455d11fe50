import { randomUUID } from 'node:crypto';
import type { EventStore, NewEvent, StreamAppend } from '#event-sourcing';
import { metadata } from './stock-side.js';

const STREAMS = 2_000;
const EVENTS_PER_APPEND = 1_000;

/** Fills an empty log with deliveries of stock, dealt out to 2,000 SKUs in turn. */
export async function fillWithDeliveries(store: EventStore, events: number): Promise<void> {
  for (let from = 0; from < events; from += EVENTS_PER_APPEND) {
    const count = Math.min(EVENTS_PER_APPEND, events - from);
    await store.append(Array.from({ length: count }, (_, index) => deliveryTo((from + index) % STREAMS)));
  }
}

const deliveryTo = (sku: number): StreamAppend => ({
  stream: `stock-SKU-${sku}`,
  expected: 'any',
  events: [delivery()],
});

const delivery = (): NewEvent => ({
  id: randomUUID(),
  type: 'StockReceived',
  data: { locationId: 'main', units: 5, reference: 'delivery-note-2026-000123' },
  metadata: metadata(),
});
