import { BACKWARDS, END, FORWARDS } from '@eventstore/db-client';
import {
  DEFAULT_PAGE_BYTES,
  type EventFilter,
  matcherOf,
  type Page,
  type PageOptions,
  type RecordedEvent,
  roughSizeOf,
} from '#event-sourcing';
import type { Attempt, Connection } from './connection.js';
import { Feed } from './feed.js';
import type { ForeignEvents } from './foreign-events.js';
import { afterCommit, placeOf } from './positions.js';
import { decode, isOurs } from './stored-event.js';
import { Tail } from './tail.js';

export interface ReadAllOptions extends PageOptions {
  readonly after: number;
}

export interface SubscribeOptions extends ReadAllOptions {
  readonly signal: AbortSignal;
}

/** Reads the whole log: page by page, or far behind with a filter of the server and near the end from the {@link Tail}. */
export class LogReader {
  #tail: Promise<Tail> | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly foreign: ForeignEvents,
  ) {}

  /** Reads with the server know no filter, so events pass through here until enough of them matched. */
  page(options: ReadAllOptions): Promise<Page> {
    return this.connection.withRetry((attempt) => this.#page(attempt, options));
  }

  async *subscribe({
    after,
    limit = DEFAULT_PAGE_EVENTS,
    maxBytes = DEFAULT_PAGE_BYTES,
    filter,
    signal,
  }: SubscribeOptions): AsyncGenerator<Page> {
    const end = AbortSignal.any([signal, this.connection.closing]);
    const matches = matcherOf(filter);
    let position = after;
    for (let first = true; !end.aborted; first = false) {
      const tail = await this.#openTail(end);
      if (!tail) return;
      if (tail.failure) throw tail.failure;
      if (first && position > tail.position) await this.connection.refuseAhead(position);
      if (position < tail.start) {
        for await (const page of this.#catchUp(
          { after: position, limit, maxBytes, matches, tail, ...(filter && { filter }) },
          end,
        )) {
          position = page.position;
          yield page;
        }
        continue;
      }
      const page = pageOfTail(tail, position, { limit, maxBytes, matches });
      if (first || page.position > position) yield page;
      position = page.position;
      if (page.caughtUp) await tail.waitUntilPast(position, end);
    }
  }

  /**
   * Position of the last event that is neither a snapshot nor the server's own. Where other applications write as well it may be
   * theirs: to read back until one of ours could take as long as they have written.
   */
  async head(): Promise<number> {
    const head = await this.connection.withRetry(async (attempt) => {
      for await (const { event } of this.connection.all(attempt, { direction: BACKWARDS, fromPosition: END })) {
        if (event?.position && isOurs(event.streamId)) return afterCommit(event.position.commit);
      }
      return 0;
    });
    this.expect(head);
    return head;
  }

  /** An event at this position is stored: subscribers are to see it soon. */
  expect(position: number): void {
    void this.#tail?.then((tail) => tail.expect(position)).catch(() => {});
  }

  async #page(
    attempt: Attempt,
    { after, limit = DEFAULT_PAGE_EVENTS, maxBytes = DEFAULT_PAGE_BYTES, filter }: ReadAllOptions,
  ): Promise<Page> {
    const matches = matcherOf(filter);
    const maxCount = Math.max(limit, SCANNED_EVENTS_MAX) + 1;
    const events: RecordedEvent[] = [];
    let [position, scanned, bytesLeft] = [after, 0, maxBytes];
    if (limit <= 0) return { events, position, caughtUp: false };
    const reading = this.connection.all(attempt, { direction: FORWARDS, fromPosition: placeOf(after), maxCount });
    for await (const resolved of reading) {
      scanned += 1;
      // A read begins with the event at its position, which was seen already.
      const reached = afterCommit(resolved.event?.position.commit ?? 0n);
      if (reached <= after) continue;
      position = reached;
      const event = decode(resolved, (stream) => this.foreign.passOver(stream));
      if (event && matches(event)) {
        events.push(event);
        bytesLeft -= roughSizeOf(event);
      }
      if (events.length >= limit || bytesLeft <= 0) return { events, position, caughtUp: false };
    }
    // Even where nothing follows, the record that a position names is there.
    if (scanned === 0 && after > 0) await this.connection.refuseAhead(after);
    return { events, position, caughtUp: scanned < maxCount };
  }

  /** Pages until the reader stands where the tail begins, or as near to it as the tail was when this began. */
  async *#catchUp(reading: CatchUp, signal: AbortSignal): AsyncGenerator<Page> {
    const { after, limit, maxBytes, filter, matches, tail } = reading;
    // When the server says that nothing more is there, everything is seen that the tail knew before the server began.
    const known = tail.position;
    const feed = new Feed(this.connection, this.foreign, filter, after, signal, known);
    try {
      for (let position = after; position < tail.start; ) {
        const stretch = await feed.take(limit, maxBytes);
        if (!stretch) return;
        const reached = stretch.caughtUp ? Math.max(stretch.position, known) : stretch.position;
        const events = stretch.events.filter(matches);
        if (events.length > 0 || reached > position) {
          yield { events, position: reached, caughtUp: reached >= tail.position };
        }
        if (stretch.caughtUp) return;
        position = reached;
      }
    } finally {
      feed.close();
    }
  }

  /** The first subscriber starts it at the end of the log. Undefined when aborted meanwhile. */
  async #openTail(signal: AbortSignal): Promise<Tail | undefined> {
    this.#tail ??= this.head().then((head) => new Tail(this.connection, this.foreign, head));
    try {
      const tail = await this.#tail;
      if (tail.failure) this.#tail = undefined;
      return tail;
    } catch (error) {
      this.#tail = undefined;
      if (signal.aborted) return undefined;
      throw error;
    }
  }
}

interface CatchUp {
  readonly after: number;
  readonly limit: number;
  readonly maxBytes: number;
  readonly filter?: EventFilter;
  readonly matches: (event: RecordedEvent) => boolean;
  readonly tail: Tail;
}

const DEFAULT_PAGE_EVENTS = 1_000;
const SCANNED_EVENTS_MAX = 10_000;

function pageOfTail(
  tail: Tail,
  after: number,
  { limit, maxBytes, matches }: Pick<CatchUp, 'limit' | 'maxBytes' | 'matches'>,
): Page {
  const events: RecordedEvent[] = [];
  let [position, bytesLeft] = [after, maxBytes];
  for (;;) {
    const held = tail.after(position, limit - events.length);
    if (held.length === 0) return { events, position: Math.max(position, tail.position), caughtUp: true };
    for (const event of held) {
      position = event.position;
      if (!matches(event)) continue;
      events.push(event);
      bytesLeft -= roughSizeOf(event);
      if (bytesLeft <= 0) break;
    }
    if (events.length >= limit || bytesLeft <= 0) return { events, position, caughtUp: position >= tail.position };
  }
}
