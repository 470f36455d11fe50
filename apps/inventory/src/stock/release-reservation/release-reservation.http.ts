import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { EventMetadata } from '#event-sourcing';
import type { Sku } from '#kernel';
import { CommandMetadata, Problems, reservationIdSchema, skuSchema } from '#platform';
import { ChangeStock } from '../change-stock.js';
import { type StockChanged, stockChanged, stockChangedBy } from '../stock.responses.js';

@ApiTags('inventory')
@Controller('v1/reservations')
export class ReleaseReservationController {
  constructor(private readonly commands: CommandBus) {}

  @Post(':sku/:reservationId/release')
  @HttpCode(200)
  @ApiOperation({ summary: 'Give a reservation back before it is due' })
  @ApiOkResponse({ standardSchema: stockChanged })
  @Problems({ 'not-found': ['unknown-reservation'], conflict: ['reservation-confirmed'] })
  async releaseReservation(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Param('reservationId', { schema: reservationIdSchema }) reservationId: string,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<StockChanged> {
    const command = { type: 'ReleaseReservation', reservationId } as const;
    return stockChangedBy(sku, await this.commands.execute(new ChangeStock(sku, command, metadata)));
  }
}
