import { Body, Controller, Param, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import type { ChannelId, Sku } from '#kernel';
import { CommandMetadata, channelIdSchema, quantityOrNone, reasonText, skuSchema } from '#platform';
import { ChangeStock } from '../change-stock.js';
import { type StockChanged, stockChanged, stockChangedBy } from '../stock.responses.js';

export const setChannelRuleBody = z.strictObject({
  buffer: quantityOrNone.optional(),
  cap: quantityOrNone.optional(),
  sharePercent: z.int().min(0).max(100).optional(),
  quota: quantityOrNone.optional(),
  restriction: reasonText.optional(),
});

@ApiTags('inventory')
@Controller('v1/stock')
export class SetChannelRuleController {
  constructor(private readonly commands: CommandBus) {}

  @Put(':sku/channel-rules/:channel')
  @ApiOperation({
    summary: 'Replace what one channel may show of this SKU; what is absent falls back to the rule of the channel',
  })
  @ApiOkResponse({ standardSchema: stockChanged })
  async setChannelRule(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Param('channel', { schema: channelIdSchema }) channel: ChannelId,
    @Body({ schema: setChannelRuleBody }) body: z.output<typeof setChannelRuleBody>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<StockChanged> {
    const command = { type: 'SetChannelRule', channel, ...body } as const;
    return stockChangedBy(sku, await this.commands.execute(new ChangeStock(sku, command, metadata)));
  }
}
