import { type Buyer, inSkuOrder, type OrderEvent, type SubmittedLine } from '#contracts';
import { Rejected } from '#kernel';
import type { Order } from './order.js';
import { refusalOf } from './order.rules.js';

/** A shopper asks our own shop for goods: a request. */
export interface SubmitOrder {
  readonly type: 'SubmitOrder';
  readonly orderId: string;
  readonly channel: string;
  readonly currency: string;
  readonly lines: readonly SubmittedLine[];
  readonly buyer: Buyer;
  readonly placedAt: string;
}

/** Inventory has allocated a SKU, and with it every one that comes before it in the order of {@link inSkuOrder}. */
export interface PlaceOrder {
  readonly type: 'PlaceOrder';
  readonly orderId: string;
  readonly allocated: string;
}

/** Inventory cannot allocate every line. */
export interface DeclineOrder {
  readonly type: 'DeclineOrder';
  readonly orderId: string;
  readonly short: readonly ShortSku[];
}

export interface ShortSku {
  readonly sku: string;
  readonly requested: number;
  readonly available: number;
  /** Where it was not the number: the code of the refusal, and the reservation it is about. */
  readonly reason?: string | undefined;
  readonly reservationId?: string | undefined;
}

export function submitOrder(command: SubmitOrder, order: Order): OrderEvent[] | Rejected {
  const { type: _, lines, ...submitted } = command;
  if (order.status !== 'new') {
    return new Rejected('conflict', 'order-exists', `There is an order ${command.orderId} already.`, {
      orderId: command.orderId,
    });
  }
  return refusalOf(command) ?? [{ type: 'OrderSubmitted', data: { ...submitted, lines: [...lines] } }];
}

/**
 * Changes nothing unless the order waits for an answer and its last SKU is allocated: allocations are also made for orders
 * we do not decide on, and may be given back when a later SKU is refused.
 */
export function placeOrder({ orderId, allocated }: PlaceOrder, order: Order): OrderEvent[] | Rejected {
  if (order.status !== 'submitted' && order.status !== 'declined') return [];
  if (allocated !== inSkuOrder(order.lines).at(-1)?.sku) return [];
  if (order.status === 'declined') return contradiction(orderId, 'declined', 'allocated');
  return [{ type: 'OrderPlaced', data: { orderId } }];
}

export function declineOrder({ orderId, short }: DeclineOrder, order: Order): OrderEvent[] | Rejected {
  if (order.status === 'submitted') return [{ type: 'OrderDeclined', data: { orderId, short: [...short] } }];
  return order.status === 'placed' ? contradiction(orderId, 'placed', 'declined') : [];
}

/** Inventory answers an order once, so two answers that differ need a person to look. */
const contradiction = (orderId: string, was: string, now: string): Rejected =>
  new Rejected(
    'conflict',
    'allocation-contradicts-order',
    `Order ${orderId} is ${was}, and its stock was ${now} afterwards.`,
    { orderId },
  );
