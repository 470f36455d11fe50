import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import {
  BodyLimit,
  type BulkResult,
  bulkResults,
  CommandMetadata,
  MAX_BULK_BODY_BYTES,
  Problems,
  resultsOf,
  rowsOf,
} from '#platform';
import {
  metadataOfLine,
  type Reservation,
  ReservationService,
  reservation,
  reserved,
} from './reserve-stock.command.js';

const reservations = z.strictObject({ reservations: rowsOf(reservation, 1_000) });

@ApiTags('inventory')
@Controller('v1/reservations')
export class ReserveStockController {
  constructor(private readonly reserving: ReservationService) {}

  @Post()
  @ApiOperation({ summary: 'Hold units for a cart or checkout until a due time' })
  @ApiCreatedResponse({ standardSchema: reserved })
  @Problems({ 'not-found': ['unknown-sku'], conflict: ['insufficient-stock', 'restricted', 'reservation-id-reused'] })
  reserve(@Body({ schema: reservation }) body: Reservation, @CommandMetadata() metadata: EventMetadata) {
    return this.reserving.reserve(body, metadata);
  }

  @Post('bulk')
  @HttpCode(200)
  @BodyLimit(MAX_BULK_BODY_BYTES)
  @ApiOperation({ summary: 'Hold units for up to 1,000 carts at once; each line is decided by itself' })
  @ApiOkResponse({ standardSchema: bulkResults(reserved) })
  async reserveInBulk(
    @Body({ schema: reservations }) body: z.output<typeof reservations>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<BulkResult<z.output<typeof reserved>>> {
    return resultsOf(body.reservations, (line, index) => this.reserving.reserve(line, metadataOfLine(metadata, index)));
  }
}
