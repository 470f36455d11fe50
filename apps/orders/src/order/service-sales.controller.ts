import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { channelSale } from '#contracts';
import {
  BodyLimit,
  MAX_BULK_BODY_BYTES,
  resultsTogether,
  rowsOf,
  SERVICE_SALES_PATH,
  ServiceCallsOnly,
} from '#platform';
import { OrdersIntake } from './orders-intake.js';

const body = z.strictObject({ sales: rowsOf(channelSale, 1_000) });

/** The port of sales for the channels service, where that is a process of its own: people are hashes already. */
@ApiExcludeController()
@UseGuards(ServiceCallsOnly)
@Controller(SERVICE_SALES_PATH)
export class ServiceSalesController {
  constructor(private readonly intake: OrdersIntake) {}

  @Post()
  @HttpCode(200)
  @BodyLimit(MAX_BULK_BODY_BYTES)
  async record(@Body({ schema: body }) { sales }: z.output<typeof body>) {
    const recorded = await resultsTogether(sales, (sound) => this.intake.record(sound));
    return { results: recorded.map((row) => ('problem' in row ? row : { orderId: row.orderId, status: row.status })) };
  }
}
