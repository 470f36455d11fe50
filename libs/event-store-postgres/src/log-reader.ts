import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { type EventFilter, matcherOf, type Page, type RecordedEvent } from '#event-sourcing';
import { type CommitSignal, headOf } from './commit-signal.js';
import { persistently } from './connection.js';
import { decode } from './stored-event.js';

export interface LogReaderOptions {
  readonly pool: Pool;
  readonly signal: CommitSignal;
  /** True while every commit is reported to `signal` at once: then nothing lies beyond its head. */
  readonly seesEveryCommit: () => boolean;
}

export interface SubscribeOptions {
  readonly after: number;
  readonly filter?: EventFilter;
  readonly limit?: number;
  readonly signal: AbortSignal;
}

/**
 * Reads the log in order. Positions have no gaps and commits become visible in their order, so the event after n is n + 1:
 * nothing has to be held back for transactions that are still open. Decoded commits are shared by all readers.
 */
export class LogReader {
  readonly #pool: Pool;
  readonly #signal: CommitSignal;
  readonly #seesEveryCommit: () => boolean;
  readonly #commits = new LRUCache<number, Commit>({
    maxSize: CACHED_BYTES_MAX,
    sizeCalculation: ({ bytes }) => bytes,
  });
  readonly #fetching = new Map<number, Promise<Commit | undefined>>();

  constructor({ pool, signal, seesEveryCommit }: LogReaderOptions) {
    this.#pool = pool;
    this.#signal = signal;
    this.#seesEveryCommit = seesEveryCommit;
  }

  /** Keeps a commit that was just made, so that subscribers get these very objects. */
  remember(firstPosition: number, events: readonly RecordedEvent[], bytes: number): void {
    this.#commits.set(firstPosition, { firstPosition, events, bytes });
  }

  async page(after: number, limit: number = DEFAULT_PAGE_EVENTS, filter?: EventFilter): Promise<Page> {
    return persistently(() => this.#page({ position: after, commit: undefined }, limit, matcherOf(filter)));
  }

  async *subscribe({ after, filter, limit = DEFAULT_PAGE_EVENTS, signal }: SubscribeOptions): AsyncGenerator<Page> {
    const matches = matcherOf(filter);
    const cursor: Cursor = { position: after, commit: undefined };
    const mayGoOn = (): boolean => !signal.aborted && !this.#signal.ended;
    for (let first = true; mayGoOn(); first = false) {
      const before = cursor.position;
      const page = await this.#pageUntilEnd(cursor, limit, matches, mayGoOn);
      if (!page) return;
      if (first || page.position > before) yield page;
      if (page.caughtUp) await this.#signal.beyond(cursor.position, signal);
    }
  }

  async #pageUntilEnd(
    cursor: Cursor,
    limit: number,
    matches: Matcher,
    mayGoOn: () => boolean,
  ): Promise<Page | undefined> {
    try {
      return await persistently(() => this.#page(cursor, limit, matches), {
        timeoutMs: Number.POSITIVE_INFINITY,
        mayGoOn,
      });
    } catch (error) {
      if (!mayGoOn()) return undefined;
      throw error;
    }
  }

  /** Moves the cursor over up to `limit` wanted events. It is moved at the end, so a failed read can be repeated. */
  async #page(cursor: Cursor, limit: number, matches: Matcher): Promise<Page> {
    const events: RecordedEvent[] = [];
    let { position, commit } = cursor;
    const scanEnd = position + Math.max(limit, SCANNED_EVENTS_MAX);
    while (events.length < limit && position < scanEnd) {
      commit = holds(commit, position + 1)
        ? commit
        : (this.#commits.get(position + 1) ?? (await this.#fetchOnce(position + 1)));
      if (!commit) break;
      position = collect(commit, position, { into: events, limit, scanEnd, matches });
    }
    const caughtUp =
      !holds(commit, position + 1) && !(this.#commits.has(position + 1) || (await this.#fetchOnce(position + 1)));
    Object.assign(cursor, { position, commit });
    return { events, position, caughtUp };
  }

  /** The commit that holds a position; undefined when it is not written yet. Readers at the same place share one query. */
  async #fetchOnce(position: number): Promise<Commit | undefined> {
    if (this.#seesEveryCommit() && position > this.#signal.head) return undefined;
    const running = this.#fetching.get(position);
    if (running !== undefined) return running;
    const fetching = this.#fetch(position).finally(() => this.#fetching.delete(position));
    this.#fetching.set(position, fetching);
    return fetching;
  }

  async #fetch(position: number): Promise<Commit | undefined> {
    const start = await this.#pool.query<{ start: number | null }>({
      name: 'commit-of',
      text: COMMIT_OF_SQL,
      values: [position],
    });
    const first = start.rows[0]?.start;
    if (first === undefined || first === null) return undefined;
    const cached = this.#commits.get(first);
    if (cached) return cached;
    const result = await this.#pool.query<CommitRow>({
      name: 'commits-from',
      text: COMMITS_SQL,
      values: [first, FETCHED_BYTES],
    });
    const commits = result.rows.map(commitOf);
    for (const commit of commits) this.#commits.set(commit.firstPosition, commit);
    return commits[0];
  }

  async head(): Promise<number> {
    return this.#seesEveryCommit() ? this.#signal.head : persistently(() => headOf(this.#pool));
  }
}

