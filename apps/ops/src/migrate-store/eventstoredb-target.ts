import { type RecordedEvent, RevisionConflict } from '#event-sourcing';
import { copied, EventStoreDbStore, originalOf } from '#event-store-eventstoredb';
import type { CommittedEvents } from '#event-store-postgres';
import { StartupError } from '#platform';
import type { TargetEvent, TargetLog } from './target-log.js';

/**
 * A log on EventStoreDB. One commit of the source is stored at a time, its streams side by side: nothing was seen of a
 * commit before all of it was stored, so no event of it can be the effect of another one but in the same stream.
 */
export class EventStoreDbTarget implements TargetLog {
  private constructor(private readonly log: EventStoreDbStore) {}

  /** Throws EventStoreUnavailable when the server does not answer, Error when it refuses the user. */
  static async open(url: string): Promise<EventStoreDbTarget> {
    return new EventStoreDbTarget(await EventStoreDbStore.open({ url }));
  }

  async last(): Promise<TargetEvent | undefined> {
    const head = await this.log.head();
    const { events } = await this.log.readAll({ after: Math.max(0, head - 1), limit: 1 });
    return events[0] && asInSource(events[0]);
  }

  async store(commit: CommittedEvents): Promise<void> {
    const streams = Map.groupBy(commit, ({ stream }) => stream);
    await Promise.all(Array.from(streams, ([stream, events]) => this.#storeStream(stream, events)));
  }

  async *events(): AsyncGenerator<TargetEvent> {
    for (let after = 0, caughtUp = false; !caughtUp; ) {
      const page = await this.log.readAll({ after, limit: EVENTS_PER_PAGE });
      yield* page.events.map(asInSource);
      ({ position: after, caughtUp } = page);
    }
  }

  close(): Promise<void> {
    return this.log.close();
  }

  /** Exact revisions and the same parts every time: what was stored by a run that was stopped is known again. */
  async #storeStream(stream: string, events: readonly RecordedEvent[]): Promise<void> {
    try {
      for (const part of partsOf(events)) {
        const expected = part[0].revision === 0 ? 'no-stream' : part[0].revision - 1;
        await this.log.append([{ stream, expected, events: part.map(copied) }]);
      }
    } catch (error) {
      throw explained(error);
    }
  }
}

const EVENTS_PER_PAGE = 1_000;
const PART_EVENTS_MAX = 500;
/** Of data; a single event may have more. With its metadata a part fits a server that takes 1 MiB, where events are small. */
const PART_CHARACTERS_MAX = 262_144;

type Part = [RecordedEvent, ...RecordedEvent[]];

function* partsOf(events: readonly RecordedEvent[]): Generator<Part> {
  let part: Part | undefined;
  let characters = 0;
  for (const event of events) {
    const size = JSON.stringify(event.data).length;
    if (part && (part.length === PART_EVENTS_MAX || characters + size > PART_CHARACTERS_MAX)) {
      yield part;
      part = undefined;
    }
    characters = part ? characters + size : size;
    if (part) part.push(event);
    else part = [event];
  }
  if (part) yield part;
}

function explained(error: unknown): unknown {
  if (error instanceof RevisionConflict) {
    return new StartupError(`The target holds other events: ${error.message} Use an empty one.`, { cause: error });
  }
  // A name or a size that the server does not take.
  return error instanceof RangeError ? new StartupError(error.message, { cause: error }) : error;
}

function asInSource(event: RecordedEvent): TargetEvent {
  const original = originalOf(event.metadata);
  if (!original) return { isCopy: false, event };
  const { original: _, ...metadata } = { original, ...event.metadata };
  return { isCopy: true, event: { ...event, metadata, ...original } };
}
