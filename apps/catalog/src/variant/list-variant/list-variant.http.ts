import { Body, Controller, Param, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import type { ChannelId, Sku } from '#kernel';
import { CommandMetadata, channelIdSchema, Problems, skuSchema } from '#platform';
import { externalIdSchema } from '../../catalog.schemas.js';
import { type CatalogChanged, ChangeCatalog, catalogChanged, catalogChangedBy } from '../../change-catalog.js';
import { claimsOf } from '../claims-of.js';

const listing = z
  .strictObject({
    externalId: externalIdSchema,
    replaces: externalIdSchema
      .optional()
      .meta({ description: 'External id of the listing of the SKU that ends with this' }),
  })
  .meta({ id: 'ListVariant' });

@ApiTags('catalog')
@Controller('v1/variants')
export class ListVariantController {
  constructor(private readonly commands: CommandBus) {}

  @Put(':sku/listings/:channel')
  @ApiOperation({
    summary: 'Offer a variant on a channel under the id the channel gave it, beside its other listings there',
  })
  @ApiOkResponse({ standardSchema: catalogChanged })
  @Problems({ 'not-found': ['unknown-sku'], conflict: ['external-id-taken'] })
  async listVariant(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Param('channel', { schema: channelIdSchema }) channel: ChannelId,
    @Body({ schema: listing }) { externalId, replaces }: z.output<typeof listing>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<CatalogChanged> {
    const commands = [
      { type: 'ListVariant', sku, channel, externalId, replaces } as const,
      ...claimsOf(sku, [{ channel, externalId, replaces }]),
    ];
    return catalogChangedBy(await this.commands.execute(new ChangeCatalog(commands, metadata)));
  }
}
