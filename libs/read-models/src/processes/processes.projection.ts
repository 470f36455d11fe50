import { type ProcessEvent, type ProcessStatus, processDecider, processOf, type RecordedEvent } from '#event-sourcing';
import { analystsSee } from '../analyst-view.js';
import { column, orNull } from '../columns.js';
import type { Projection } from '../projection.js';
import { defineTable, type RowOf } from '../view-table.js';

export type ProcessInstanceState = Exclude<ProcessStatus, 'new'>;

export const instancesTable = defineTable({
  name: 'instances',
  columns: {
    name: column.code('The process'),
    instance: column.code('What it is about, such as an order'),
    state: column.oneOf(
      ['running', 'waiting', 'stuck', 'undoing', 'done', 'undone', 'ended'] satisfies ProcessInstanceState[],
      'How it stands',
    ),
    step: orNull(column.text('Where it waits or is stuck; null elsewhere')),
    waitsFor: column.json<readonly string[]>('Names of the events that would answer'),
    dueAt: orNull(column.instant('Until when it waits; null where it does not')),
    since: column.instant('In its state since then'),
    startedAt: column.instant('When it started'),
    reason: orNull(column.text('Why it is stuck, is taken back or has ended')),
    correlationId: column.text('Of the request that started it'),
    revision: column.count('Of its last event'),
  },
  key: ['name', 'instance'],
  indexes: {
    instances_by_due_time: { on: ['dueAt'], where: 'due_at is not null' },
    instances_by_start: ['startedAt', 'name', 'instance'],
    open_instances: { on: ['state', 'startedAt'], where: "state in ('running', 'waiting', 'stuck', 'undoing')" },
  },
});
export type ProcessRow = RowOf<typeof instancesTable>;

/** Every instance of every process: what waits for what, since when and until when. The timer of all processes reads it. */
export const processesProjection: Projection = {
  name: 'processes',
  version: 1,
  tables: [instancesTable],
  types: processDecider.eventTypes.filter((type) => type !== 'ProcessEventSeen'),
  apply: async (page, tx) => {
    const events = page as readonly RecordedEvent<ProcessEvent>[];
    const keyOf = ({ stream }: RecordedEvent) => processOf(stream);
    const continued = events.filter(({ type }) => type !== 'ProcessStarted');
    const keys = [...new Map(continued.map((event) => [event.stream, keyOf(event)])).values()];
    const stored = await instancesTable.byKeys(tx, keys);
    const rows = new Map(stored.map((row) => [`${row.name}:${row.instance}`, row]));
    for (const event of events) {
      const { name, instance } = keyOf(event);
      const row = rowAfter(event, rows.get(`${name}:${instance}`));
      if (row) rows.set(`${name}:${instance}`, row);
    }
    await instancesTable.upsert(tx, [...rows.values()]);
  },
  analystViews: [
    analystsSee(instancesTable, {
      name: 'processes',
      description: 'One row per instance of a process, with its state, what it waits for, since when and until when',
      fields: ['name', 'instance', 'state', 'step', 'waitsFor', 'dueAt', 'since', 'startedAt', 'reason'],
    }),
  ],
};

/** The row of an instance after one more event. */
export function rowAfter(event: RecordedEvent<ProcessEvent>, before: ProcessRow | undefined): ProcessRow | undefined {
  const { recordedAt: since, revision } = event;
  if (event.type === 'ProcessStarted')
    return {
      ...processOf(event.stream),
      ...goingOn('running'),
      since,
      startedAt: since,
      reason: null,
      correlationId: event.metadata.correlationId,
      revision,
    };
  if (!before) return undefined;
  const row = { ...before, revision };
  switch (event.type) {
    case 'StepSent': {
      const { step, waitsFor, until } = event.data;
      return { ...row, state: 'waiting', step, waitsFor, dueAt: until, since };
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
        ? { ...row, state: 'stuck', dueAt: null, since, reason: TIMED_OUT }
        : { ...row, ...goingOn('undoing'), since, reason: event.data.reason ?? TIMED_OUT };
    case 'StepStuck':
      return { ...row, ...goingOn('stuck'), step: event.data.step, since, reason: event.data.reason };
    case 'StepRetried': {
      const { until } = event.data;
      return until === undefined
        ? { ...row, ...goingOn('undoing'), since }
        : { ...row, state: 'waiting', dueAt: until, since, reason: null };
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

const goingOn = (state: ProcessInstanceState) => ({ state, step: null, waitsFor: [], dueAt: null });

const TIMED_OUT = 'timed-out';
