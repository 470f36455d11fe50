import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import {
  DEFAULT_PAGE_BYTES,
  type Page,
  type PageOptions,
  PositionAheadOfLog,
  type RecordedEvent,
} from '#event-sourcing';
import type { Batch } from './batch.js';
import { type Commit, MadeCommit, StoredCommit, type Wanted, wantedBy } from './commit.js';
import { type CommitSignal, headOf } from './commit-signal.js';
import { withRetry } from './connection.js';

export interface LogReaderOptions {
  readonly pool: Pool;
  readonly signal: CommitSignal;
  /** True while every commit is reported to `signal` at once: then nothing lies beyond its head. */
  readonly seesEveryCommit: () => boolean;
}

export interface ReadOptions extends PageOptions {
  readonly after: number;
}

export interface SubscribeOptions extends ReadOptions {
  readonly signal: AbortSignal;
}

/**
 * Reads the log in order. Positions have no gaps and commits become visible in their order, so the event after n is n + 1:
 * nothing has to be held back for transactions that are still open. Commits, and what was parsed of them, are shared by all
 * readers.
 */
export class LogReader {
  readonly #pool: Pool;
  readonly #signal: CommitSignal;
  readonly #seesEveryCommit: () => boolean;
  readonly #commits = new LRUCache<number, Commit>({
    maxSize: CACHED_BYTES_MAX,
    sizeCalculation: ({ heapBytes }) => heapBytes,
  });
  readonly #fetching = new Map<number, Promise<Commit | undefined>>();
  /** By the first commit of a fetch that was full: the last one, after which the next fetch begins. */
  readonly #fetchEnds = new WeakMap<Commit, Commit>();

  constructor({ pool, signal, seesEveryCommit }: LogReaderOptions) {
    this.#pool = pool;
    this.#signal = signal;
    this.#seesEveryCommit = seesEveryCommit;
  }

  /** Keeps a commit that was just made, so that subscribers get these very objects. */
  remember(batch: Batch): void {
    this.#commits.set(batch.firstPosition, new MadeCommit(batch));
  }

  async page({ after, ...options }: ReadOptions): Promise<Page> {
    await this.#refuseAhead(after);
    return withRetry(() => this.#page({ position: after, last: undefined }, boundsOf(options)));
  }

  async *subscribe({ after, signal, ...options }: SubscribeOptions): AsyncGenerator<Page> {
    const bounds = boundsOf(options);
    const cursor: Cursor = { position: after, last: undefined };
    const mayGoOn = (): boolean => !signal.aborted && !this.#signal.ended;
    if (mayGoOn()) await this.#refuseAhead(after);
    for (let first = true; mayGoOn(); first = false) {
      const before = cursor.position;
      const page = await this.#pageUntilEnd(cursor, bounds, mayGoOn);
      if (!page) return;
      if (first || page.position > before) yield page;
      if (page.caughtUp) await this.#signal.waitUntilPast(cursor.position, signal);
    }
  }

  /** Throws {@link PositionAheadOfLog}. Other processes hear of commits a little later than they happen, so they ask. */
  async #refuseAhead(position: number): Promise<void> {
    if (position <= this.#signal.head) return;
    const end = await this.head();
    if (position > end) throw new PositionAheadOfLog(position, end);
  }

  async #pageUntilEnd(cursor: Cursor, bounds: Bounds, mayGoOn: () => boolean): Promise<Page | undefined> {
    try {
      return await withRetry(() => this.#page(cursor, bounds), {
        timeoutMs: Number.POSITIVE_INFINITY,
        mayGoOn,
      });
    } catch (error) {
      if (!mayGoOn()) return undefined;
      throw error;
    }
  }

  /** Moves the cursor over a page of wanted events. It is moved at the end, so a failed read can be repeated. */
  async #page(cursor: Cursor, bounds: Bounds): Promise<Page> {
    let { position, last } = cursor;
    const page = new PageBuilder(bounds, position + Math.max(bounds.limit, SCANNED_EVENTS_MAX));
    for (;;) {
      const commit = this.#atHand(position + 1, last) ?? (await this.#fetchOnce(position + 1, last));
      const caughtUp = commit === undefined;
      if (commit !== undefined && commit !== last) this.#readAhead(commit);
      last = commit ?? last;
      if (caughtUp || page.isFull || position >= page.scanEnd) {
        Object.assign(cursor, { position, last });
        return { events: page.events, position, caughtUp };
      }
      const heapBytes = commit.heapBytes;
      position = page.collect(commit, position);
      if (commit.heapBytes > heapBytes) this.#account(commit);
    }
  }

  /** While the events of one fetch are parsed the database gets the next one ready. The next fetch finds it, or its error. */
  #readAhead(commit: Commit): void {
    const end = this.#fetchEnds.get(commit);
    this.#fetchEnds.delete(commit);
    if (end && !this.#commits.has(endOf(end) + 1)) this.#fetchOnce(endOf(end) + 1, end).catch(() => {});
  }

  #atHand(position: number, last: Commit | undefined): Commit | undefined {
    return last && holds(last, position) ? last : this.#commits.get(position);
  }

  /** It grew while its events were parsed; the cache takes note of sizes only when something is put in. */
  #account(commit: Commit): void {
    if (this.#commits.delete(commit.firstPosition)) this.#commits.set(commit.firstPosition, commit);
  }

  /**
   * The commit that holds a position; undefined when it is not written yet. `last` is where the reader comes from. Readers
   * at the same place share one query.
   */
  async #fetchOnce(position: number, last: Commit | undefined): Promise<Commit | undefined> {
    if (this.#seesEveryCommit() && position > this.#signal.head) return undefined;
    const running = this.#fetching.get(position);
    if (running !== undefined) return running;
    const begins = last !== undefined && endOf(last) + 1 === position;
    const fetching = this.#fetch(position, begins).finally(() => this.#fetching.delete(position));
    this.#fetching.set(position, fetching);
    return fetching;
  }

  /** `begins`: the position is known to be the first one of its commit. */
  async #fetch(position: number, begins: boolean): Promise<Commit | undefined> {
    const first = begins ? position : await this.#firstPositionOf(position);
    if (first === undefined) return undefined;
    const cached = this.#commits.get(first);
    if (cached) return cached;
    const result = await this.#pool.query<CommitRow>({
      name: 'commits-from',
      text: COMMITS_SQL,
      values: [first, FETCHED_BYTES],
    });
    const commits = result.rows.map(commitOf);
    const [begin, end] = [commits[0], commits.at(-1)];
    const bytes = result.rows.reduce((sum, row) => sum + row.bytes, 0);
    if (begin && end && bytes >= FETCHED_BYTES) this.#fetchEnds.set(begin, end);
    for (const commit of commits) {
      // The one that is there may have events parsed already.
      if (!this.#commits.has(commit.firstPosition)) this.#commits.set(commit.firstPosition, commit);
    }
    return commits[0];
  }

  async #firstPositionOf(position: number): Promise<number | undefined> {
    const result = await this.#pool.query<{ start: number }>({
      name: 'commit-of',
      text: COMMIT_OF_SQL,
      values: [position],
    });
    return result.rows[0]?.start;
  }

  async head(): Promise<number> {
    return this.#seesEveryCommit() ? this.#signal.head : withRetry(() => headOf(this.#pool));
  }
}

