import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { SALES_INTAKE } from '#contracts';
import { assembled } from '#platform';
import { assembleOrders } from './assemble.js';
import { CancelLinesController } from './order/cancel-lines/cancel-lines.http.js';
import { ChangeOrderHandler } from './order/change-order.js';
import { ChannelSalesController } from './order/record-sale/channel-sales.http.js';
import { OrdersIntake } from './order/record-sale/orders-intake.js';
import { ServiceSalesController } from './order/record-sale/service-sales.http.js';
import { ReturnLinesController } from './order/return-lines/return-lines.http.js';
import { ShipLinesController } from './order/ship-lines/ship-lines.http.js';
import { OrderDecisions } from './order/submit-order/order-decisions.js';
import { SubmitOrderController } from './order/submit-order/submit-order.http.js';
import { DailySalesController } from './views/daily-sales/daily-sales.http.js';
import { DailySalesQuery } from './views/daily-sales/daily-sales.query.js';
import { OrdersController } from './views/orders/orders.http.js';
import { OrdersQuery } from './views/orders/orders.query.js';

/** Sales of the channels and orders of our own shop, from the first word to the last return. Its processes and exceptions: `assemble.ts`. */
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
    ...assembled(assembleOrders, {
      parts: {
        // Commands
        changeOrder: ChangeOrderHandler,
        intake: OrdersIntake,
        decisions: OrderDecisions,
        // Views
        ordersQuery: OrdersQuery,
        dailySalesQuery: DailySalesQuery,
      },
    }),
    { provide: SALES_INTAKE, useExisting: OrdersIntake },
  ],
  exports: [SALES_INTAKE],
})
export class OrdersModule {}
