import { Pool } from 'pg';
import type { RecordedEvent } from '#event-sourcing';
import { buildBatch, type PlacedAppend } from './batch.js';
import { headOf } from './commit-signal.js';
import { poolConfig, RETRY_FOR_MS, withRetry } from './connection.js';
import { createSchema } from './schema.js';
import { decode, serialise } from './stored-event.js';
import { WriterSession } from './writer-session.js';

/** The events of one commit, in their order: at least one, and positions that follow one another. */
export type CommittedEvents = readonly [RecordedEvent, ...RecordedEvent[]];

/** The log as it was stored, commit by commit, to be copied to another store. Reads only, beside a writer or without one. */
export class CommitLog {
  readonly #url: string;
  readonly #pool: Pool;

  private constructor(url: string, pool: Pool) {
    this.#url = url;
    this.#pool = pool;
  }

  /** Creates the tables when missing. */
  static async open(url: string): Promise<CommitLog> {
    const pool = new Pool(poolConfig(url, 'einklang event store copy', 1));
    // A connection that is lost is replaced by the next query.
    pool.on('error', () => {});
    try {
      await createSchema(pool);
      return new CommitLog(url, pool);
    } catch (error) {
      await pool.end();
      throw error;
    }
  }

  /** Position of the last event, 0 for an empty log. */
  head(): Promise<number> {
    return withRetry(() => headOf(this.#pool));
  }

  /** Every commit from the one on that holds the event after `position`, to the end of the log as of the last one. */
  async *after(position: number): AsyncGenerator<CommittedEvents> {
    for (let next = position + 1; ; ) {
      const commits = await this.#from(next);
      yield* commits;
      const last = commits.at(-1)?.at(-1);
      if (!last) return;
      next = last.position + 1;
    }
  }

  /** Takes the sole right to write. `holder` is reported to another writer. Throws WriterFenced naming the one there is. */
  async openWriter(holder: string): Promise<CommitWriter> {
    return new CommitWriter(await WriterSession.open({ url: this.#url, holder, log: () => {}, onLost: () => {} }));
  }

  /** A writer of this log is closed apart. */
  close(): Promise<void> {
    return this.#pool.end();
  }

  async #from(position: number): Promise<CommittedEvents[]> {
    const { rows } = await withRetry(() =>
      this.#pool.query<CommitRow>({ name: 'commits', text: COMMITS_SQL, values: [position, FETCHED_BYTES] }),
    );
    return rows.map(({ first_position, recorded_at, events }) => {
      const [first, ...others] = decode(events, first_position, recorded_at.toISOString());
      if (!first) throw new Error(`The commit at ${first_position} holds no event.`);
      return [first, ...others];
    });
  }
}

/**
 * The sole right to write to a log, for a program that copies: no other process writes while it is open, and commits go in as
 * they are, with their positions and times.
 */
export class CommitWriter {
  readonly #session: WriterSession;

  /** See {@link CommitLog.openWriter}. */
  constructor(session: WriterSession) {
    this.#session = session;
  }

  /** Position of the last event. */
  get head(): number {
    return this.#session.position;
  }

  /**
   * Stores a commit of another log; one that is there already changes nothing. Throws RangeError when it does not follow
   * the last one, and what {@link WriterSession.commit} throws.
   */
  async append(events: CommittedEvents): Promise<void> {
    const [{ position, recordedAt }] = events;
    const last = position + events.length - 1;
    if (last <= this.head) return;
    if (position !== this.head + 1)
      throw new RangeError(`A commit at ${position} does not follow position ${this.head}.`);
    const untilMs = performance.now() + RETRY_FOR_MS;
    await this.#session.commit(buildBatch(runsOf(events), position, recordedAt), () => performance.now() < untilMs);
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

interface CommitRow {
  readonly first_position: number;
  readonly recorded_at: Date;
  readonly events: string;
}

/** Per query; one commit at least, whatever its size. */
const FETCHED_BYTES = 1_048_576;

const COMMITS_SQL = `
select b.first_position, b.recorded_at, convert_from(substring(b.events from 2 for s.bytes - 2), 'UTF8') as events
  from (select first_position, bytes, sum(bytes) over (order by first_position) - bytes as bytes_before
          from (select first_position, octet_length(events) as bytes
                  from event_store.batches
                 where first_position >= (select max(first_position) from event_store.batches where first_position <= $1)
                   and first_position + event_count > $1
                 order by first_position
                 limit 500) as next) as s
  join event_store.batches b using (first_position)
 where s.bytes_before < $2
 order by b.first_position`;

/** Neighbours in the same stream are one append. */
function runsOf(events: CommittedEvents): PlacedAppend[] {
  const runs: { stream: string; firstRevision: number; events: RecordedEvent[] }[] = [];
  for (const event of events) {
    const last = runs.at(-1);
    if (last?.stream === event.stream) last.events.push(event);
    else runs.push({ stream: event.stream, firstRevision: event.revision, events: [event] });
  }
  return runs.map(({ firstRevision, ...run }) => ({ append: serialise({ ...run, expected: 'any' }), firstRevision }));
}
