import { type PersonalDataHasher, ServiceSlices, type SliceParts } from '#platform';
import type { OrderDecisions } from './order/order-decisions.js';
import type { OrdersIntake } from './order/orders-intake.js';
import type { DailySalesQuery } from './views/daily-sales/daily-sales.query.js';
import type { OrdersQuery } from './views/orders/orders.query.js';

export interface OrdersParts extends SliceParts {
  readonly intake: OrdersIntake;
  readonly decisions: OrderDecisions;
  readonly hasher: PersonalDataHasher;
  readonly ordersQuery: OrdersQuery;
  readonly dailySalesQuery: DailySalesQuery;
}

export const orders = new ServiceSlices<OrdersParts>('orders');
