import type { Pool } from 'pg';
import type { RecordedEvent, Snapshot, StreamHistory } from '#event-sourcing';
import { withRetry } from './connection.js';
import { decode } from './stored-event.js';
import { lastRevisions } from './stream-heads.js';

/** Reads single streams: only the bytes of their events, however much else was in the same commits. */
export class StreamReader {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async read(
    stream: string,
    {
      from,
      limit,
      direction,
    }: { readonly from?: number; readonly limit?: number; readonly direction?: 'forwards' | 'backwards' } = {},
  ): Promise<readonly RecordedEvent[]> {
    if (direction !== 'backwards') {
      const low = Math.max(from ?? 0, 0);
      return (await this.#ranges([{ stream, low, high: lastOf(low, limit) }]))[0] ?? [];
    }
    const last = (await lastRevisions(this.#pool, [stream])).get(stream) ?? -1;
    const high = Math.min(from ?? last, last);
    const low = limit === undefined ? 0 : Math.max(high - limit + 1, 0);
    return ((await this.#ranges([{ stream, low, high }]))[0] ?? []).toReversed();
  }

  async load(streams: readonly string[], snapshotVersion: number | undefined): Promise<readonly StreamHistory[]> {
    const snapshots =
      snapshotVersion === undefined ? new Map<string, Snapshot>() : await this.#snapshots(streams, snapshotVersion);
    const ranges = streams.map((stream) => ({
      stream,
      low: (snapshots.get(stream)?.revision ?? -1) + 1,
      high: REVISION_MAX,
    }));
    const events = await this.#ranges(ranges);
    return streams.map((stream, index) => {
      const snapshot = snapshots.get(stream);
      return { stream, ...(snapshot && { snapshot }), events: events[index] ?? [] };
    });
  }

  async saveSnapshots(snapshots: readonly (Snapshot & { readonly stream: string })[]): Promise<void> {
    const newest = new Map<string, Snapshot & { readonly stream: string }>();
    for (const snapshot of snapshots) {
      const key = `${snapshot.version} ${snapshot.stream}`;
      if (snapshot.revision > (newest.get(key)?.revision ?? -1)) newest.set(key, snapshot);
    }
    // One order for all who write, or two of them lock each other out.
    const rows = [...newest.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, snapshot]) => snapshot);
    for (let from = 0; from < rows.length; from += SNAPSHOTS_PER_STATEMENT) {
      const some = rows.slice(from, from + SNAPSHOTS_PER_STATEMENT);
      const values = some.flatMap(({ stream, version, revision, state }) => [
        stream,
        version,
        revision,
        JSON.stringify(state),
      ]);
      await withRetry(() => this.#pool.query(saveSnapshotsSql(some.length), values));
    }
  }

  async #snapshots(streams: readonly string[], version: number): Promise<Map<string, Snapshot>> {
    const result = await withRetry(() =>
      this.#pool.query<{ stream: string; revision: number; state: string }>({
        name: 'snapshots',
        text: 'select stream, revision, state from event_store.snapshots where stream = any($1) and version = $2',
        values: [streams, version],
      }),
    );
    return new Map(
      result.rows.map(({ stream, revision, state }) => [
        stream,
        { revision, version, state: JSON.parse(state) as unknown },
      ]),
    );
  }

  /** The events of each range, revisions `low` to `high` inclusive. */
  async #ranges(ranges: readonly Range[]): Promise<readonly RecordedEvent[][]> {
    const values = [ranges.map(({ stream }) => stream), ranges.map(({ low }) => low), ranges.map(({ high }) => high)];
    const result = await withRetry(() => this.#pool.query<SliceRow>({ name: 'slices', text: SLICES_SQL, values }));
    const found: RecordedEvent[][] = ranges.map(() => []);
    // Sorted here: the database would carry the events along while it sorts, on disk when they are many.
    for (const row of result.rows.sort((a, b) => a.place - b.place || a.first_position - b.first_position)) {
      const range = ranges[row.place - 1];
      for (const event of decode(row.events, row.first_position, row.recorded_at.toISOString())) {
        if (range && event.revision >= range.low && event.revision <= range.high) found[row.place - 1]?.push(event);
      }
    }
    return found;
  }
}

interface Range {
  readonly stream: string;
  readonly low: number;
  readonly high: number;
}

interface SliceRow {
  /** Which range, from 1. */
  readonly place: number;
  readonly first_position: number;
  readonly recorded_at: Date;
  readonly events: string;
}

const REVISION_MAX = 2_147_483_647;

const lastOf = (low: number, limit: number | undefined): number =>
  limit === undefined ? REVISION_MAX : Math.min(low + limit - 1, REVISION_MAX);

const SLICES_SQL = `
select r.place, i.batch + i.ordinal as first_position, b.recorded_at,
       convert_from(substring(b.events from i.byte_offset for i.byte_length), 'UTF8') as events
  from unnest($1::text[], $2::integer[], $3::integer[]) with ordinality as r (stream, low, high, place)
 cross join lateral (
         select *
           from event_store.stream_index
          where stream = r.stream
            and first_revision <= r.high
            and first_revision >= coalesce((select max(first_revision)
                                              from event_store.stream_index
                                             where stream = r.stream and first_revision <= r.low), 0)
       ) i
  join event_store.batches b on b.first_position = i.batch`;

const SNAPSHOTS_PER_STATEMENT = 1_000;

/** A parameter per value, because in an array each state, which may be megabytes, would be escaped character by character. */
const saveSnapshotsSql = (rows: number): string => `
insert into event_store.snapshots as kept (stream, version, revision, state)
values ${Array.from({ length: rows }, (_, row) => `($${4 * row + 1}, $${4 * row + 2}, $${4 * row + 3}, $${4 * row + 4})`).join(', ')}
    on conflict (stream, version) do update
   set revision = excluded.revision, state = excluded.state
 where kept.revision < excluded.revision`;
