import type { Core } from '#platform';
import type { Projection } from '#read-models';
import { OfferDirectory } from './offers/offer-directory.js';
import { createTables } from './offers/tables.js';
import { orderDecider } from './order/order.decide.js';
import { OrderDecisions } from './order/order-decisions.js';
import { OrdersIntake } from './order/orders-intake.js';
import { orders } from './orders.slices.js';
import { WhenChannelIsSetUpKnowIt } from './processes/when-channel-is-set-up-know-it/know-channel.reaction.js';
import { WhenListingIsMadeKnowItsSku } from './processes/when-listing-is-made-know-its-sku/know-sku.reaction.js';
import { WhenOfferIsKnownOrderItsSku } from './processes/when-offer-is-known-order-its-sku/when-offer-is-known-order-its-sku.js';
import { placeOrDeclineOrders } from './processes/when-stock-answers-place-or-decline-order/when-stock-answers-place-or-decline-order.js';
import { DailySalesQuery } from './views/daily-sales/daily-sales.query.js';
import { orderNumbersProjection } from './views/order-numbers/order-numbers.projection.js';
import { orderExceptions } from './views/orders/order-exceptions.js';
import { ordersProjection } from './views/orders/orders.projection.js';
import { OrdersQuery } from './views/orders/orders.query.js';
import { WaitingOffers } from './views/orders/waiting-offers.query.js';

/** The views of the service, for commands that rebuild or verify them. */
export const ordersProjections: readonly Projection[] = [ordersProjection, orderNumbersProjection];

export type Orders = ReturnType<typeof assembleOrders>;

export interface OrdersOptions {
  /** How long inventory has to answer an order before a person looks. */
  readonly stockAnswerMs?: number;
}

/** Puts the service together. */
export function assembleOrders(core: Core, { stockAnswerMs }: OrdersOptions = {}) {
  const { store, readModels, runners, commands, clock, shutdown, exceptions } = core;

  // Commands
  commands.expects([orderDecider]);
  const decisions = new OrderDecisions(store);
  const intake = new OrdersIntake(commands, core.hasher, new OfferDirectory(readModels), runners, clock);

  // Views
  for (const projection of ordersProjections) runners.addProjection(projection);

  // Processes
  core.processes.add(placeOrDeclineOrders(stockAnswerMs));
  runners.addReaction(new WhenListingIsMadeKnowItsSku(readModels));
  runners.addReaction(new WhenChannelIsSetUpKnowIt(readModels));
  const orderKnownOffers = new WhenOfferIsKnownOrderItsSku(
    new WaitingOffers(readModels),
    readModels,
    commands,
    clock,
    shutdown,
    runners,
  );

  // Exceptions
  for (const source of orderExceptions) exceptions.add(source);

  // Slices
  orders.serve(core.slices, {
    commands,
    intake,
    decisions,
    hasher: core.hasher,
    ordersQuery: new OrdersQuery(readModels),
    dailySalesQuery: new DailySalesQuery(readModels),
  });

  return {
    intake,
    prepare: () => createTables(readModels),
    start: () => {
      const listening = decisions.listen(shutdown.signal);
      shutdown.onShutdown('decisions on orders', () => listening);
      if (!runners.works) return;
      const looking = orderKnownOffers.run();
      shutdown.onShutdown('offers that lead to no SKU', () => looking);
    },
  };
}
