import type { RecordedEvent } from '#event-sourcing';
import type { CommittedEvents } from '#event-store-postgres';

/** An event of the target: as it stood in the source, or as it is where it is no copy. */
export interface TargetEvent {
  readonly isCopy: boolean;
  readonly event: RecordedEvent;
}

/** The log that the source is copied to. */
export interface TargetLog {
  /** The last event; undefined for an empty log. */
  last(): Promise<TargetEvent | undefined>;
  /**
   * Stores the events of a commit of the source. Every commit before it has to be stored. What is there already is left
   * as it is. Throws StartupError when the target holds something else in that place.
   */
  store(commit: CommittedEvents): Promise<void>;
  /** The whole log in its order. */
  events(): AsyncIterable<TargetEvent>;
  close(): Promise<void>;
}
