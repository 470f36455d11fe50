import { type EventFilter, type EventStore, PositionNotInLog, type RecordedEvent } from '#event-sourcing';
import { Rejected } from '#kernel';

/**
 * Events of the log from a position on, then live, until `signal` aborts: what a method that watches answers with. Throws
 * `Rejected('position-not-reached')` for a position that the log does not have.
 */
export async function* changesAfter(
  store: EventStore,
  after: number,
  filter: EventFilter,
  signal: AbortSignal,
): AsyncIterable<RecordedEvent> {
  await requireReached(store, after, 'position');
  try {
    for await (const { events } of store.subscribe({ after, filter, signal })) yield* events;
  } catch (error) {
    if (error instanceof PositionNotInLog) throw notReached('position', after, await store.head());
    throw error;
  }
}

/**
 * Throws where the log does not reach that far. Else the caller would wait in silence: it holds the position of another log, or
 * of one that was restored from a copy.
 */
export async function requireReached(store: EventStore, after: number, what: 'position' | 'sequence'): Promise<void> {
  const head = await store.head();
  if (after > head) throw notReached(what, after, head);
}

const notReached = (what: string, after: number, head: number): Rejected =>
  new Rejected(
    'invalid',
    `${what}-not-reached`,
    `The log ends at ${head}, so there is no ${what} ${after}. Start at 0 to read all again.`,
    { head },
  );
