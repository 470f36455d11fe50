import type { AnyDecider } from '../decider.js';
import type { DomainEvent, RecordedEvent } from '../event-store.js';

/** A command of a step, and beside it what takes it back. */
export interface Sending {
  readonly on: AnyDecider;
  /** Id of the aggregate. The aggregates of one step differ. */
  readonly id: string;
  readonly command: unknown;
  /** Takes the command back after it took effect; absent where there is nothing to take back. */
  readonly undo?: unknown;
  /** Records on this aggregate that the step was refused, in place of the command: a repeat finds its answer there. */
  readonly refusal?: Refusal;
}

export interface Refusal {
  readonly command: unknown;
  /** Stored name of the event by which a repeat knows it. */
  readonly recordedAs: string;
}

export interface Step<Event extends DomainEvent, Data> {
  /** A verb in kebab-case, unique in the process. */
  readonly name: string;
  /** What it sends: all take effect, or none. The same aggregates for the same data; what a command says may differ, as the one that was answered first holds. */
  send?(data: Data): readonly Sending[];
  /** What takes the step back as a whole, beside the `undo` of its commands. */
  undo?(data: Data): readonly Sending[];
  /** Where the answer is an event, and not that of the command. */
  readonly waits?: Wait<Event, Data>;
}

export interface Wait<Event extends DomainEvent, Data> {
  /** By stored name what an event says to the step; undefined: nothing. */
  readonly for: {
    readonly [Type in Event['type']]?: (
      event: RecordedEvent<Extract<Event, { type: Type }>>,
      data: Data,
    ) => StepAnswer<Data> | undefined;
  };
  readonly forMs: number;
  /** What becomes of the step when its time is up: a person looks (a late answer still counts), or it counts as refused. */
  readonly afterwards: 'stuck' | 'refused';
}

export interface StepAnswer<Data> {
  /** Absent: a part of the answer, the rest follows. */
  readonly answer?: 'done' | 'refused';
  /** What the process keeps from now on. */
  readonly data?: Data;
}

/**
 * A process: which events start and advance it, and its steps, each with its commands, their undo, what it waits for and until
 * when. The steps are done one after the other. A refusal takes back what was done, last step first.
 */
export interface ProcessDefinition<Event extends DomainEvent, Data extends object> {
  /** A sentence in kebab-case, such as `when-order-is-submitted-allocate-stock`. Kept: streams and checkpoints have it. */
  readonly name: string;
  /** The instance an event is about; undefined for one that is of no concern. */
  idOf(event: RecordedEvent<Event>): string | undefined;
  /** By stored name what starts an instance, and what it keeps of that: plain JSON without personal data. */
  readonly starts: {
    readonly [Type in Event['type']]?: (event: RecordedEvent<Extract<Event, { type: Type }>>) => Data;
  };
  readonly steps: readonly Step<Event, Data>[];
  /** Events handed over at once at most, 500 where nothing is said. Greater where few of many are of concern. */
  readonly pageSize?: number;
}

/** A process as the driver runs it: what it is about in detail is known to its definition alone. */
export interface Process {
  readonly name: string;
  /** Stored names of the events it starts with or waits for. */
  readonly types: readonly string[];
  readonly steps: readonly Step<DomainEvent, object>[];
  readonly pageSize?: number | undefined;
  idOf(event: RecordedEvent): string | undefined;
  /** What an instance keeps of an event that starts it; undefined for one that does not. */
  startedBy(event: RecordedEvent): object | undefined;
}

/** Throws when steps share a name, or the name is not in kebab-case. */
export function defineProcess<Event extends DomainEvent, Data extends object>(
  definition: ProcessDefinition<Event, Data>,
): Process {
  const { name } = definition;
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
    throw new TypeError(`A process is named in kebab-case, not "${name}".`);
  const steps = definition.steps as unknown as readonly Step<DomainEvent, object>[];
  if (new Set(steps.map((step) => step.name)).size < steps.length)
    throw new TypeError(`Two steps of ${name} have one name.`);
  const starts: Readonly<Record<string, ((event: RecordedEvent) => object) | undefined>> = definition.starts as never;
  const types = [...Object.keys(starts), ...steps.flatMap(({ waits }) => Object.keys(waits?.for ?? {}))];
  return {
    name,
    steps,
    pageSize: definition.pageSize,
    types: [...new Set(types)],
    idOf: (event) => definition.idOf(event as RecordedEvent<Event>),
    startedBy: (event) => starts[event.type]?.(event),
  };
}
