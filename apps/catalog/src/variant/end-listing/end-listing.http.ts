import { Controller, Delete, Param, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import type { ChannelId, Sku } from '#kernel';
import { CommandMetadata, channelIdSchema, Problems, skuSchema } from '#platform';
import { externalIdSchema } from '../../catalog.schemas.js';
import { type CatalogChanged, ChangeCatalog, catalogChanged, catalogChangedBy } from '../../change-catalog.js';
import type { ReleaseExternalId } from '../../external-id/external-id.decide.js';
import { endingListings } from '../ending-listings.js';

const which = z.strictObject({
  externalId: externalIdSchema.optional().meta({ description: 'Only this listing; without it all on the channel' }),
});

@ApiTags('catalog')
@Controller('v1/variants')
export class EndListingController {
  constructor(private readonly commands: CommandBus) {}

  @Delete(':sku/listings/:channel')
  @ApiOperation({
    summary:
      'End the listings of a variant on a channel, or one of them; their external ids may be used again. The channel gets 0 first',
  })
  @ApiOkResponse({ standardSchema: catalogChanged })
  @Problems({ 'not-found': ['unknown-sku'], conflict: ['listing-changed'] })
  async endListing(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Param('channel', { schema: channelIdSchema }) channel: ChannelId,
    @Query({ schema: which }) { externalId }: z.output<typeof which>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<CatalogChanged> {
    const end = (externalIds: readonly string[], releases: readonly ReleaseExternalId[], all: boolean) =>
      this.commands.execute(
        new ChangeCatalog([{ type: 'EndListings', sku, channel, externalIds, all }, ...releases], metadata),
      );
    if (externalId !== undefined)
      return catalogChangedBy(
        await end([externalId], [{ type: 'ReleaseExternalId', channel, externalId, sku }], false),
      );
    return catalogChangedBy(await endingListings(sku, channel, (ids, releases) => end(ids, releases, true)));
  }
}
