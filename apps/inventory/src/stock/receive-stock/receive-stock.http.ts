import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import type { Sku } from '#kernel';
import {
  CommandMetadata,
  externalId,
  isoInstant,
  locationIdSchema,
  occurred,
  Problems,
  quantity,
  skuSchema,
} from '#platform';
import { SupplyDirectory } from '../../supply/supply-directory.js';
import { ChangeStock } from '../change-stock.js';
import { type GoodsMoved, goodsMoved, goodsMovedBy } from '../stock.responses.js';

export const receiveStockBody = z.strictObject({
  locationId: locationIdSchema,
  units: quantity,
  reference: externalId.optional(),
  occurredAt: isoInstant.optional(),
});

@ApiTags('inventory')
@Controller('v1/stock')
export class ReceiveStockController {
  constructor(
    private readonly commands: CommandBus,
    private readonly supply: SupplyDirectory,
  ) {}

  @Post(':sku/receipts')
  @HttpCode(200)
  @ApiOperation({ summary: 'Goods arrived; a reference that had come before is taken with a warning' })
  @ApiOkResponse({ standardSchema: goodsMoved })
  @Problems({ 'not-found': ['unknown-location'], conflict: ['location-closed'], invalid: ['invalid-occurred-at'] })
  async receiveStock(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Body({ schema: receiveStockBody }) body: z.output<typeof receiveStockBody>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<GoodsMoved> {
    this.supply.requireLocation(body.locationId);
    const command = {
      type: 'ReceiveStock',
      locationId: body.locationId,
      units: body.units,
      reference: body.reference,
    } as const;
    return goodsMovedBy(sku, await this.commands.execute(new ChangeStock(sku, command, occurred(body, metadata))));
  }
}
