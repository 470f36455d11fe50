import type { Rejected } from '#kernel';
import type { DomainEvent } from './event-store.js';

/**
 * An aggregate as three pure functions. Time comes in; no I/O, no clock, no chance.
 *
 * `evolve` may change the state it is given and return it: the runner owns the state, hands it to no caller, and drops it
 * when an append fails. That makes a decision on a stream with 100,000 open holds as cheap as on an empty one.
 */
export interface Decider<Command, Event extends DomainEvent, State> {
  /** Stream category: the streams are `<category>-<id>`. No hyphen. */
  readonly category: string;
  /** Every stored name that `evolve` knows. Any other event in the stream stops the aggregate. */
  readonly eventTypes: readonly Event['type'][];
  initialState(): State;
  /** The events of a command: none when it changes nothing (a repeat), or why it is refused. */
  decide(command: Command, state: State, context: DecisionContext): readonly Event[] | Rejected;
  evolve(state: State, event: Event): State;
  /**
   * The command that takes back what a command has done, where it was one of several on several streams and another was
   * refused after all; undefined where there is nothing to take back. Decided like any other, on what the stream is by then.
   * Absent: a command left alone does no harm, and decided again changes nothing. Used only where the store commits one
   * stream at a time.
   */
  undo?(command: Command, events: readonly Event[]): Command | undefined;
  /** What became true by time alone since the last decision (holds that ran out). Stored before the command's own events. */
  elapse?(state: State, now: number): readonly Event[];
  /** How many states of the usual size it is as large as, at least 1. Absent: all are of about one size. */
  weigh?(state: State): number;
  /** Absent: the stream is short and never snapshotted. */
  readonly snapshot?: SnapshotFormat<State>;
  /** What a process keeps in memory of these streams, where that is not what most need. */
  readonly memory?: StreamMemory;
}

/** Any decider, where only its streams matter. */
export type AnyDecider = Decider<unknown, DomainEvent, unknown>;

/** What a decider decides on. */
export type CommandOf<Of extends AnyDecider> =
  Of extends Decider<infer Command, infer _Event, infer _State> ? Command : never;

/** What it decides. */
export type EventOf<Of extends AnyDecider> =
  Of extends Decider<infer _Command, infer Event, infer _State> ? Event : never;

export interface StreamMemory {
  /** Streams whose state is kept in memory while no command is for them, 2,000 where nothing is said; a large state counts for several. */
  readonly maxIdleStreams?: number;
  /** A state that no command was for in so long is dropped, so that memory goes down with the load: 300,000 where nothing is said. */
  readonly idleMs?: number;
  /** Ids of answered commands from outside remembered per stream, 512 where nothing is said: the window in which a repeat is recognised. */
  readonly rememberedCommands?: number;
}

export interface DecisionContext {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now: number;
}

export interface SnapshotFormat<State> {
  /** Raise it whenever the shape of the state or the meaning of an event changes: older snapshots are then ignored. */
  readonly version: number;
  /** At least so many events lie between two snapshots. */
  readonly everyEvents: number;
  /**
   * How many parts of the state have no bound (open holds). The next snapshot waits for twice as many events as the last
   * one had parts, so that snapshots cost each event the same, however large the state has become. Absent: it stays small.
   */
  size?(state: State): number;
  /** Plain JSON that does not share structure with the live state. */
  write(state: State): unknown;
  read(json: unknown): State;
}
