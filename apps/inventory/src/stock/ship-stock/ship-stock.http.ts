import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import type { Sku } from '#kernel';
import {
  CommandMetadata,
  channelIdSchema,
  isoInstant,
  lineIdSchema,
  locationIdSchema,
  occurred,
  orderIdSchema,
  Problems,
  quantity,
  skuSchema,
} from '#platform';
import { SupplyDirectory } from '../../supply/supply-directory.js';
import { ChangeStock } from '../change-stock.js';
import { type StockChanged, stockChanged, stockChangedBy } from '../stock.responses.js';

export const shipStockBody = z.strictObject({
  orderId: orderIdSchema,
  lineId: lineIdSchema,
  channel: channelIdSchema,
  units: quantity,
  locationId: locationIdSchema.optional(),
  occurredAt: isoInstant.optional(),
});

@ApiTags('inventory')
@Controller('v1/stock')
export class ShipStockController {
  constructor(
    private readonly commands: CommandBus,
    private readonly supply: SupplyDirectory,
  ) {}

  @Post(':sku/shipments')
  @HttpCode(200)
  @ApiOperation({ summary: 'A parcel left, wherever its units had been allocated' })
  @ApiOkResponse({ standardSchema: stockChanged })
  @Problems({ 'not-found': ['unknown-location'], conflict: ['location-closed'], invalid: ['invalid-occurred-at'] })
  async shipStock(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Body({ schema: shipStockBody }) body: z.output<typeof shipStockBody>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<StockChanged> {
    if (body.locationId !== undefined) this.supply.requireLocation(body.locationId);
    const command = {
      type: 'ShipStock',
      orderId: body.orderId,
      channel: body.channel,
      lines: [{ lineId: body.lineId, units: body.units }],
      locationId: body.locationId,
      supply: this.supply.policyOf(body.channel).supply,
    } as const;
    return stockChangedBy(sku, await this.commands.execute(new ChangeStock(sku, command, occurred(body, metadata))));
  }
}