interface Commit {
  readonly firstPosition: number;
  readonly events: readonly RecordedEvent[];
  /** Size of the JSON. */
  readonly bytes: number;
}

interface CommitRow {
  readonly first_position: number;
  readonly recorded_at: Date;
  readonly bytes: number;
  readonly events: string;
}

interface Cursor {
  position: number;
  /** The commit the last page ended in: the next one may begin in the middle of it. */
  commit: Commit | undefined;
}

type Matcher = (event: RecordedEvent) => boolean;

const DEFAULT_PAGE_EVENTS = 1_000;
const SCANNED_EVENTS_MAX = 10_000;
/** Parsed events take three to four times the memory of their JSON. */
const CACHED_BYTES_MAX = 16 * 1_048_576;
/** Per query while catching up: parsing this much takes some ten milliseconds, in which nothing else runs. */
const FETCHED_BYTES = 1_048_576;

const COMMIT_OF_SQL = `
select b.first_position as start
  from (select first_position, event_count
          from event_store.batches
         where first_position <= $1
         order by first_position desc
         limit 1) b
 where b.first_position + b.event_count > $1`;

const COMMITS_SQL = `
select b.first_position, b.recorded_at, s.bytes, convert_from(substring(b.events from 2 for s.bytes - 2), 'UTF8') as events
  from (select first_position, bytes, sum(bytes) over (order by first_position) - bytes as bytes_before
          from (select first_position, octet_length(events) as bytes
                  from event_store.batches
                 where first_position >= $1
                 order by first_position
                 limit 500) as next) as s
  join event_store.batches b using (first_position)
 where s.bytes_before < $2
 order by b.first_position`;

const commitOf = (row: CommitRow): Commit => ({
  firstPosition: row.first_position,
  events: decode(row.events, row.first_position, row.recorded_at.toISOString()),
  bytes: row.bytes,
});

const holds = (commit: Commit | undefined, position: number): boolean =>
  commit !== undefined && position >= commit.firstPosition && position < commit.firstPosition + commit.events.length;

/** Adds the wanted events of a commit after `position`; gives the position of the last event looked at. */
function collect(
  { firstPosition, events }: Commit,
  position: number,
  { into, limit, scanEnd, matches }: { into: RecordedEvent[]; limit: number; scanEnd: number; matches: Matcher },
): number {
  let index = position + 1 - firstPosition;
  const end = Math.min(events.length, scanEnd + 1 - firstPosition);
  for (; index < end && into.length < limit; index += 1) {
    const event = events[index];
    if (event && matches(event)) into.push(event);
  }
  return firstPosition + index - 1;
}