interface CommitRow {
  readonly first_position: number;
  readonly event_count: number;
  readonly bytes: number;
  readonly recorded_at: Date;
  readonly events: string;
}

interface Cursor {
  position: number;
  /** The commit the next page begins in or, at the end of the log, the last one. */
  last: Commit | undefined;
}

const DEFAULT_PAGE_EVENTS = 1_000;
const SCANNED_EVENTS_MAX = 10_000;
/** Of the heap, text and parsed events together. */
const CACHED_BYTES_MAX = 24 * 1_048_576;
/** Per query while catching up. */
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
select b.first_position, b.event_count, s.bytes - 2 as bytes, b.recorded_at,
       convert_from(substring(b.events from 2 for s.bytes - 2), 'UTF8') as events
  from (select first_position, bytes, sum(bytes) over (order by first_position) - bytes as bytes_before
          from (select first_position, octet_length(events) as bytes
                  from event_store.batches
                 where first_position >= $1
                 order by first_position
                 limit 500) as next) as s
  join event_store.batches b using (first_position)
 where s.bytes_before < $2
 order by b.first_position`;

const commitOf = (row: CommitRow): Commit =>
  new StoredCommit({
    firstPosition: row.first_position,
    eventCount: row.event_count,
    recordedAt: row.recorded_at.toISOString(),
    text: row.events,
    textBytes: row.bytes,
  });

const endOf = ({ firstPosition, eventCount }: Commit): number => firstPosition + eventCount - 1;

const holds = (commit: Commit, position: number): boolean =>
  position >= commit.firstPosition && position <= endOf(commit);

interface Bounds {
  readonly limit: number;
  readonly maxBytes: number;
  readonly wanted: Wanted;
}

const boundsOf = ({ limit = DEFAULT_PAGE_EVENTS, maxBytes = DEFAULT_PAGE_BYTES, filter }: PageOptions): Bounds => ({
  limit,
  maxBytes,
  wanted: wantedBy(filter),
});

/** Gathers wanted events until there are enough of them, or they are heavy enough. */
class PageBuilder {
  readonly events: RecordedEvent[] = [];
  #bytes = 0;

  constructor(
    private readonly bounds: Bounds,
    /** Position of the last event to look at. */
    readonly scanEnd: number,
  ) {}

  get isFull(): boolean {
    return this.events.length >= this.bounds.limit || this.#bytes >= this.bounds.maxBytes;
  }

  /** Adds the wanted events of a commit after `position`; gives the position of the last event looked at. */
  collect(commit: Commit, position: number): number {
    const { firstPosition, eventCount } = commit;
    let index = position + 1 - firstPosition;
    const end = Math.min(eventCount, this.scanEnd + 1 - firstPosition);
    for (; index < end && !this.isFull; index += 1) {
      if (!commit.matches(index, this.bounds.wanted)) continue;
      this.events.push(commit.eventAt(index));
      this.#bytes += commit.sizeOf(index);
    }
    return firstPosition + index - 1;
  }
}
