import { type ProcessEvent, type ProcessStatus, processOf, type RecordedEvent } from '#event-sourcing';
import { bulkUpsert, selectByKeys } from '../bulk.js';
import type { Projection } from '../projection.js';

export type ProcessInstanceState = Exclude<ProcessStatus, 'new'>;

export interface ProcessRow {
  readonly name: string;
  readonly instance: string;
  readonly state: ProcessInstanceState;
  /** Where it waits or is stuck. */
  readonly step: string | null;
  readonly waits_for: readonly string[];
  readonly due_at: string | null;
  /** In its state since then. */
  readonly since: string;
  readonly started_at: string;
  readonly reason: string | null;
  readonly correlation_id: string;
  readonly revision: number;
}

const shape = {
  table: 'instances',
  key: ['name', 'instance'],
  columns: {
    name: 'text',
    instance: 'text',
    state: 'text',
    step: 'text',
    waits_for: 'jsonb',
    due_at: 'timestamptz',
    since: 'timestamptz',
    started_at: 'timestamptz',
    reason: 'text',
    correlation_id: 'text',
    revision: 'bigint',
  },
} as const;

/** Every instance of every process: what waits for what, since when and until when. The timer of all processes reads it. */
export const processesProjection: Projection = {
  name: 'processes',
  version: 1,
  schema: `
    create table instances (
      name text collate "C" not null,
      instance text collate "C" not null,
      state text not null,
      step text,
      waits_for jsonb not null,
      due_at timestamptz,
      since timestamptz not null,
      started_at timestamptz not null,
      reason text,
      correlation_id text not null,
      revision bigint not null,
      primary key (name, instance)
    );
    create index instances_by_due_time on instances (due_at) where due_at is not null;
    create index instances_by_start on instances (started_at, name, instance);
    create index open_instances on instances (state, started_at) where state in ('running', 'waiting', 'stuck', 'undoing');
  `,
  types: [
    'ProcessStarted',
    'StepSent',
    'StepAnswered',
    'StepTimedOut',
    'StepUndone',
    'StepStuck',
    'StepRetried',
    'ProcessEnded',
  ] satisfies ProcessEvent['type'][],
  apply: async (page, tx) => {
    const events = page as readonly RecordedEvent<ProcessEvent>[];
    const keyOf = ({ stream }: RecordedEvent) => processOf(stream);
    const continued = events.filter(({ type }) => type !== 'ProcessStarted');
    const keys = [...new Map(continued.map((event) => [event.stream, keyOf(event)])).values()];
    const stored = await selectByKeys<ProcessRow, typeof shape.columns>(tx, { ...shape, keys });
    const rows = new Map(stored.map((row) => [`${row.name}:${row.instance}`, row]));
    for (const event of events) {
      const { name, instance } = keyOf(event);
      const row = rowAfter(event, rows.get(`${name}:${instance}`));
      if (row) rows.set(`${name}:${instance}`, row);
    }
    await bulkUpsert(tx, { ...shape, rows: [...rows.values()] });
  },
  analystViews: [
    {
      name: 'processes',
      description: 'One row per instance of a process, with its state, what it waits for, since when and until when',
      select: 'select name, instance, state, step, waits_for, due_at, since, started_at, reason from instances',
    },
  ],
};

function rowAfter(event: RecordedEvent<ProcessEvent>, before: ProcessRow | undefined): ProcessRow | undefined {
  const { recordedAt: since, revision } = event;
  if (event.type === 'ProcessStarted')
    return {
      ...processOf(event.stream),
      ...goingOn('running'),
      since,
      started_at: since,
      reason: null,
      correlation_id: event.metadata.correlationId,
      revision,
    };
  if (!before) return undefined;
  const row = { ...before, revision };
  switch (event.type) {
    case 'StepSent': {
      const { step, waitsFor, until } = event.data;
      return { ...row, state: 'waiting', step, waits_for: waitsFor, due_at: until, since };
    }
    case 'StepAnswered': {
      const { answer, reason } = event.data;
      if (answer === undefined) return row;
      return answer === 'done'
        ? { ...row, ...goingOn('running'), since }
        : { ...row, ...goingOn('undoing'), since, reason: reason ?? null };
    }
    case 'StepTimedOut':
      return event.data.afterwards === 'stuck'
        ? { ...row, state: 'stuck', due_at: null, since, reason: TIMED_OUT }
        : { ...row, ...goingOn('undoing'), since, reason: TIMED_OUT };
    case 'StepStuck':
      return { ...row, ...goingOn('stuck'), step: event.data.step, since, reason: event.data.reason };
    case 'StepRetried': {
      const { until } = event.data;
      return until === undefined
        ? { ...row, ...goingOn('undoing'), since }
        : { ...row, state: 'waiting', due_at: until, since, reason: null };
    }
    case 'ProcessEnded':
      return { ...row, ...goingOn(event.data.end), since, reason: event.data.reason ?? row.reason };
    case 'StepUndone':
    case 'ProcessEventSeen':
      return row;
    default:
      return event satisfies never;
  }
}

const goingOn = (state: ProcessInstanceState) => ({ state, step: null, waits_for: [], due_at: null });

const TIMED_OUT = 'timed-out';
