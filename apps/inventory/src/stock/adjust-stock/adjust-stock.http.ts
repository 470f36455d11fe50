import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { MAX_QUANTITY, type Sku } from '#kernel';
import { CommandMetadata, isoInstant, locationIdSchema, occurred, Problems, reasonText, skuSchema } from '#platform';
import { SupplyDirectory } from '../../supply/supply-directory.js';
import { ChangeStock } from '../change-stock.js';
import { type StockChanged, stockChanged, stockChangedBy } from '../stock.responses.js';

export const adjustStockBody = z.strictObject({
  locationId: locationIdSchema,
  onHand: z.int().min(-MAX_QUANTITY).max(MAX_QUANTITY).default(0),
  unavailable: z.int().min(-MAX_QUANTITY).max(MAX_QUANTITY).default(0),
  reason: reasonText,
  occurredAt: isoInstant.optional(),
});

@ApiTags('inventory')
@Controller('v1/stock')
export class AdjustStockController {
  constructor(
    private readonly commands: CommandBus,
    private readonly supply: SupplyDirectory,
  ) {}

  @Post(':sku/adjustments')
  @HttpCode(200)
  @ApiOperation({ summary: 'Put the books right by hand' })
  @ApiOkResponse({ standardSchema: stockChanged })
  @Problems({
    'not-found': ['unknown-location'],
    conflict: ['location-closed', 'adjustment-below-zero'],
    invalid: ['invalid-occurred-at'],
  })
  async adjustStock(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Body({ schema: adjustStockBody }) body: z.output<typeof adjustStockBody>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<StockChanged> {
    this.supply.requireLocation(body.locationId);
    const command = {
      type: 'AdjustStock',
      locationId: body.locationId,
      onHand: body.onHand,
      unavailable: body.unavailable,
      reason: body.reason,
    } as const;
    return stockChangedBy(sku, await this.commands.execute(new ChangeStock(sku, command, occurred(body, metadata))));
  }
}
