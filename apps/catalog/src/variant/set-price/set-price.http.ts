import { Body, Controller, Param, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import type { ChannelId, Sku } from '#kernel';
import { CommandMetadata, channelIdSchema, currency, Problems, priceMinor, skuSchema } from '#platform';
import { type CatalogChanged, ChangeCatalog, catalogChanged, catalogChangedBy } from '../../change-catalog.js';

const price = z.strictObject({ currency, amountMinor: priceMinor }).meta({ id: 'SetPrice' });

@ApiTags('catalog')
@Controller('v1/variants')
export class SetPriceController {
  constructor(private readonly commands: CommandBus) {}

  @Put(':sku/prices/:channel')
  @ApiOperation({ summary: 'What a variant costs on a channel from now on' })
  @ApiOkResponse({ standardSchema: catalogChanged })
  @Problems({ 'not-found': ['unknown-sku'] })
  async setPrice(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Param('channel', { schema: channelIdSchema }) channel: ChannelId,
    @Body({ schema: price }) body: z.output<typeof price>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<CatalogChanged> {
    const change = new ChangeCatalog([{ ...body, type: 'SetPrice', sku, channel }], metadata);
    return catalogChangedBy(await this.commands.execute(change));
  }
}
