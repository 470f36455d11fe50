import { Module } from '@nestjs/common';
import { SALES_INTAKE } from '#contracts';
import { assembled } from '#platform';
import { assembleOrders } from './assemble.js';
import { OrdersGrpcController } from './grpc/orders.grpc.js';
import { OrdersController } from './order/orders.controller.js';
import { OrdersIntake } from './order/orders-intake.js';
import { ServiceSalesController } from './order/service-sales.controller.js';

/** Sales of the channels and orders of our own shop, from the first word to the last return. Its processes and exceptions: `assemble.ts`. */
@Module({
  controllers: [OrdersController, OrdersGrpcController, ServiceSalesController],
  providers: [
    ...assembled(assembleOrders, { parts: { intake: OrdersIntake } }),
    { provide: SALES_INTAKE, useExisting: OrdersIntake },
  ],
  exports: [SALES_INTAKE],
})
export class OrdersModule {}
