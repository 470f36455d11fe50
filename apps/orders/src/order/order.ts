import { type Charge, type OfferLine, type OrderEvent, type OrderLine, orderEvents, typesOf } from '#contracts';
import { amendedLines, keyOf, type Line, type LineUnits, newLines, withUnits } from './lines.js';
import { channelOf } from './order-id.js';

/** An order as its decisions need it. */
export type Order = NewOrder | UnknownOrder | SubmittedOrder | DeclinedOrder | PlacedOrder;

/** Nothing is known yet. */
export interface NewOrder {
  readonly status: 'new';
}

/** Goods left or came back under its id, and nothing else was heard of it. */
export interface UnknownOrder extends Moved {
  readonly status: 'unknown';
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
  readonly origin: ChannelOrigin | { readonly kind: 'own-shop' };
  readonly charges: readonly Charge[];
  /** Goods whose offer leads to no SKU yet. */
  readonly offers: readonly OfferLine[];
}

/** What the channel said last. */
export interface ChannelOrigin {
  readonly kind: 'channel';
  readonly revision: number;
  /** Whether that revision cancels the order. */
  readonly cancelled: boolean;
  /** What the channel has cancelled and not taken back. */
  readonly cancelledUnits: readonly LineUnits[];
  /** Every content that came under that revision, the last one at the end. */
  readonly contents: readonly SaleContent[];
}

/** What one message of a channel says of the goods and the money of an order. */
export interface SaleContent {
  readonly currency: string;
  readonly lines: readonly OrderLine[];
  readonly charges: readonly Charge[];
  readonly offers: readonly OfferLine[];
  /** What of it could not be applied, because it had left. */
  readonly leftAnyway?: readonly LineUnits[];
}

interface Moved {
  readonly orderId: string;
  readonly channel: string;
  readonly lines: readonly Line[];
  /** Content of every shipment by its id, so that a repeat differs from a mistake. */
  readonly shipments: ReadonlyMap<string, string>;
  readonly returns: ReadonlyMap<string, string>;
}

interface Ordered extends Moved {
  readonly currency: string;
}

export const initialOrder = (): Order => ({ status: 'new' });

export const orderEventTypes = typesOf(orderEvents);

export function evolve(order: Order, event: OrderEvent): Order {
  switch (event.type) {
    case 'SaleRecorded':
      return recorded(order, event.data);
    case 'SaleAmended':
      return order.status === 'placed' ? amended(order, event.data) : order;
    case 'OrderSubmitted': {
      const { orderId, channel, currency, lines } = event.data;
      return { status: 'submitted', orderId, channel, currency, lines: newLines(lines), ...NOTHING_MOVED };
    }
    case 'OrderPlaced':
      return order.status === 'submitted'
        ? { ...order, status: 'placed', origin: { kind: 'own-shop' }, charges: [], offers: [] }
        : order;
    case 'OrderDeclined':
      return order.status === 'submitted' ? { ...order, status: 'declined' } : order;
    case 'OrderLinesCancelled':
      return order.status === 'placed' ? cancelled(order, event.data) : order;
    case 'OrderLinesShipped': {
      const before = moved(order, event.data);
      return {
        ...before,
        lines: withUnits(before.lines, 'shipped', event.data.lines),
        shipments: new Map(before.shipments).set(event.data.shipmentId, contentOf(event.data)),
      };
    }
    case 'OrderLinesReturned': {
      const before = moved(order, event.data);
      return {
        ...before,
        lines: withUnits(before.lines, 'returned', event.data.lines),
        returns: new Map(before.returns).set(event.data.returnId, contentOf(event.data)),
      };
    }
    case 'SaleDuplicateReceived':
    case 'SaleOutdatedReceived':
      return order;
    default:
      return event satisfies never;
  }
}

/** The reason that only a channel gives. */
export const CANCELLED_BY_CHANNEL = 'cancelled-by-channel';

type DataOf<Type extends OrderEvent['type']> = Extract<OrderEvent, { type: Type }>['data'];

function recorded(order: Order, data: DataOf<'SaleRecorded'>): PlacedOrder {
  const { orderId, channel, currency, lines, charges = [], offers = [] } = data;
  const before = order.status === 'new' ? undefined : order;
  return {
    status: 'placed',
    orderId,
    channel,
    currency,
    lines: before ? amendedLines(before.lines, lines) : newLines(lines),
    origin: {
      kind: 'channel',
      revision: data.externalRevision,
      cancelled: data.cancelled ?? false,
      cancelledUnits: [],
      contents: [{ currency, lines, charges, offers }],
    },
    charges,
    offers,
    shipments: before?.shipments ?? NOTHING_MOVED.shipments,
    returns: before?.returns ?? NOTHING_MOVED.returns,
  };
}

function amended(order: PlacedOrder, data: DataOf<'SaleAmended'>): PlacedOrder {
  const { lines, charges = order.charges, offers = order.offers, reopened = [], externalRevision: revision } = data;
  const { otherCurrency = order.currency, leftAnyway = [] } = data;
  const content = { currency: otherCurrency, lines, charges, offers, leftAnyway };
  const before = order.origin.kind === 'channel' ? order.origin : undefined;
  const taken = new Set(reopened.map(keyOf));
  return {
    ...order,
    lines: amendedLines(order.lines, lines, reopened),
    charges,
    offers,
    origin: {
      kind: 'channel',
      revision,
      cancelled: data.cancelled ?? false,
      cancelledUnits: before?.cancelledUnits.filter((line) => !taken.has(keyOf(line))) ?? [],
      contents: before?.revision === revision ? [...before.contents, content] : [content],
    },
  };
}

function cancelled(order: PlacedOrder, { lines, reason }: DataOf<'OrderLinesCancelled'>): PlacedOrder {
  const { origin } = order;
  const byChannel = reason === CANCELLED_BY_CHANNEL && origin.kind === 'channel';
  return {
    ...order,
    lines: withUnits(order.lines, 'cancelled', lines),
    ...(byChannel && { origin: { ...origin, cancelled: true, cancelledUnits: [...origin.cancelledUnits, ...lines] } }),
  };
}

/** The order that a movement is of; an unknown one where nothing was heard of it before. */
const moved = (
  order: Order,
  { orderId, channel = channelOf(orderId) }: { readonly orderId: string; readonly channel?: string },
): Exclude<Order, NewOrder> =>
  order.status === 'new' ? { status: 'unknown', orderId, channel, lines: [], ...NOTHING_MOVED } : order;

const NOTHING_MOVED = { shipments: new Map<string, string>(), returns: new Map<string, string>() } as const;

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
