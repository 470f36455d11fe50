import type { CommittedEvents } from '#event-store-postgres';

/** The log that is copied, and what of the installation has to be known besides. */
export interface SourceLog {
  /** Position of the last event. */
  head(): Promise<number>;
  /** Every commit from the one on that holds the event after `position`. */
  after(position: number): AsyncIterable<CommittedEvents>;
  /** Keeps every system from writing to the log until released. Throws WriterFenced naming the one that does. */
  fence(): Promise<{ release(): Promise<void> }>;
  /** What was acknowledged and is not in the log yet, as sentences. */
  unfinished(): Promise<readonly string[]>;
  close(): Promise<void>;
}
