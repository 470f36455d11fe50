import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { EVENT_STORE, type EventStore } from '#event-sourcing';
import { Runners } from '#read-models';

const status = z.object({
  head: z.int().meta({ description: 'Position of the last event in the log' }),
  memoryBytes: z.int().meta({ description: 'Resident memory of this process' }),
  runners: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['projection', 'reaction']),
      state: z.string(),
      position: z.int(),
      lag: z.int().meta({ description: 'Positions of the log it has not passed yet' }),
      parked: z.int(),
      error: z.string().optional(),
    }),
  ),
});

@ApiTags('operations')
@Controller('v1/status')
export class StatusController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(Runners) private readonly runners: Runners,
  ) {}

  @Get()
  @ApiOperation({ summary: 'How far the log reaches and how far every view and process has come' })
  @ApiOkResponse({ standardSchema: status })
  async status(): Promise<z.output<typeof status>> {
    const head = await this.store.head();
    const runners = this.runners.status().map(({ name, kind, state, position, parked, error }) => ({
      name,
      kind,
      state,
      position,
      lag: Math.max(0, head - position),
      parked,
      ...(error !== undefined && { error }),
    }));
    return { head, memoryBytes: process.memoryUsage.rss(), runners };
  }
}
