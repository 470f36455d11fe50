import { Rejected, toIso } from '#kernel';
import type { Decider } from '../decider.js';
import type { Cause, ProcessEnd, ProcessEvent, Waiting } from './process-events.js';

export type ProcessStatus = 'new' | 'running' | 'waiting' | 'stuck' | 'undoing' | ProcessEnd;

/** One instance of a process, folded. Never changed in place: the driver folds ahead of what is stored. */
export interface ProcessState {
  readonly status: ProcessStatus;
  /** Events of its stream. */
  readonly recorded: number;
  readonly because?: Cause;
  readonly data: Readonly<Record<string, unknown>>;
  /** By step: sent and waiting for an event, done, or refused. */
  readonly steps: Readonly<Record<string, StepState>>;
  /** The step it waits in or is stuck at. */
  readonly at?: string;
  readonly waiting?: Waiting;
  readonly seen: readonly SeenEvent[];
  /** How often a person had it try again. */
  readonly retries: number;
}

export interface StepState {
  readonly state: 'sent' | 'done' | 'refused' | 'undone';
  /** Of a refused step: the targets that had taken effect; undefined: none, or all of a step that waited. */
  readonly applied?: readonly string[] | undefined;
  /** It had sent its commands and waited when it was refused. */
  readonly waited?: boolean;
}

export type SeenEvent = Extract<ProcessEvent, { type: 'ProcessEventSeen' }>['data'];

export type ProcessCommand =
  /** What the driver made of events and answers: sent with the revision it began at. */
  | { readonly type: 'RecordProgress'; readonly events: readonly ProcessEvent[] }
  /** The time of a step is up. Changes nothing when the process has gone on meanwhile. */
  | { readonly type: 'TimeOutStep'; readonly step: string; readonly until: string }
  /** A person has the step tried again that waits or is stuck. */
  | { readonly type: 'RetryStep' }
  /** A person ends the process: as it stands, or so that what was done is taken back, where it waits for an event. */
  | { readonly type: 'EndProcess'; readonly reason: string; readonly takeBack: boolean };

/** Streams `process-<name>:<instance>`: one instance of one process. */
export const processDecider: Decider<ProcessCommand, ProcessEvent, ProcessState> = {
  category: 'process',
  eventTypes: [
    'ProcessStarted',
    'ProcessEventSeen',
    'StepSent',
    'StepAnswered',
    'StepTimedOut',
    'StepUndone',
    'StepStuck',
    'StepRetried',
    'ProcessEnded',
  ],
  initialState: () => ({ status: 'new', recorded: 0, data: {}, steps: {}, seen: [], retries: 0 }),
  decide: (command, state, { now }) => {
    switch (command.type) {
      case 'RecordProgress':
        return command.events;
      case 'TimeOutStep':
        return timeOut(command, state);
      case 'RetryStep':
        return retry(state, now);
      case 'EndProcess':
        return end(command, state);
      default:
        return command satisfies never;
    }
  },
  evolve: evolveProcess,
};

/** Id of the aggregate of one instance. */
export const processIdOf = (name: string, instance: string): string => `${name}:${instance}`;

/** Name and instance of a stream of {@link processDecider}. */
export function processOf(stream: string): { readonly name: string; readonly instance: string } {
  const id = stream.slice(processDecider.category.length + 1);
  const colon = id.indexOf(':');
  return { name: id.slice(0, colon), instance: id.slice(colon + 1) };
}

/** The time of a step is up, if the process still waits in it. */
export function timeOut(
  { step, until }: Extract<ProcessCommand, { type: 'TimeOutStep' }>,
  { status, at, waiting }: ProcessState,
): readonly ProcessEvent[] {
  if (status !== 'waiting' || at !== step || waiting?.until !== until) return [];
  return [{ type: 'StepTimedOut', data: { step, until, afterwards: waiting.afterwards } }];
}

function retry({ status, at, waiting }: ProcessState, now: number): readonly ProcessEvent[] | Rejected {
  if (status === 'new') return unknown();
  if (at === undefined || (status !== 'waiting' && status !== 'stuck')) return notWaiting(status);
  const until = waiting && toIso(now + waiting.forMs);
  return [{ type: 'StepRetried', data: { step: at, ...(until !== undefined && { until }) } }];
}

function end(
  { reason, takeBack }: Extract<ProcessCommand, { type: 'EndProcess' }>,
  { status, at, waiting }: ProcessState,
): readonly ProcessEvent[] | Rejected {
  if (status === 'new') return unknown();
  if (status === 'ended') return [];
  if (status === 'done' || status === 'undone')
    return new Rejected('conflict', 'process-has-ended', 'The process has ended by itself.', { state: status });
  if (!takeBack) return [{ type: 'ProcessEnded', data: { end: 'ended', reason } }];
  if (at === undefined || !waiting) return notWaiting(status);
  return [{ type: 'StepTimedOut', data: { step: at, until: waiting.until, afterwards: 'refused', reason } }];
}

const notWaiting = (state: ProcessStatus): Rejected =>
  new Rejected('conflict', 'process-not-waiting', 'The process neither waits nor is it stuck.', { state });

const unknown = (): Rejected => new Rejected('not-found', 'unknown-process', 'There is no such process.', {});

/** Folds one event, into a new state. */
export function evolveProcess(before: ProcessState, event: ProcessEvent): ProcessState {
  const state = { ...before, recorded: before.recorded + 1 };
  switch (event.type) {
    case 'ProcessStarted':
      return { ...state, status: 'running', because: event.data.because, data: event.data.data };
    case 'ProcessEventSeen':
      return { ...state, seen: [...state.seen, event.data] };
    case 'StepSent': {
      const { step, ...waiting } = event.data;
      return { ...withStep(state, step, { state: 'sent' }), status: 'waiting', at: step, waiting };
    }
    case 'StepAnswered':
      return answered(state, event.data);
    case 'StepTimedOut':
      return event.data.afterwards === 'stuck'
        ? { ...state, status: 'stuck' }
        : refused(state, event.data.step, { state: 'refused', waited: true });
    case 'StepUndone':
      return withStep(state, event.data.step, { state: 'undone' });
    case 'StepStuck':
      return { ...state, status: 'stuck', at: event.data.step };
    case 'StepRetried':
      return retried(state, event.data.until);
    case 'ProcessEnded':
      return { ...goingOn(state), status: event.data.end };
    default:
      return event satisfies never;
  }
}

function answered(
  state: ProcessState,
  { step, answer, data = state.data, applied }: Extract<ProcessEvent, { type: 'StepAnswered' }>['data'],
): ProcessState {
  const kept = { ...state, data };
  const waited = state.steps[step]?.state === 'sent';
  if (answer === undefined) return kept;
  if (answer === 'refused') return refused(kept, step, { state: 'refused', applied, waited });
  return { ...goingOn(withStep(kept, step, { state: 'done' })), status: 'running' };
}

function refused(state: ProcessState, step: string, how: StepState): ProcessState {
  return { ...goingOn(withStep(state, step, how)), status: 'undoing' };
}

/** A step that waited waits again; an undo that was stuck is tried again. */
function retried(state: ProcessState, until: string | undefined): ProcessState {
  const retries = state.retries + 1;
  if (state.waiting && until !== undefined)
    return { ...state, retries, status: 'waiting', waiting: { ...state.waiting, until } };
  return { ...goingOn(state), retries, status: 'undoing' };
}

function goingOn({ at: _, waiting: __, ...state }: ProcessState): ProcessState {
  return state;
}

const withStep = (state: ProcessState, step: string, how: StepState): ProcessState => ({
  ...state,
  steps: { ...state.steps, [step]: how },
});
