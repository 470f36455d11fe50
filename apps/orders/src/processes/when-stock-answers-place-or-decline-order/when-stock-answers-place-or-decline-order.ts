import { inSkuOrder, type OrderEvent, type StockEvent } from '#contracts';
import { defineProcess, type Process, type StepAnswer } from '#event-sourcing';
import type { ShortSku } from '../../order/checkout.decide.js';
import { type OrderCommand, orderDecider } from '../../order/order.decide.js';
import { skuOf } from '../sku-of.js';

type AllocationDeclined = Extract<StockEvent, { type: 'StockAllocationDeclined' }>['data'];

interface SubmittedOrder {
  readonly orderId: string;
  /** Inventory answers SKU after SKU, in the order both services know: the last answer tells of all. */
  readonly lastSku: string;
  /** What it has declined so far. */
  readonly declined: readonly ShortSku[];
}

/**
 * An order of our own shop waits for inventory: it is placed once all of its stock is allocated, and declined with what is short.
 * The decline is the undo of the submission. An order without an answer waits for a person, and for the answer.
 */
export const placeOrDeclineOrders = (answerMs = ANSWER_MS): Process =>
  defineProcess<OrderEvent | StockEvent, SubmittedOrder>({
    name: 'when-stock-answers-place-or-decline-order',
    idOf: (event) => (isAsked(event) && 'orderId' in event.data ? event.data.orderId : undefined),
    // Most allocations are of sales that have happened, and of no concern.
    pageSize: 5_000,
    starts: {
      OrderSubmitted: ({ data: { orderId, lines } }) => ({
        orderId,
        lastSku: inSkuOrder(lines).at(-1)?.sku ?? '',
        declined: [],
      }),
    },
    steps: [
      {
        name: 'submit',
        undo: ({ orderId, declined }) => [to(orderId, { type: 'DeclineOrder', orderId, short: shortOf(declined) })],
      },
      {
        name: 'await-stock',
        waits: {
          for: {
            StockAllocated: (event, { lastSku }) => (skuOf(event) === lastSku ? { answer: 'done' } : undefined),
            StockAllocationDeclined: (event, order) => declinedBy(skuOf(event), event.data, order),
            OrderDeclined: () => ({ answer: 'refused' }),
          },
          forMs: answerMs,
          afterwards: 'stuck',
        },
      },
      {
        name: 'place',
        send: ({ orderId, lastSku }) => [to(orderId, { type: 'PlaceOrder', orderId, allocated: lastSku })],
      },
    ],
  });

/** How long inventory has. In a backlog it may take longer, and a person who looks sees that. */
const ANSWER_MS = 15 * 60_000;

/** Not of a sale that has happened, nor ahead of an order for a reservation. */
const isAsked = (event: OrderEvent | StockEvent): boolean =>
  event.type !== 'StockAllocated' || (event.data.as === 'request' && event.data.reservationId === undefined);

const to = (orderId: string, command: OrderCommand) => ({ on: orderDecider, id: orderId, command });

/** Inventory records its refusal on every SKU, so that together the refusals say which are short. */
function declinedBy(
  sku: string,
  { orderId: _, channel: __, ...why }: AllocationDeclined,
  order: SubmittedOrder,
): StepAnswer<SubmittedOrder> | undefined {
  if (order.declined.some((known) => known.sku === sku)) return undefined;
  const data = { ...order, declined: [...order.declined, { sku, ...why }] };
  return sku === order.lastSku ? { answer: 'refused', data } : { data };
}

/** The SKUs of which too many were asked for, or with a reservation that cannot be used; all, where it was something else. */
function shortOf(declined: readonly ShortSku[]): readonly ShortSku[] {
  const short = declined.filter(({ requested, available, reason }) => requested > available || reason !== undefined);
  return short.length > 0 ? short : declined;
}
