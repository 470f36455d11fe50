import { Body, Controller, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import type { ChannelId, LocationId } from '#kernel';
import { CommandMetadata, channelIdSchema, locationIdSchema, Problems, quantityOrNone, textLine } from '#platform';
import { ChangeSupply } from './change-supply.js';
import { LocationContents } from './location-contents.js';
import { SupplyDirectory } from './supply-directory.js';

const changed = z.object({
  position: z.int().meta({ description: 'A view that has reached this position shows the change' }),
});

const location = z.strictObject({
  name: textLine(128),
  roles: z
    .array(z.enum(['ship-from', 'pickup', 'returns']))
    .max(3)
    .default(['ship-from']),
});
const openLocations = z.object({
  items: z.array(z.object({ locationId: z.string(), name: z.string(), roles: z.array(z.string()) })),
});
const supplyMap = z.strictObject({
  locationIds: z
    .array(locationIdSchema)
    .min(1)
    .max(100)
    .refine((ids) => new Set(ids).size === ids.length, 'Name each location once.')
    .meta({ description: 'In the order in which they are asked for units', uniqueItems: true }),
});
const defaults = z.strictObject({
  buffer: quantityOrNone.default(0),
  cap: quantityOrNone.optional(),
  sharePercent: z.int().min(0).max(100).default(100),
});

@ApiTags('inventory')
@Controller('v1')
export class SupplyController {
  constructor(
    private readonly supply: ChangeSupply,
    private readonly directory: SupplyDirectory,
    private readonly contents: LocationContents,
  ) {}

  @Put('locations/:locationId')
  @ApiOperation({ summary: 'Open a location, or give it another name or other roles' })
  @ApiOkResponse({ standardSchema: changed })
  openLocation(
    @Param('locationId', { schema: locationIdSchema }) locationId: LocationId,
    @Body({ schema: location }) body: z.output<typeof location>,
    @CommandMetadata() metadata: EventMetadata,
  ) {
    return this.supply.openLocation({ type: 'OpenLocation', locationId, ...body }, metadata);
  }

  @Get('locations')
  @ApiOperation({ summary: 'Open locations, the oldest first' })
  @ApiOkResponse({ standardSchema: openLocations })
  listLocations() {
    const items = this.directory.locations.map((locationId) => {
      const { name = locationId, roles = [] } = this.directory.locationOf(locationId) ?? {};
      return { locationId, name, roles };
    });
    return { items };
  }

  @Post('locations/:locationId/close')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Close an empty location: it supplies no channel and takes no goods until it is opened again',
  })
  @ApiOkResponse({ standardSchema: changed })
  @Problems({ 'not-found': ['unknown-location'], conflict: ['location-not-empty'] })
  async closeLocation(
    @Param('locationId', { schema: locationIdSchema }) locationId: LocationId,
    @CommandMetadata() metadata: EventMetadata,
  ) {
    if (this.directory.isOpen(locationId)) await this.contents.requireEmpty(locationId);
    return this.supply.closeLocation({ type: 'CloseLocation', locationId }, metadata);
  }

  @Put('supply-maps/:channel')
  @ApiOperation({ summary: 'Which locations supply a channel, in which order' })
  @ApiOkResponse({ standardSchema: changed })
  @Problems({ 'not-found': ['unknown-location'], conflict: ['location-closed'] })
  setSupplyMap(
    @Param('channel', { schema: channelIdSchema }) channel: ChannelId,
    @Body({ schema: supplyMap }) body: z.output<typeof supplyMap>,
    @CommandMetadata() metadata: EventMetadata,
  ) {
    return this.supply.setPolicy({ type: 'SetSupplyMap', channel, ...body }, metadata);
  }

  @Put('stock-rules/:channel')
  @ApiOperation({ summary: 'What a channel may show of every SKU without a rule of its own' })
  @ApiOkResponse({ standardSchema: changed })
  setChannelDefaults(
    @Param('channel', { schema: channelIdSchema }) channel: ChannelId,
    @Body({ schema: defaults }) body: z.output<typeof defaults>,
    @CommandMetadata() metadata: EventMetadata,
  ) {
    return this.supply.setPolicy({ type: 'SetChannelDefaults', channel, ...body }, metadata);
  }
}
