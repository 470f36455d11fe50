import { type OrderEvent, orderEvents, typesOf } from '#contracts';
import { amendedLines, keyOf, type Line, type LineUnits, newLines, withUnits } from './lines.js';

/** An order as its decisions need it. */
export type Order = NewOrder | SubmittedOrder | DeclinedOrder | PlacedOrder;

/** Nothing is known yet. */
export interface NewOrder {
  readonly status: 'new';
}

/** Asked of our own shop; inventory has not answered. */
export interface SubmittedOrder extends Ordered {
  readonly status: 'submitted';
}

/** Asked of our own shop and refused: nothing of it is allocated. */
export interface DeclinedOrder extends Ordered {
  readonly status: 'declined';
}

/** Holds: its units are open, cancelled, shipped or returned. */
export interface PlacedOrder extends Ordered {
  readonly status: 'placed';
  /** The revision of the channel that holds, for a channel's order. */
  readonly origin: { readonly kind: 'channel'; readonly revision: number } | { readonly kind: 'own-shop' };
  /** Content of every shipment by its id, so that a repeat is told from a mistake. */
  readonly shipments: ReadonlyMap<string, string>;
  readonly returns: ReadonlyMap<string, string>;
}

interface Ordered {
  readonly orderId: string;
  readonly channel: string;
  readonly currency: string;
  readonly lines: readonly Line[];
}

export const initialOrder = (): Order => ({ status: 'new' });

export const orderEventTypes = typesOf(orderEvents);

export function evolve(order: Order, event: OrderEvent): Order {
  switch (event.type) {
    case 'SaleRecorded': {
      const { externalRevision, lines, ...ordered } = event.data;
      return placed({ ...ordered, lines: newLines(lines) }, { kind: 'channel', revision: externalRevision });
    }
    case 'SaleAmended':
      return whenPlaced(order, (current) => ({
        ...current,
        origin: { kind: 'channel', revision: event.data.externalRevision },
        lines: amendedLines(current.lines, event.data.lines),
      }));
    case 'OrderSubmitted': {
      const { orderId, channel, currency, lines } = event.data;
      return { status: 'submitted', orderId, channel, currency, lines: newLines(lines) };
    }
    case 'OrderPlaced':
      return order.status === 'submitted' ? placed(order, { kind: 'own-shop' }) : order;
    case 'OrderDeclined':
      return order.status === 'submitted' ? { ...order, status: 'declined' } : order;
    case 'OrderLinesCancelled':
      return whenPlaced(order, (current) => ({
        ...current,
        lines: withUnits(current.lines, 'cancelled', event.data.lines),
      }));
    case 'OrderLinesShipped':
      return whenPlaced(order, (current) => ({
        ...current,
        lines: withUnits(current.lines, 'shipped', event.data.lines),
        shipments: new Map(current.shipments).set(event.data.shipmentId, contentOf(event.data)),
      }));
    case 'OrderLinesReturned':
      return whenPlaced(order, (current) => ({
        ...current,
        lines: withUnits(current.lines, 'returned', event.data.lines),
        returns: new Map(current.returns).set(event.data.returnId, contentOf(event.data)),
      }));
    case 'SaleDuplicateReceived':
    case 'SaleOutdatedReceived':
      return order;
    default:
      return event satisfies never;
  }
}

/** A text that is equal for equal shipments or returns, whatever the order of their lines. */
export const contentOf = (moved: {
  readonly lines: readonly LineUnits[];
  readonly locationId?: string;
  readonly condition?: string;
}): string =>
  JSON.stringify([
    moved.locationId,
    moved.condition,
    moved.lines.map((line) => `${keyOf(line)}\n${line.units}`).sort(),
  ]);

const placed = ({ orderId, channel, currency, lines }: Ordered, origin: PlacedOrder['origin']): PlacedOrder => ({
  status: 'placed',
  orderId,
  channel,
  currency,
  lines,
  origin,
  shipments: new Map(),
  returns: new Map(),
});

const whenPlaced = (order: Order, next: (placed: PlacedOrder) => Order): Order =>
  order.status === 'placed' ? next(order) : order;
