import { randomUUID } from 'node:crypto';
import type { StockEvent } from '#contracts';
import type { EventStore, NewEvent } from '#event-sourcing';
import { metadata, reserveOne, type StockSide } from './stock-side.js';

/** A stream of at least so many events, through the command runner, so that it has the snapshots it would have. */
export async function fillStream(stock: StockSide, sku: string, events: number): Promise<void> {
  const { revision } = await stock.receive(sku, 1_000_000_000);
  let left = events - revision - 1;
  const shopper = async (): Promise<void> => {
    while (left > 0) {
      left -= 2;
      const { commandId } = metadata();
      await stock.runner.execute(sku, reserveOne(commandId), metadata());
      await stock.runner.execute(sku, { type: 'ReleaseReservation', reservationId: commandId }, metadata());
    }
  };
  await Promise.all(Array.from({ length: 1_024 }, shopper));
}

/**
 * Adds receipts to the log, in turn over all SKUs, which must be new. Past the command runner: nothing is to be decided.
 */
export async function fillLog(store: EventStore, skus: readonly string[], events: number): Promise<void> {
  for (let filled = 0; filled < events; ) {
    const count = Math.min(EVENTS_PER_COMMIT, events - filled);
    const appends = new Map<string, { expected: number | 'no-stream'; events: NewEvent[] }>();
    const shared = metadata();
    for (const end = filled + count; filled < end; filled += 1) {
      const stream = `stock-${skus[filled % skus.length]}`;
      const revision = Math.floor(filled / skus.length);
      const own = appends.get(stream) ?? { expected: revision === 0 ? 'no-stream' : revision - 1, events: [] };
      own.events.push(receipt(shared));
      appends.set(stream, own);
    }
    await store.append([...appends].map(([stream, own]) => ({ stream, ...own })));
  }
}

const EVENTS_PER_COMMIT = 10_000;

function receipt(shared: NewEvent['metadata']): NewEvent {
  const event: StockEvent = { type: 'StockReceived', data: { locationId: 'main', units: 1_000_000 } };
  return { id: randomUUID(), ...event, metadata: shared };
}

/** A location, and a supply map for each of some channels, as the supply commands store them. */
export async function openChannels(store: EventStore, channels: readonly string[]): Promise<void> {
  const opened = { locationId: 'main', name: 'main', roles: [] };
  await store.append([
    { stream: 'location-main', expected: 'any', events: [newEvent('LocationOpened', opened)] },
    ...channels.map((channel) => ({
      stream: `channelpolicy-${channel}`,
      expected: 'any' as const,
      events: [newEvent('SupplyMapSet', { channel, locationIds: ['main'] })],
    })),
  ]);
}

/** A new default rule of a channel: every number it shows changes. */
export async function setBuffer(store: EventStore, channel: string, buffer: number): Promise<void> {
  const data = { channel, buffer, sharePercent: 100 };
  const events = [newEvent('ChannelDefaultsSet', data)];
  await store.append([{ stream: `channelpolicy-${channel}`, expected: 'any', events }]);
}

const newEvent = (type: string, data: object): NewEvent => ({
  id: randomUUID(),
  type,
  data,
  metadata: metadata(),
});
