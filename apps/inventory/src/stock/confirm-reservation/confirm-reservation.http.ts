import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import type { Sku } from '#kernel';
import {
  CommandMetadata,
  channelIdSchema,
  lineIdSchema,
  orderIdSchema,
  Problems,
  reservationIdSchema,
  skuSchema,
} from '#platform';
import { SupplyDirectory } from '../../supply/supply-directory.js';
import { ChangeStock } from '../change-stock.js';
import { type StockChanged, stockChanged, stockChangedBy } from '../stock.responses.js';

export const confirmReservationBody = z.strictObject({
  channel: channelIdSchema,
  orderId: orderIdSchema,
  lineId: lineIdSchema.default('1'),
});

@ApiTags('inventory')
@Controller('v1/reservations')
export class ConfirmReservationController {
  constructor(
    private readonly commands: CommandBus,
    private readonly supply: SupplyDirectory,
  ) {}

  @Post(':sku/:reservationId/confirm')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Turn a reservation into the allocation of an order line; one that ran out is decided afresh',
  })
  @ApiOkResponse({ standardSchema: stockChanged })
  @Problems({
    'not-found': ['unknown-reservation'],
    conflict: ['insufficient-stock', 'reservation-overtaken', 'reservation-released', 'reservation-id-reused'],
  })
  async confirmReservation(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Param('reservationId', { schema: reservationIdSchema }) reservationId: string,
    @Body({ schema: confirmReservationBody }) { channel, orderId, lineId }: z.output<typeof confirmReservationBody>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<StockChanged> {
    const policy = this.supply.policyOf(channel);
    const command = { type: 'ConfirmReservation', reservationId, orderId, lineId, policy } as const;
    return stockChangedBy(sku, await this.commands.execute(new ChangeStock(sku, command, metadata)));
  }
}
