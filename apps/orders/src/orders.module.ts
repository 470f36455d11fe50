import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { SALES_INTAKE } from '#contracts';
import { CONFIG, type Config, Exceptions, PersonalDataHasher, Shutdown } from '#platform';
import { type Projection, READ_MODELS, Runners } from '#read-models';
import { OfferDirectory } from './offers/offer-directory.js';
import { createTables } from './offers/tables.js';
import { CancelLinesController } from './order/cancel-lines/cancel-lines.http.js';
import { ChangeOrderHandler } from './order/change-order.js';
import { ChannelSalesController } from './order/record-sale/channel-sales.http.js';
import { OrdersIntake } from './order/record-sale/orders-intake.js';
import { ServiceSalesController } from './order/record-sale/service-sales.http.js';
import { ReturnLinesController } from './order/return-lines/return-lines.http.js';
import { ShipLinesController } from './order/ship-lines/ship-lines.http.js';
import { OrderDecisions } from './order/submit-order/order-decisions.js';
import { SubmitOrderController } from './order/submit-order/submit-order.http.js';
import { WhenAllocationIsDeclinedDeclineOrder } from './processes/when-allocation-is-declined-decline-order/decline-order.reaction.js';
import { WhenChannelIsSetUpKnowIt } from './processes/when-channel-is-set-up-know-it/know-channel.reaction.js';
import { WhenListingIsMadeKnowItsSku } from './processes/when-listing-is-made-know-its-sku/know-sku.reaction.js';
import { WhenOfferIsKnownOrderItsSku } from './processes/when-offer-is-known-order-its-sku/when-offer-is-known-order-its-sku.js';
import { WhenStockIsAllocatedPlaceOrder } from './processes/when-stock-is-allocated-place-order/place-order.reaction.js';
import { DailySalesController } from './views/daily-sales/daily-sales.http.js';
import { DailySalesQuery } from './views/daily-sales/daily-sales.query.js';
import { orderNumbersProjection } from './views/order-numbers/order-numbers.projection.js';
import { orderExceptions } from './views/orders/order-exceptions.js';
import { OrdersController } from './views/orders/orders.http.js';
import { ordersProjection } from './views/orders/orders.projection.js';
import { OrdersQuery } from './views/orders/orders.query.js';

/** Token of what waits until the tables of this service exist. */
const TABLES = 'ORDERS_TABLES';

/** Sales of the channels and orders of our own shop, from the first word to the last return. */
@Module({
  imports: [CqrsModule.forRoot()],
  controllers: [
    // Commands
    ChannelSalesController,
    ServiceSalesController,
    SubmitOrderController,
    CancelLinesController,
    ShipLinesController,
    ReturnLinesController,
    // Views
    OrdersController,
    DailySalesController,
  ],
  providers: [
    // Commands
    ChangeOrderHandler,
    OrdersIntake,
    // Views
    OrdersQuery,
    DailySalesQuery,
    // Processes
    WhenStockIsAllocatedPlaceOrder,
    WhenAllocationIsDeclinedDeclineOrder,
    WhenListingIsMadeKnowItsSku,
    WhenChannelIsSetUpKnowIt,
    WhenOfferIsKnownOrderItsSku,
    // Wiring
    { provide: TABLES, inject: [READ_MODELS], useFactory: createTables },
    OfferDirectory,
    OrderDecisions,
    { provide: SALES_INTAKE, useExisting: OrdersIntake },
    {
      provide: PersonalDataHasher,
      inject: [CONFIG],
      useFactory: ({ hashKey }: Config) => new PersonalDataHasher(hashKey),
    },
  ],
  exports: [SALES_INTAKE],
})
export class OrdersModule implements OnApplicationBootstrap {
  constructor(
    private readonly runners: Runners,
    placeOrders: WhenStockIsAllocatedPlaceOrder,
    declineOrders: WhenAllocationIsDeclinedDeclineOrder,
    knowSkus: WhenListingIsMadeKnowItsSku,
    knowChannels: WhenChannelIsSetUpKnowIt,
    private readonly offers: WhenOfferIsKnownOrderItsSku,
    private readonly decisions: OrderDecisions,
    private readonly shutdown: Shutdown,
    exceptions: Exceptions,
  ) {
    for (const source of orderExceptions) exceptions.add(source);
    for (const projection of ordersProjections) runners.addProjection(projection);
    runners.addReaction(placeOrders);
    runners.addReaction(declineOrders);
    runners.addReaction(knowSkus);
    runners.addReaction(knowChannels);
  }

  onApplicationBootstrap(): void {
    const listening = this.decisions.listen(this.shutdown.signal);
    this.shutdown.onShutdown('decisions on orders', () => listening);
    if (!this.runners.works) return;
    const looking = this.offers.run();
    this.shutdown.onShutdown('offers that lead to no SKU', () => looking);
  }
}

/** The views of the service, for commands that rebuild or verify them. */
export const ordersProjections: readonly Projection[] = [ordersProjection, orderNumbersProjection];
