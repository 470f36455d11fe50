import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { type ChannelId, type LocationId } from '#kernel';
import { CommandMetadata, channelIdSchema, locationIdSchema, Problems, quantityOrNone, textLine } from '#platform';
import { ChangeSupply } from './change-supply.js';
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
  ) {}

  @Put('locations/:locationId')
  @ApiOperation({ summary: 'Open a place that holds goods, or rename it' })
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
  @ApiOkResponse({ standardSchema: z.object({ items: z.array(z.object({ locationId: z.string() })) }) })
  listLocations() {
    return { items: this.directory.locations.map((locationId) => ({ locationId })) };
  }

  @Put('supply-maps/:channel')
  @ApiOperation({ summary: 'Which locations supply a channel, in which order' })
  @ApiOkResponse({ standardSchema: changed })
  @Problems({ 'not-found': ['unknown-location'] })
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
