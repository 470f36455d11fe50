import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { isoInstant, reasonText, textLine } from '#contracts';
import type { EventMetadata } from '#event-sourcing';
import { Rejected } from '#kernel';
import { Processes, type ProcessSummary } from '#read-models';
import { CommandMetadata } from '../command-metadata.decorator.js';
import { decodeCursor, type PageOf, pageOf, pageQuery, toPage } from '../http/paging.js';
import { Problems } from '../http/problems.decorator.js';

const state = z.enum(['running', 'waiting', 'stuck', 'undoing', 'done', 'undone', 'ended']).meta({
  description:
    '`waiting`: for an event; `stuck`: past its time, or cannot be taken back; `undoing`: takes back what it did; `done`, `undone`: over; `ended`: by a person',
});
const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,99}$/, 'Send the name of a process, such as when-order-is-submitted-allocate-stock.');
const id = textLine(256).meta({ description: 'What the process is about, such as an order' });
const filter = z.strictObject({ name: name.optional(), state: state.optional(), ...pageQuery });
const cursor = z.tuple([isoInstant, z.string(), z.string()]);

const summary = z
  .object({
    name: z.string(),
    id: z.string(),
    state,
    step: z.string().nullable().meta({ description: 'Where it waits or is stuck' }),
    waitsFor: z.array(z.string()).meta({ description: 'Events of which one would answer' }),
    until: z.string().nullable().meta({ description: 'When its time is up' }),
    since: z.string().meta({ description: 'In its state since then' }),
    startedAt: z.string(),
    reason: z.string().nullable().meta({ description: 'Why it is stuck, was undone, or was ended' }),
  })
  .meta({ id: 'ProcessSummary' });
const details = summary
  .extend({
    history: z
      .array(
        z.object({
          type: z.string(),
          data: z.record(z.string(), z.unknown()),
          recordedAt: z.string(),
          actor: z.string(),
        }),
      )
      .meta({ description: 'Its steps so far, as events' }),
  })
  .meta({ id: 'Process' });
const changed = z
  .object({ name: z.string(), id: z.string(), revision: z.int(), position: z.int() })
  .meta({ id: 'ProcessChanged' });
const end = z
  .strictObject({
    reason: reasonText,
    takeBack: z
      .boolean()
      .default(false)
      .meta({ description: 'What was done is taken back, last step first; only while it waits for an event' }),
  })
  .meta({ id: 'EndProcess' });

@ApiTags('operations')
@Controller('v1/processes')
export class ProcessesController {
  constructor(@Inject(Processes) private readonly processes: Processes) {}

  @Get()
  @ApiOperation({ summary: 'Processes: what waits for what, since when and until when; started last first' })
  @ApiOkResponse({ standardSchema: pageOf(summary) })
  async list(@Query({ schema: filter }) query: z.output<typeof filter>): Promise<PageOf<ProcessSummary>> {
    const after = decodeCursor(query.cursor, cursor);
    const rows = await this.processes.list(query, after, query.limit + 1);
    return toPage(rows, query.limit, (row) => [row.startedAt, row.name, row.id]);
  }

  @Get(':name/:id')
  @ApiOperation({ summary: 'One process with its steps so far' })
  @Problems({ 'not-found': ['unknown-process'] })
  @ApiOkResponse({ standardSchema: details })
  async byId(@Param('name', { schema: name }) process: string, @Param('id', { schema: id }) instance: string) {
    const found = await this.processes.byId(process, instance);
    if (!found) throw unknown(process, instance);
    return found;
  }

  @Post(':name/:id/retry')
  @HttpCode(200)
  @ApiOperation({
    summary:
      'Has the step tried again that waits or is stuck, with a new time. What took effect before is not done twice',
  })
  @Problems({ 'not-found': ['unknown-process'], conflict: ['process-not-waiting'] })
  @ApiOkResponse({ standardSchema: changed })
  async retry(
    @Param('name', { schema: name }) process: string,
    @Param('id', { schema: id }) instance: string,
    @CommandMetadata() metadata: EventMetadata,
  ) {
    const { revision, position } = await this.own(process, instance).retry(process, instance, metadata);
    return { name: process, id: instance, revision, position };
  }

  @Post(':name/:id/end')
  @HttpCode(200)
  @ApiOperation({ summary: 'Ends the process as it stands, or has it take back what it did' })
  @Problems({ 'not-found': ['unknown-process'], conflict: ['process-has-ended', 'process-not-waiting'] })
  @ApiOkResponse({ standardSchema: changed })
  async end(
    @Param('name', { schema: name }) process: string,
    @Param('id', { schema: id }) instance: string,
    @Body({ schema: end }) how: z.output<typeof end>,
    @CommandMetadata() metadata: EventMetadata,
  ) {
    const { revision, position } = await this.own(process, instance).end(process, instance, how, metadata);
    return { name: process, id: instance, revision, position };
  }

  private own(process: string, instance: string): Processes {
    if (!this.processes.names.includes(process)) throw unknown(process, instance);
    return this.processes;
  }
}

const unknown = (name: string, id: string): Rejected =>
  new Rejected(
    'not-found',
    'unknown-process',
    `There is no process ${name} for ${id}, or it has not reached this view yet.`,
    {
      name,
      id,
    },
  );
