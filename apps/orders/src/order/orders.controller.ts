import { Controller, Get, Post, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import { Executes, Input, type InputOf } from '#platform';
import { dailySales } from '../views/daily-sales/daily-sales.slices.js';
import { listOrders, orderById } from '../views/orders/orders.slices.js';
import { cancelLines } from './cancel-lines.js';
import { recordSale, recordSalesInBulk } from './record-sale.js';
import { returnLines } from './return-lines.js';
import { shipLines } from './ship-lines.js';
import { submitOrder } from './submit-order.js';

/** Orders of our own shop, sales of the channels, and what becomes of them. */
@Controller('v1')
export class OrdersController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Post('channel-sales')
  @Executes(recordSale)
  recordSale(@Input() input: InputOf<typeof recordSale>) {
    return this.commands.execute(recordSale(input));
  }

  @Post('channel-sales/bulk')
  @Executes(recordSalesInBulk)
  recordSalesInBulk(@Input() input: InputOf<typeof recordSalesInBulk>) {
    return this.commands.execute(recordSalesInBulk(input));
  }

  @Post('orders')
  @Executes(submitOrder)
  async submitOrder(@Input() input: InputOf<typeof submitOrder>, @Res({ passthrough: true }) reply: FastifyReply) {
    const answer = await this.commands.execute(submitOrder(input));
    void reply.status(answer.status === 'placed' ? 201 : 202);
    return answer;
  }

  @Post('orders/:orderId/cancellations')
  @Executes(cancelLines)
  cancelLines(@Input() input: InputOf<typeof cancelLines>) {
    return this.commands.execute(cancelLines(input));
  }

  @Post('orders/:orderId/shipments')
  @Executes(shipLines)
  shipLines(@Input() input: InputOf<typeof shipLines>) {
    return this.commands.execute(shipLines(input));
  }

  @Post('orders/:orderId/returns')
  @Executes(returnLines)
  returnLines(@Input() input: InputOf<typeof returnLines>) {
    return this.commands.execute(returnLines(input));
  }

  @Get('orders')
  @Executes(listOrders)
  listOrders(@Input() input: InputOf<typeof listOrders>) {
    return this.queries.execute(listOrders(input));
  }

  @Get('orders/:orderId')
  @Executes(orderById)
  orderById(@Input() input: InputOf<typeof orderById>) {
    return this.queries.execute(orderById(input));
  }

  @Get('sales/daily')
  @Executes(dailySales)
  dailySales(@Input() input: InputOf<typeof dailySales>) {
    return this.queries.execute(dailySales(input));
  }
}
