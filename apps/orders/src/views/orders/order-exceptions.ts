import type { ExceptionSource } from '#platform';
import { schemaOf } from '#read-models';
import type { OrderCase } from './order-cases.js';
import { ordersProjection } from './orders.projection.js';

const WHAT_TO_DO: Readonly<Record<OrderCase, string>> = {
  'currency-changed':
    'Look up the money of the order on the channel. The case closes when the channel sends the order in its own currency again.',
  'order-reopened':
    'Make sure that the goods can still leave: they may have been sold to others meanwhile. The case closes when they have left or are cancelled.',
  'parcel-of-cancelled-order':
    'Stop the parcel or ask for it back, and record its return. The case closes when the goods are back, or when the channel takes the order up again.',
  'parcel-beyond-order':
    'Ask for the surplus back and record its return, or have the channel correct the order. The case closes with either.',
  'return-without-parcel':
    'Record the parcel that brought the goods to the customer, or find out whose they are. The case closes with the parcel.',
  'movement-of-unknown-order':
    'Look up the order number on the channel, and post the sale with POST /v1/channel-sales. The case closes when the order is known.',
};

/** What of orders waits for a person: what their own events contradict. */
export const orderExceptions: readonly ExceptionSource[] = (Object.keys(WHAT_TO_DO) as OrderCase[]).map((kind) => ({
  kind,
  whatToDo: WHAT_TO_DO[kind],
  openCases: `
    select order_id as subject, (cases -> '${kind}' ->> 'since')::timestamptz as since,
           order_id || ': ' || (cases -> '${kind}' ->> 'detail') as detail
      from ${schemaOf(ordersProjection.name)}.orders
     where cases is not null and cases -> '${kind}' is not null`,
}));
