import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { withRetry } from './connection.js';
import type { SerialisedAppend } from './stored-event.js';

/** How many events back an append with 'any' is recognised as a repeat. */
export const REPEAT_WINDOW_EVENTS = 1_000;

/**
 * How many ids are kept in memory of a stream that is appended to with exact revisions: a retry comes soon, and where it
 * comes late the database is asked. Keeps the heads of many thousand streams small.
 */
export const RETRY_WINDOW_EVENTS = 2;

/** The end of a stream: its last revision (-1 for none) and the revisions of its newest events by id. */
export interface StreamHead {
  readonly revision: number;
  readonly recent: Map<string, number>;
}

/**
 * The ends of the streams that were written to lately. They are what expected revisions are checked against: every
 * commit proves that no other process wrote, so what is here is true as long as this process is the writer.
 */
export class StreamHeads {
  readonly #pool: Pool;
  readonly #cache = new LRUCache<string, StreamHead>({
    maxSize: REMEMBERED_IDS_MAX,
    sizeCalculation: ({ recent }) => 1 + recent.size,
  });

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** The heads of all streams of the appends, with every recent id that deciding on the appends can need. */
  async of(appends: readonly SerialisedAppend[]): Promise<Map<string, StreamHead>> {
    const heads = new Map<string, StreamHead>();
    for (const { stream } of appends) {
      const head = this.#cache.get(stream);
      if (head) heads.set(stream, head);
    }
    await this.#addUnknown(heads, new Set(appends.map(({ stream }) => stream).filter((stream) => !heads.has(stream))));
    await this.#addRecentIds(heads, appends);
    return heads;
  }

  remember(heads: ReadonlyMap<string, StreamHead>): void {
    for (const [stream, head] of heads) this.#cache.set(stream, head);
  }

  forget(): void {
    this.#cache.clear();
  }

  /** Whether the events of an append with an exact expectation already stand at its place. Asks the database. */
  async standsInPlace({ stream, expected, events }: SerialisedAppend): Promise<boolean> {
    if (expected === 'any' || events.length === 0) return false;
    const first = expected === 'no-stream' ? 0 : expected + 1;
    const rows = await this.#ids([{ stream, from: first, to: first + events.length - 1 }]);
    return rows.length === events.length && rows.every(({ id }, index) => id === events[index]?.id);
  }

  async #addUnknown(heads: Map<string, StreamHead>, unknown: ReadonlySet<string>): Promise<void> {
    if (unknown.size === 0) return;
    for (const stream of unknown) heads.set(stream, { revision: -1, recent: new Map() });
    for (const [stream, revision] of await lastRevisions(this.#pool, [...unknown]))
      heads.set(stream, { revision, recent: new Map() });
  }

  async #addRecentIds(heads: Map<string, StreamHead>, appends: readonly SerialisedAppend[]): Promise<void> {
    const wanting = new Set(
      appends.filter((append) => needsRecentIds(append, heads.get(append.stream))).map(({ stream }) => stream),
    );
    for (const stream of wanting) {
      const { revision } = heads.get(stream) ?? NO_STREAM;
      const rows = await this.#ids([{ stream, from: Math.max(revision - REPEAT_WINDOW_EVENTS + 1, 0), to: revision }]);
      heads.set(stream, { revision, recent: new Map(rows.map((row) => [row.id, row.revision])) });
    }
  }

  /** The database takes the ids out of the JSON: events of a megabyte are not sent for it. */
  async #ids(
    ranges: readonly { stream: string; from: number; to: number }[],
  ): Promise<readonly { id: string; revision: number }[]> {
    const rows = await Promise.all(
      ranges.map(({ stream, from, to }) =>
        withRetry(() =>
          this.#pool.query<{ id: string; revision: number }>({
            name: 'event-ids',
            text: IDS_SQL,
            values: [stream, from, to],
          }),
        ),
      ),
    );
    return rows.flatMap((result) => result.rows);
  }
}

/** Last revision per stream that exists. */
export async function lastRevisions(pool: Pool, streams: readonly string[]): Promise<Map<string, number>> {
  const result = await withRetry(() =>
    pool.query<{ stream: string; revision: number }>({
      name: 'last-revisions',
      text: LAST_REVISIONS_SQL,
      values: [streams],
    }),
  );
  return new Map(result.rows.map(({ stream, revision }) => [stream, revision]));
}

const NO_STREAM: StreamHead = { revision: -1, recent: new Map() };

/** About 8 MB of streams and ids. */
const REMEMBERED_IDS_MAX = 60_000;

const LAST_REVISIONS_SQL = `
select s.stream, i.revision
  from unnest($1::text[]) as s (stream)
 cross join lateral (
         select first_revision + event_count - 1 as revision
           from event_store.stream_index
          where stream = s.stream
          order by first_revision desc
          limit 1
       ) i`;

const IDS_SQL = `
select e.id, i.first_revision + e.place::integer - 1 as revision
  from event_store.stream_index i
  join event_store.batches b on b.first_position = i.batch
 cross join lateral rows from (
         json_to_recordset(event_store.as_json(substring(b.events from i.byte_offset for i.byte_length))) as (id text)
       ) with ordinality as e (id, place)
 where i.stream = $1
   and i.first_revision >= coalesce((select max(first_revision) from event_store.stream_index where stream = $1 and first_revision <= $2), 0)
   and i.first_revision <= $3
   and i.first_revision + e.place::integer - 1 between $2 and $3
 order by revision`;

/**
 * 'any' looks for its ids among the newest events; an exact expectation that is behind the stream may be a repeat. The
 * events of one commit are added to the recent ids as it is put together, so only what was there before matters.
 */
function needsRecentIds({ expected }: SerialisedAppend, head: StreamHead = NO_STREAM): boolean {
  const behind = expected === 'any' || (expected === 'no-stream' ? -1 : expected) < head.revision;
  return behind && head.recent.size < Math.min(REPEAT_WINDOW_EVENTS, head.revision + 1);
}
