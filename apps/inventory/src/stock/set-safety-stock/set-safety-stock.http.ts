import { Body, Controller, Param, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import type { LocationId, Sku } from '#kernel';
import { CommandMetadata, locationIdSchema, Problems, quantityOrNone, skuSchema } from '#platform';
import { SupplyDirectory } from '../../supply/supply-directory.js';
import { ChangeStock } from '../change-stock.js';
import { type StockChanged, stockChanged, stockChangedBy } from '../stock.responses.js';

export const setSafetyStockBody = z.strictObject({
  units: quantityOrNone,
});

@ApiTags('inventory')
@Controller('v1/stock')
export class SetSafetyStockController {
  constructor(
    private readonly commands: CommandBus,
    private readonly supply: SupplyDirectory,
  ) {}

  @Put(':sku/safety-stock/:locationId')
  @ApiOperation({ summary: 'Keep units of a location back from every channel' })
  @ApiOkResponse({ standardSchema: stockChanged })
  @Problems({ 'not-found': ['unknown-location'], conflict: ['location-closed'] })
  async setSafetyStock(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Param('locationId', { schema: locationIdSchema }) locationId: LocationId,
    @Body({ schema: setSafetyStockBody }) body: z.output<typeof setSafetyStockBody>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<StockChanged> {
    this.supply.requireLocation(locationId);
    const command = { type: 'SetSafetyStock', locationId, units: body.units } as const;
    return stockChangedBy(sku, await this.commands.execute(new ChangeStock(sku, command, metadata)));
  }
}
