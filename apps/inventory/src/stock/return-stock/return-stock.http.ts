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
import { type StockChanged, stockChanged, stockChangedBy } from '../stock.responses.js';

export const returnStockBody = z.strictObject({
  locationId: locationIdSchema,
  units: quantity,
  condition: z.enum(['available', 'damaged', 'inspection']),
  returnId: externalId.optional(),
  occurredAt: isoInstant.optional(),
});

@ApiTags('inventory')
@Controller('v1/stock')
export class ReturnStockController {
  constructor(
    private readonly commands: CommandBus,
    private readonly supply: SupplyDirectory,
  ) {}

  @Post(':sku/returns')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Goods came back that no known order is behind; the same returnId and content again changes nothing',
  })
  @ApiOkResponse({ standardSchema: stockChanged })
  @Problems({
    'not-found': ['unknown-location'],
    conflict: ['location-closed', 'return-differs'],
    invalid: ['invalid-occurred-at'],
  })
  async returnStock(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Body({ schema: returnStockBody }) body: z.output<typeof returnStockBody>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<StockChanged> {
    this.supply.requireLocation(body.locationId);
    const command = {
      type: 'ReturnStock',
      returnId: body.returnId ?? metadata.commandId,
      locationId: body.locationId,
      units: body.units,
      condition: body.condition,
    } as const;
    const outcome = await this.commands.execute(new ChangeStock(sku, command, occurred(body, metadata)));
    return { ...stockChangedBy(sku, outcome), repeated: outcome.events.length === 0 };
  }
}
