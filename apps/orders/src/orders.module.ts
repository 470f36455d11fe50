import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { SALES_INTAKE } from '#contracts';
import { CONFIG, type Config, Exceptions, PersonalDataHasher, Shutdown } from '#platform';
import { type Projection, Runners } from '#read-models';
import { CancelLinesController } from './order/cancel-lines/cancel-lines.http.js';
import { ChangeOrderHandler } from './order/change-order.js';
import { OrderRunner } from './order/order-runner.js';
import { ChannelSalesController } from './order/record-sale/channel-sales.http.js';
import { OrdersIntake } from './order/record-sale/orders-intake.js';
import { ServiceSalesController } from './order/record-sale/service-sales.http.js';
import { ReturnLinesController } from './order/return-lines/return-lines.http.js';
import { ShipLinesController } from './order/ship-lines/ship-lines.http.js';
import { OrderDecisions } from './order/submit-order/order-decisions.js';
import { SubmitOrderController } from './order/submit-order/submit-order.http.js';
import { WhenAllocationIsDeclinedDeclineOrder } from './processes/when-allocation-is-declined-decline-order/decline-order.reaction.js';
import { WhenStockIsAllocatedPlaceOrder } from './processes/when-stock-is-allocated-place-order/place-order.reaction.js';
import { DailySalesController } from './views/daily-sales/daily-sales.http.js';
import { DailySalesQuery } from './views/daily-sales/daily-sales.query.js';
import { orderExceptions } from './views/orders/order-exceptions.js';
import { OrdersController } from './views/orders/orders.http.js';
import { ordersProjection } from './views/orders/orders.projection.js';
import { OrdersQuery } from './views/orders/orders.query.js';

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
    // Wiring
    OrderRunner,
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
    runners: Runners,
    placeOrders: WhenStockIsAllocatedPlaceOrder,
    declineOrders: WhenAllocationIsDeclinedDeclineOrder,
    private readonly decisions: OrderDecisions,
    private readonly shutdown: Shutdown,
    exceptions: Exceptions,
  ) {
    for (const source of orderExceptions) exceptions.add(source);
    for (const projection of ordersProjections) runners.addProjection(projection);
    runners.addReaction(placeOrders);
    runners.addReaction(declineOrders);
  }

  onApplicationBootstrap(): void {
    const listening = this.decisions.listen(this.shutdown.signal);
    this.shutdown.onShutdown('decisions on orders', () => listening);
  }
}

/** The views of the service, for commands that rebuild or verify them. */
export const ordersProjections: readonly Projection[] = [ordersProjection];
