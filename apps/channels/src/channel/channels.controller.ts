import { Controller, Get, Post, Put } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { Executes, Input, type InputOf } from '#platform';
import { checkDrift } from '../drift/check-drift.js';
import { dismissParkedSale, listParkedSales, retryParkedSale } from '../intake/parked-sales.slices.js';
import { channelById, listChannels } from '../views/channels/channels.query.js';
import { channelLag } from '../views/lag/lag.query.js';
import { listPushes } from '../views/pushes/pushes.query.js';
import { closeChannel } from './close-channel.js';
import { configureChannel } from './configure-channel.js';
import { pauseChannel } from './pause-channel.js';
import { resumeChannel } from './resume-channel.js';

/** Where goods are sold, and what waits there. */
@Controller('v1/channels')
export class ChannelsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @Executes(listChannels)
  listChannels(@Input() input: InputOf<typeof listChannels>) {
    return this.queries.execute(listChannels(input));
  }

  @Get('lag')
  @Executes(channelLag)
  channelLag(@Input() input: InputOf<typeof channelLag>) {
    return this.queries.execute(channelLag(input));
  }

  @Get(':channel')
  @Executes(channelById)
  channelById(@Input() input: InputOf<typeof channelById>) {
    return this.queries.execute(channelById(input));
  }

  @Put(':channel')
  @Executes(configureChannel)
  configureChannel(@Input() input: InputOf<typeof configureChannel>) {
    return this.commands.execute(configureChannel(input));
  }

  @Post(':channel/pause')
  @Executes(pauseChannel)
  pauseChannel(@Input() input: InputOf<typeof pauseChannel>) {
    return this.commands.execute(pauseChannel(input));
  }

  @Post(':channel/resume')
  @Executes(resumeChannel)
  resumeChannel(@Input() input: InputOf<typeof resumeChannel>) {
    return this.commands.execute(resumeChannel(input));
  }

  @Post(':channel/close')
  @Executes(closeChannel)
  closeChannel(@Input() input: InputOf<typeof closeChannel>) {
    return this.commands.execute(closeChannel(input));
  }

  @Post(':channel/drift-check')
  @Executes(checkDrift)
  checkDrift(@Input() input: InputOf<typeof checkDrift>) {
    return this.commands.execute(checkDrift(input));
  }

  @Get(':channel/pushes')
  @Executes(listPushes)
  listPushes(@Input() input: InputOf<typeof listPushes>) {
    return this.queries.execute(listPushes(input));
  }

  @Get(':channel/parked-sales')
  @Executes(listParkedSales)
  listParkedSales(@Input() input: InputOf<typeof listParkedSales>) {
    return this.queries.execute(listParkedSales(input));
  }

  @Post(':channel/parked-sales/:id/retry')
  @Executes(retryParkedSale)
  retryParkedSale(@Input() input: InputOf<typeof retryParkedSale>) {
    return this.commands.execute(retryParkedSale(input));
  }

  @Post(':channel/parked-sales/:id/dismiss')
  @Executes(dismissParkedSale)
  dismissParkedSale(@Input() input: InputOf<typeof dismissParkedSale>) {
    return this.commands.execute(dismissParkedSale(input));
  }
}
