import type { DomainEvent } from './event-store.js';

/** What became of a command, told after its events are durable. */
export interface Outcome<Event extends DomainEvent> {
  /** The events of this command; none when it changed nothing. */
  readonly events: readonly Event[];
  /** Revision of the stream after the command's turn. */
  readonly revision: number;
  /** A view that has reached this position shows the command's effect. */
  readonly position: number;
  /** True when a command of this id was answered before. */
  readonly repeated: boolean;
}
