import { Controller, Get, Inject, Optional } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { EVENT_STORE, type EventStore } from '#event-sourcing';
import type { ConsumerStatus, ServiceMessaging } from '#messaging';
import { parkedCounts, READ_MODELS, type ReadModels, Runners } from '#read-models';
import { MESSAGING, WARNINGS } from '../tokens.js';

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
      parked: z
        .int()
        .meta({ description: 'Events set aside: it could not handle them, or they wait behind such an event' }),
      error: z.string().optional().meta({ description: 'Why it stands still, with stream and position' }),
    }),
  ),
  consumers: z
    .array(
      z.object({
        name: z.string(),
        state: z.string(),
        lag: z.int().nullable().meta({
          description: 'Messages ahead of it in the partitions of this process; null while that is not known',
        }),
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
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(Runners) private readonly runners: Runners,
    @Inject(WARNINGS) private readonly warnings: readonly string[],
    @Optional() @Inject(MESSAGING) private readonly messaging?: ServiceMessaging,
  ) {}

  @Get()
  @ApiOperation({ summary: 'How far the log reaches and how far every view and process has come' })
  @ApiOkResponse({ standardSchema: status })
  async status(): Promise<z.output<typeof status>> {
    const [head, parkedByAll] = await Promise.all([this.store.head(), parkedCounts(this.readModels)]);
    const runners = this.runners.status().map(({ name, kind, state, position, parked, error }) => ({
      name,
      kind,
      state,
      position,
      lag: Math.max(0, head - position),
      parked: Math.max(parked, parkedByAll.get(name) ?? 0),
      ...(error !== undefined && { error }),
    }));
    const consumers = (this.messaging?.consumers() ?? []).map(({ name, state, partitions, parked, error }) => ({
      name,
      state,
      lag: lagOf(state, partitions),
      partitions: partitions.length,
      parked,
      ...(error !== undefined && { error }),
    }));
    return { head, memoryBytes: process.memoryUsage.rss(), warnings: [...this.warnings], runners, consumers };
  }
}

/** Of one that is not connected, has no partition or has not looked yet, it is not known. */
function lagOf(state: ConsumerStatus['state'], partitions: ConsumerStatus['partitions']): number | null {
  if ((state !== 'running' && state !== 'paused') || partitions.length === 0) return null;
  return partitions.reduce<number | null>((sum, { lag }) => (sum === null || lag === undefined ? null : sum + lag), 0);
}
