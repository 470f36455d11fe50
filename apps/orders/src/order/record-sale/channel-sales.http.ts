import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { channelSale } from '#contracts';
import type { EventMetadata } from '#event-sourcing';
import { Rejected } from '#kernel';
import {
  BodyLimit,
  bulkResults,
  CommandMetadata,
  MAX_BULK_BODY_BYTES,
  Problems,
  resultsTogether,
  rowsOf,
} from '#platform';
import { linesOf, OrdersIntake } from './orders-intake.js';

/** The published shape. People are named here, and hashed; no caller sends hashes. */
const saleBody = channelSale.omit({ buyer: true, cause: true }).meta({
  id: 'ChannelSale',
  description: 'A sale as a channel or a till reports it. Fields that are not known are ignored',
});

const bulkBody = z.strictObject({ sales: rowsOf(saleBody, 500) }).meta({ id: 'ChannelSales' });

const recordedSale = z
  .object({
    orderId: z.string(),
    status: z.enum(['recorded', 'amended', 'duplicate', 'outdated', 'repeated']),
    revision: z.int().meta({ description: 'Revision of the order' }),
    position: z.int().meta({ description: 'A view that has reached this position shows the sale' }),
  })
  .meta({ id: 'RecordedSale' });

const bulkAnswer = bulkResults(recordedSale.pick({ orderId: true, status: true })).extend({ position: z.int() });

/** A line is a booking of stock; the longest requests are half a minute of work. */
const MAX_BULK_LINES = 120_000;

function refuseTooManyLines(lines: number): void {
  if (lines <= MAX_BULK_LINES) return;
  throw new Rejected(
    'invalid',
    'too-many-lines',
    `The sales have ${lines} lines in all; one request takes ${MAX_BULK_LINES}. Send them in several requests.`,
    { lines, most: MAX_BULK_LINES },
  );
}

@ApiTags('orders')
@Controller('v1/channel-sales')
export class ChannelSalesController {
  constructor(private readonly intake: OrdersIntake) {}

  @Post()
  @ApiOperation({ summary: 'Records a sale that has happened on a channel. The same message twice changes nothing' })
  @Problems({
    invalid: ['nothing-sold', 'total-too-large', 'unusable-text', 'invalid-placed-at'],
    conflict: ['not-a-channel-order'],
  })
  @ApiCreatedResponse({ standardSchema: recordedSale, description: 'What became of it' })
  async record(
    @Body({ schema: saleBody }) sale: z.output<typeof saleBody>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<z.input<typeof recordedSale>> {
    const [result] = await this.intake.record([sale], metadata);
    if (result === undefined || result instanceof Error) throw result;
    return result;
  }

  @Post('bulk')
  @ApiOperation({
    summary:
      'Records up to 500 sales of 120,000 lines in all, with a result for each in their order. Revisions of one order are applied in that order',
  })
  @HttpCode(200)
  @Problems({ invalid: ['too-many-lines'] })
  @BodyLimit(MAX_BULK_BODY_BYTES)
  @ApiOkResponse({ standardSchema: bulkAnswer, description: 'A result per sale' })
  async recordMany(
    @Body({ schema: bulkBody }) { sales }: z.output<typeof bulkBody>,
    @CommandMetadata() metadata: EventMetadata,
  ) {
    const recorded = await resultsTogether(sales, (sound) => {
      refuseTooManyLines(linesOf(sound));
      return this.intake.record(sound, metadata);
    });
    return {
      results: recorded.map((row) => ('problem' in row ? row : { orderId: row.orderId, status: row.status })),
      position: Math.max(0, ...recorded.map((row) => ('problem' in row ? 0 : row.position))),
    };
  }
}
