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
      await stock.execute(sku, reserveOne(commandId), metadata());
      await stock.execute(sku, { type: 'ReleaseReservation', reservationId: commandId }, metadata());
    }
  };
  await Promise.all(Array.from({ length: 1_024 }, shopper));
}

/** Adds receipts to the log, in turn over all SKUs, which must be new. */
export async function fillLog(store: EventStore, skus: readonly string[], events: number): Promise<void> {
  const log = new LogFiller(store);
  for (let filled = 0; filled < events; filled += 1) await log.add(skus[filled % skus.length] ?? '', received);
  await log.flush();
}

/**
 * Receives every SKU, which must be new, and adds two events a sale to the log: a unit of what `draw` gives is reserved, and
 * {@link CARTS} sales later its reservation is confirmed.
 */
export async function fillSales(
  store: EventStore,
  skus: readonly string[],
  draw: () => string,
  sales: number,
): Promise<void> {
  const log = new LogFiller(store);
  for (const sku of skus) await log.add(sku, received);
  const channel = 'shop';
  const from = [{ locationId: 'main', units: 1 }];
  const carts: { readonly sku: string; readonly reservationId: string }[] = [];
  for (let sold = 0; sold < sales; sold += 1) {
    const cart = { sku: draw(), reservationId: randomUUID() };
    const { reservationId } = cart;
    const data = { reservationId, channel, units: 1, from, dueAt: '2040-01-01T00:00:00.000Z' };
    await log.add(cart.sku, { type: 'StockReserved', data });
    const paid = carts.length === CARTS ? carts.shift() : undefined;
    carts.push(cart);
    if (paid) await log.add(paid.sku, confirmed(paid.reservationId, { channel, from }));
  }
  await log.flush();
}

const CARTS = 1_000;

const received: StockEvent = { type: 'StockReceived', data: { locationId: 'main', units: 1_000_000 } };

const confirmed = (
  reservationId: string,
  stock: { readonly channel: string; readonly from: { locationId: string; units: number }[] },
): StockEvent => ({
  type: 'StockReservationConfirmed',
  data: { reservationId, orderId: reservationId, lineId: '1', ...stock },
});

/** Writes many events past the command runner, for streams without another writer meanwhile: nothing is to be decided. */
class LogFiller {
  readonly #revisions = new Map<string, number>();
  #appends = new Map<string, { expected: number | 'no-stream'; events: NewEvent[] }>();
  #waiting = 0;

  constructor(private readonly store: EventStore) {}

  async add(sku: string, event: StockEvent): Promise<void> {
    const stream = `stock-${sku}`;
    const revision = (this.#revisions.get(stream) ?? -1) + 1;
    this.#revisions.set(stream, revision);
    const own = this.#appends.get(stream) ?? { expected: revision === 0 ? 'no-stream' : revision - 1, events: [] };
    own.events.push(newEvent(event.type, event.data));
    this.#appends.set(stream, own);
    this.#waiting += 1;
    if (this.#waiting === EVENTS_PER_COMMIT) await this.flush();
  }

  async flush(): Promise<void> {
    const appends = [...this.#appends].map(([stream, own]) => ({ stream, ...own }));
    this.#appends = new Map();
    this.#waiting = 0;
    await this.store.append(appends);
  }
}

/** As under load; one of ten thousand would be parsed at a stretch. */
const EVENTS_PER_COMMIT = 1_000;

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
