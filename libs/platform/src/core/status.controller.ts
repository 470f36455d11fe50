import { Controller, Get, Inject, Optional } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { EVENT_STORE, type EventStore } from '#event-sourcing';
import type { ServiceMessaging } from '#messaging';
import { Runners } from '#read-models';
import { MESSAGING, WARNINGS } from './tokens.js';

const status = z.object({
  head: z.int().meta({ description: 'Position of the last event in the log' }),
  memoryBytes: z.int().meta({ description: 'Resident memory of this process' }),
  warnings: z
    .array(z.string())
    .meta({ description: 'What is not as it should be about this installation; none is as it should be' }),
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
  consumers: z
    .array(
      z.object({
        name: z.string(),
        state: z.string(),
        lag: z.int().meta({ description: 'Messages ahead of it in the partitions of this process' }),
        partitions: z.int().meta({ description: 'Partitions that belong to this process' }),
        parked: z.int(),
        error: z.string().optional(),
      }),
    )
    .meta({ description: 'Readers of what other services stored; none where all are in one process' }),
});

@ApiTags('operations')
@Controller('v1/status')
export class StatusController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(Runners) private readonly runners: Runners,
    @Inject(WARNINGS) private readonly warnings: readonly string[],
    @Optional() @Inject(MESSAGING) private readonly messaging?: ServiceMessaging,
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
    const consumers = (this.messaging?.consumers() ?? []).map(({ name, state, partitions, parked, error }) => ({
      name,
      state,
      lag: partitions.reduce((sum, { lag }) => sum + lag, 0),
      partitions: partitions.length,
      parked,
      ...(error !== undefined && { error }),
    }));
    return { head, memoryBytes: process.memoryUsage.rss(), warnings: [...this.warnings], runners, consumers };
  }
}
