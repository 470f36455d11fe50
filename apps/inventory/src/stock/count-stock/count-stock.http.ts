import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import type { Sku } from '#kernel';
import {
  CommandMetadata,
  isoInstant,
  locationIdSchema,
  occurred,
  Problems,
  quantityOrNone,
  skuSchema,
} from '#platform';
import { SupplyDirectory } from '../../supply/supply-directory.js';
import { ChangeStock } from '../change-stock.js';
import { type StockChanged, stockChanged, stockChangedBy } from '../stock.responses.js';

export const countStockBody = z.strictObject({
  locationId: locationIdSchema,
  counted: quantityOrNone,
  asOfRevision: z.int().min(-1).optional(),
  occurredAt: isoInstant.optional(),
});

@ApiTags('inventory')
@Controller('v1/stock')
export class CountStockController {
  constructor(
    private readonly commands: CommandBus,
    private readonly supply: SupplyDirectory,
  ) {}

  @Post(':sku/counts')
  @HttpCode(200)
  @ApiOperation({ summary: 'Somebody counted the shelf, as of a stock revision; what moved since still stands' })
  @ApiOkResponse({ standardSchema: stockChanged })
  @Problems({
    'not-found': ['unknown-location'],
    conflict: ['location-closed', 'count-outdated'],
    invalid: ['count-from-the-future', 'invalid-occurred-at'],
  })
  async countStock(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Body({ schema: countStockBody }) body: z.output<typeof countStockBody>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<StockChanged> {
    this.supply.requireLocation(body.locationId);
    const command = {
      type: 'CountStock',
      locationId: body.locationId,
      counted: body.counted,
      asOfRevision: body.asOfRevision,
    } as const;
    return stockChangedBy(sku, await this.commands.execute(new ChangeStock(sku, command, occurred(body, metadata))));
  }
}
