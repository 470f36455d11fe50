import type { ExceptionSource } from '#platform';
import { schemaOf } from '#read-models';
import { orderNumbersProjection } from '../order-numbers/order-numbers.projection.js';
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

const VIEW = schemaOf(ordersProjection.name);

/** Sales of what no channel has listed with us, and on channels that were never set up. */
const ofNeighbours: readonly ExceptionSource[] = [
  {
    kind: 'unknown-offer',
    whatToDo:
      'List the SKU on the channel under this id with PUT /v1/variants/{sku}/listings/{channel}. The case closes then, and stock is bound.',
    openCases: `
      select o.order_id || '/' || (f.offer ->> 'lineId') as subject, o.placed_at as since,
             o.order_id || ' sold ' || (f.offer ->> 'units') || ' of offer ' || (f.offer ->> 'externalId') || ' on '
               || o.channel || ', which leads to no SKU.' as detail
        from ${VIEW}.orders o cross join jsonb_array_elements(o.offers) as f (offer)
       where o.offers is not null and not exists (
         select from orders.listing l where l.channel = o.channel and l.external_id = f.offer ->> 'externalId')`,
  },
  {
    kind: 'unknown-channel',
    whatToDo:
      'Register the channel with PUT /v1/channels/{channel}, or say where its goods come from with PUT /v1/supply-maps/{channel}. The case closes with either.',
    openCases: `
      select d.channel as subject,
             coalesce((select min(o.placed_at) from ${VIEW}.orders o where o.channel = d.channel), d.day) as since,
             d.orders || ' orders came from ' || d.channel || ', which was never set up.' as detail
        from (select channel, min(day)::timestamptz as day, sum(orders) as orders from ${VIEW}.daily_sales group by channel) d
       where d.orders > 0 and not exists (select from orders.channel c where c.channel = d.channel)`,
  },
];

const NUMBERS = schemaOf(orderNumbersProjection.name);

/** Two numbers may be one order that was sent twice, or two orders: a person knows. */
const lookAlikes: ExceptionSource = {
  kind: 'order-number-look-alike',
  whatToDo:
    'Look up both numbers on the channel. If they are one order, cancel the other with POST /v1/orders/{orderId}/cancellations. The case closes when one is cancelled or all have left.',
  openCases: `
    select channel || '.' || look_alike_key as subject, max(n.recorded_at) as since,
           'Orders ' || string_agg(n.external_id, ' and ' order by n.recorded_at, n.external_id) || ' of ' || channel
             || ' have numbers that look alike.' as detail
      from ${NUMBERS}.look_alikes join ${NUMBERS}.order_numbers n using (channel, look_alike_key)
      join ${VIEW}.orders o using (order_id, channel)
     where o.phase <> 'cancelled'
     group by channel, look_alike_key having count(*) > 1 and bool_or(o.phase in ('open', 'partly-shipped'))`,
};

const ofOrders: readonly ExceptionSource[] = (Object.keys(WHAT_TO_DO) as OrderCase[]).map((kind) => ({
  kind,
  whatToDo: WHAT_TO_DO[kind],
  openCases: `
    select order_id as subject, (cases -> '${kind}' ->> 'since')::timestamptz as since,
           order_id || ': ' || (cases -> '${kind}' ->> 'detail') as detail
      from ${VIEW}.orders
     where cases is not null and cases -> '${kind}' is not null`,
}));

/** What of orders waits for a person. */
export const orderExceptions: readonly ExceptionSource[] = [...ofOrders, ...ofNeighbours, lookAlikes];
