import { Body, Controller, Param, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import type { ChannelId, Sku } from '#kernel';
import { CommandMetadata, channelIdSchema, Problems, skuSchema } from '#platform';
import { externalIdSchema } from '../../catalog.schemas.js';
import { type CatalogChanged, ChangeCatalog, catalogChanged, catalogChangedBy } from '../../change-catalog.js';
import { replacingListings } from '../replacing-listings.js';

const listing = z.strictObject({ externalId: externalIdSchema }).meta({ id: 'ListVariant' });

@ApiTags('catalog')
@Controller('v1/variants')
export class ListVariantController {
  constructor(private readonly commands: CommandBus) {}

  @Put(':sku/listings/:channel')
  @ApiOperation({
    summary: 'Offer a variant on a channel under the id the channel gave it; another listing there ends',
  })
  @ApiOkResponse({ standardSchema: catalogChanged })
  @Problems({ 'not-found': ['unknown-sku'], conflict: ['external-id-taken', 'listing-changed'] })
  async listVariant(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Param('channel', { schema: channelIdSchema }) channel: ChannelId,
    @Body({ schema: listing }) { externalId }: z.output<typeof listing>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<CatalogChanged> {
    const change = await replacingListings(sku, (replaces, releases) =>
      this.commands.execute(
        new ChangeCatalog(
          [
            { type: 'ListVariant', sku, channel, externalId, replaces },
            { type: 'ClaimExternalId', channel, externalId, sku },
            ...releases,
          ],
          metadata,
        ),
      ),
    );
    return catalogChangedBy(change);
  }
}
