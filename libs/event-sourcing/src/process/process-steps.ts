import { toIso } from '#kernel';
import type { DomainEvent, RecordedEvent } from '../event-store.js';
import type { Process, Sending, Step, StepAnswer } from './define-process.js';
import { evolveProcess, type ProcessState } from './process.decider.js';
import type { Cause, ProcessEvent } from './process-events.js';

/** What a process does next, as far as its state says. */
export type NextAction =
  /** It waits, is stuck, or has ended. */
  | { readonly do: 'rest' }
  | { readonly do: 'end'; readonly end: 'done' | 'undone' }
  | { readonly do: 'send'; readonly step: Step<DomainEvent, object>; readonly commands: readonly Sending[] }
  | { readonly do: 'undo'; readonly step: string; readonly commands: readonly Sending[] };

export function nextAction({ steps }: Process, state: ProcessState): NextAction {
  switch (state.status) {
    case 'running': {
      const step = steps.find(({ name }) => state.steps[name] === undefined);
      return step ? { do: 'send', step, commands: step.send?.(state.data) ?? [] } : { do: 'end', end: 'done' };
    }
    case 'undoing':
      for (const step of steps.toReversed()) {
        const commands = undoOf(step, state);
        if (commands.length > 0) return { do: 'undo', step: step.name, commands };
      }
      return { do: 'end', end: 'undone' };
    case 'new':
    case 'waiting':
    case 'stuck':
    case 'done':
    case 'undone':
    case 'ended':
      return REST;
    default:
      return state.status satisfies never;
  }
}

/** What an event comes to in a process: none where it says nothing new. */
export function handleEvent(process: Process, state: ProcessState, event: RecordedEvent): readonly ProcessEvent[] {
  if (state.status === 'ended') return [];
  if (hasEnded(state)) return refuseContradiction(process, state, event);
  const data = state.status === 'new' ? process.startedBy(event) : undefined;
  if (data) {
    const started = { process: process.name, instance: process.idOf(event) ?? '', because: causeOf(event) };
    return [{ type: 'ProcessStarted', data: { ...started, data: { ...data } } }];
  }
  const step = process.steps.find(({ waits }) => waits && event.type in waits.for);
  if (!step) return [];
  const at = waitingFor(process, state, event.type);
  if (at) return answerOf(at, state, event);
  const comesEarly = process.steps.some(({ name, waits }) => !state.steps[name] && waits && event.type in waits.for);
  if (!comesEarly || state.seen.some(({ id }) => id === event.id)) return [];
  return [{ type: 'ProcessEventSeen', data: { ...causeOf(event), stream: event.stream, data: { ...event.data } } }];
}

/** What becomes of a step whose commands took effect: it is done, or waits; what it waits for may have been seen already. */
export function afterSending(step: Step<DomainEvent, object>, state: ProcessState, now: number): ProcessEvent[] {
  const { name, waits } = step;
  if (!waits) return [{ type: 'StepAnswered', data: { step: name, answer: 'done' } }];
  const { forMs } = waits;
  const waiting = { waitsFor: Object.keys(waits.for), until: toIso(now + forMs), forMs, afterwards: waits.afterwards };
  const events: ProcessEvent[] = [{ type: 'StepSent', data: { step: name, ...waiting } }];
  let folded = foldProcess(state, events);
  for (const seen of state.seen) {
    if (folded.status !== 'waiting' || !(seen.type in waits.for)) continue;
    const answers = answerOf(step, folded, seen as unknown as RecordedEvent);
    events.push(...answers);
    folded = foldProcess(folded, answers);
  }
  return events;
}

/** What comes about without a command: the end, and waits that send nothing. */
export function settle(process: Process, state: ProcessState, now: number): readonly ProcessEvent[] {
  const events: ProcessEvent[] = [];
  for (let folded = state; ; ) {
    const next = nextAction(process, folded);
    const more: ProcessEvent[] = next.do === 'end' ? [{ type: 'ProcessEnded', data: { end: next.end } }] : [];
    if (next.do === 'send' && next.commands.length === 0) more.push(...afterSending(next.step, folded, now));
    if (more.length === 0) return events;
    events.push(...more);
    folded = foldProcess(folded, more);
  }
}

type StepAnswered = Extract<ProcessEvent, { type: 'StepAnswered' }>;

export const foldProcess = (state: ProcessState, events: readonly ProcessEvent[]): ProcessState =>
  events.reduce(evolveProcess, state);

export const hasEnded = ({ status }: ProcessState): boolean =>
  status === 'done' || status === 'undone' || status === 'ended';

/** An answer that is not the one the process has acted on. Nothing is done about it: a person has to look. */
export class AnswerContradicts extends Error {
  override readonly name = 'AnswerContradicts';
}

function refuseContradiction(process: Process, state: ProcessState, event: RecordedEvent): [] {
  for (const step of process.steps) {
    const acted = state.steps[step.name]?.state;
    const answer = answerOf(step, state, event)[0]?.data.answer;
    if (answer === undefined || acted === undefined || answer === acted || (answer === 'refused' && acted === 'undone'))
      continue;
    const { stream, type, position } = event;
    throw new AnswerContradicts(
      `${process.name} took the answer to ${step.name} for ${acted}, and ${type} of ${stream} at position ${position} says ${answer}.`,
    );
  }
  return [];
}

const REST = { do: 'rest' } as const;

const causeOf = ({ id, type, position }: RecordedEvent): Cause => ({ id, type, position });

/** The step that waits for events of this name, on time or late. */
const waitingFor = ({ steps }: Process, { at, waiting }: ProcessState, type: string) =>
  waiting && steps.find(({ name, waits }) => name === at && waits && type in waits.for);

function answerOf(step: Step<DomainEvent, object>, { data }: ProcessState, event: RecordedEvent): StepAnswered[] {
  const says: Says | undefined = Reflect.get(step.waits?.for ?? {}, event.type);
  const answer = says?.(event, data);
  if (!answer) return [];
  return [
    {
      type: 'StepAnswered',
      data: {
        step: step.name,
        because: causeOf(event),
        ...(answer.answer && { answer: answer.answer }),
        ...(answer.data && { data: { ...answer.data } }),
      },
    },
  ];
}

type Says = (event: RecordedEvent, data: object) => StepAnswer<object> | undefined;

/** What takes back of a step what has taken effect. */
function undoOf(step: Step<DomainEvent, object>, { steps, data }: ProcessState): readonly Sending[] {
  const { state, applied, waited } = steps[step.name] ?? {};
  const isWhole = state === 'done' || (state === 'refused' && waited === true);
  if (!isWhole && !(state === 'refused' && applied)) return [];
  const sent = (step.send?.(data) ?? []).filter(
    ({ undo, id }) => undo !== undefined && (isWhole || applied?.includes(id)),
  );
  const undone = sent.map(({ on, id, undo }) => ({ on, id, command: undo }));
  return [...undone, ...(isWhole ? (step.undo?.(data) ?? []) : [])];
}
