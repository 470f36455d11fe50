import type { OrderEvent } from '#contracts';
import type { Decider } from '#event-sourcing';
import { Rejected } from '#kernel';
import {
  type DeclineOrder,
  declineOrder,
  type PlaceOrder,
  placeOrder,
  type SubmitOrder,
  submitOrder,
} from './checkout.decide.js';
import {
  type CancelLines,
  cancelLines,
  type ReturnLines,
  returnLines,
  type ShipLines,
  shipLines,
} from './fulfilment.decide.js';
import { evolve, initialOrder, type Order, orderEventTypes } from './order.js';
import { type RecordSale, type ResolveOffers, recordSale, resolveOffers } from './sales.decide.js';

export type OrderCommand =
  | RecordSale
  | ResolveOffers
  | SubmitOrder
  | PlaceOrder
  | DeclineOrder
  | CancelLines
  | ShipLines
  | ReturnLines;

export function decide(command: OrderCommand, order: Order): OrderEvent[] | Rejected {
  const decided = decidedBy(command, order);
  return decided instanceof Rejected ? decided : sayingWhetherEmptied(decided, order);
}

function decidedBy(command: OrderCommand, order: Order): OrderEvent[] | Rejected {
  switch (command.type) {
    case 'RecordSale':
      return recordSale(command, order);
    case 'ResolveOffers':
      return resolveOffers(command, order);
    case 'SubmitOrder':
      return submitOrder(command, order);
    case 'PlaceOrder':
      return placeOrder(command, order);
    case 'DeclineOrder':
      return declineOrder(command, order);
    case 'CancelLines':
      return cancelLines(command, order);
    case 'ShipLines':
      return shipLines(command, order);
    case 'ReturnLines':
      return returnLines(command, order);
    default:
      return command satisfies never;
  }
}

/** Most orders have no more. */
const LINES_OF_MOST = 20;

/** Who counts orders needs no sums to learn that one has come to nothing, or is one again. */
function sayingWhetherEmptied(events: OrderEvent[], order: Order): OrderEvent[] {
  const last = events.at(-1);
  if (last?.type !== 'SaleAmended' && last?.type !== 'OrderLinesCancelled') return events;
  const emptied = isEmpty(events.reduce(evolve, order));
  if (emptied === isEmpty(order)) return events;
  const said = { ...last, data: { ...last.data, emptied } } as OrderEvent;
  return [...events.slice(0, -1), said];
}

/** True where all that was ordered is cancelled. */
const isEmpty = (order: Order): boolean =>
  order.status === 'placed' &&
  order.offers.length === 0 &&
  order.lines.length > 0 &&
  order.lines.every(({ ordered, cancelled }) => ordered === cancelled);

/** Streams `order-<orderId>`. They are short, so no snapshots. */
export const orderDecider: Decider<OrderCommand, OrderEvent, Order> = {
  category: 'order',
  eventTypes: orderEventTypes,
  initialState: initialOrder,
  decide,
  evolve,
  // Few are kept in memory, and for a minute: most are written once and not touched for days.
  memory: { maxIdleStreams: 500, idleMs: 60_000 },
  weigh: (order) => (order.status === 'new' ? 1 : Math.max(1, order.lines.length / LINES_OF_MOST)),
};
