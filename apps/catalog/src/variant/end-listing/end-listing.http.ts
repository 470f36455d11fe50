import { Controller, Delete, Param } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { EventMetadata } from '#event-sourcing';
import type { ChannelId, Sku } from '#kernel';
import { CommandMetadata, channelIdSchema, Problems, skuSchema } from '#platform';
import { type CatalogChanged, ChangeCatalog, catalogChanged, catalogChangedBy } from '../../change-catalog.js';
import { replacingListings } from '../replacing-listings.js';

@ApiTags('catalog')
@Controller('v1/variants')
export class EndListingController {
  constructor(private readonly commands: CommandBus) {}

  @Delete(':sku/listings/:channel')
  @ApiOperation({ summary: 'Offer a variant on a channel no longer; its external id may be used again' })
  @ApiOkResponse({ standardSchema: catalogChanged })
  @Problems({ 'not-found': ['unknown-sku'], conflict: ['listing-changed'] })
  async endListing(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Param('channel', { schema: channelIdSchema }) channel: ChannelId,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<CatalogChanged> {
    const change = await replacingListings(sku, (replaces, releases) =>
      this.commands.execute(new ChangeCatalog([{ type: 'EndListing', sku, channel, replaces }, ...releases], metadata)),
    );
    return catalogChangedBy(change);
  }
}
