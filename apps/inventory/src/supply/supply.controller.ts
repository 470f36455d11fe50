import { Controller, Get, Post, Put } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { Executes, Input, type InputOf } from '#platform';
import { closeLocation, locations, openLocation, setChannelDefaults, setSupplyMap } from './supply.slices.js';

/** Locations, and which of them supply which channel. */
@Controller('v1')
export class SupplyController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Put('locations/:locationId')
  @Executes(openLocation)
  openLocation(@Input() input: InputOf<typeof openLocation>) {
    return this.commands.execute(openLocation(input));
  }

  @Get('locations')
  @Executes(locations)
  locations(@Input() input: InputOf<typeof locations>) {
    return this.queries.execute(locations(input));
  }

  @Post('locations/:locationId/close')
  @Executes(closeLocation)
  closeLocation(@Input() input: InputOf<typeof closeLocation>) {
    return this.commands.execute(closeLocation(input));
  }

  @Put('supply-maps/:channel')
  @Executes(setSupplyMap)
  setSupplyMap(@Input() input: InputOf<typeof setSupplyMap>) {
    return this.commands.execute(setSupplyMap(input));
  }

  @Put('stock-rules/:channel')
  @Executes(setChannelDefaults)
  setChannelDefaults(@Input() input: InputOf<typeof setChannelDefaults>) {
    return this.commands.execute(setChannelDefaults(input));
  }
}
