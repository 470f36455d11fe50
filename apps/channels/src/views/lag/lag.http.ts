import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ChannelMetrics } from '../../channel-metrics.js';
import { Pushers } from '../../push/pushers.js';
import { ChannelDirectory } from '../channels/channel-directory.js';

const lag = z.object({
  channel: z.string(),
  windowSeconds: z.number(),
  pushes: z.int().meta({ description: 'Numbers acknowledged within the window' }),
  p50Ms: z.number(),
  p99Ms: z.number(),
  maxMs: z.number(),
  waiting: z.int().meta({ description: 'Listings whose newest number is not acknowledged' }),
  oldestWaitingMs: z.number(),
});

@ApiTags('channels')
@Controller('v1/channels/lag')
export class LagController {
  constructor(
    private readonly directory: ChannelDirectory,
    private readonly metrics: ChannelMetrics,
    private readonly pushers: Pushers,
  ) {}

  @Get()
  @ApiOperation({
    summary:
      'Time from learning of a change to its acknowledgement, per channel, as this process saw it; without closed channels',
  })
  @ApiOkResponse({ standardSchema: z.object({ items: z.array(lag) }) })
  lag(): { items: z.output<typeof lag>[] } {
    const items = this.directory.all().flatMap(({ settings, closedBecause }) => {
      const lag = this.#lagOf(settings.channel);
      return closedBecause !== undefined && lag.waiting === 0 ? [] : [lag];
    });
    return { items };
  }

  #lagOf(channel: string): z.output<typeof lag> {
    const status = this.pushers.get(channel)?.status();
    const { waiting = 0, oldestWaitingMs = 0 } = status ?? {};
    return { channel, ...this.metrics.lags.summary(channel), waiting, oldestWaitingMs };
  }
}
