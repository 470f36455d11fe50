import type { Client } from 'pg';
import { EventStoreUnavailable, WriterFenced } from '#event-sourcing';
import type { Batch } from './batch.js';
import { advisoryLocks, backOff, isConnectionLoss, isFull, newClient } from './connection.js';

export interface WriterSessionOptions {
  readonly url: string;
  /** Who we are, for the message a second writer gets. */
  readonly holder: string;
  readonly log: (message: string) => void;
  /** The session was lost while nothing was in flight. */
  readonly onLost: () => void;
}

/**
 * The one database session that may write. It holds an advisory lock, so a second writer is refused while this one
 * lives, and an epoch, so a writer that lost its session without noticing cannot write after its successor began: each
 * commit moves the writer row from the position and epoch this process knows, or does nothing.
 */
export class WriterSession {
  readonly #options: WriterSessionOptions;
  #client: Client | undefined;
  #epoch = 0;
  #position = 0;
  #closed = false;

  private constructor(options: WriterSessionOptions) {
    this.#options = options;
  }

  /** Throws {@link WriterFenced} naming the holder when another process is the writer. */
  static async open(options: WriterSessionOptions): Promise<WriterSession> {
    const session = new WriterSession(options);
    const deadline = performance.now() + LOCK_RETRY_FOR_MS;
    // The session of a process that was just killed takes the database a moment to end.
    for (let attempt = 0; ; attempt += 1) {
      if (await session.#connect(TAKE_OVER_SQL, [options.holder])) return session;
      if (performance.now() > deadline) throw await refusal(options.url);
      await backOff(attempt);
    }
  }

  /** Position of the last event committed by us or found when the session began. */
  get position(): number {
    return this.#position;
  }

  /**
   * Stores the batch, and has when this resolves. A lost connection leaves open whether it did: the answer is looked up on a
   * new one. A new session gets the lock only after the old one ended, so what it then finds is final.
   * Rejects with {@link WriterFenced}; with EventStoreUnavailable once `mayGoOn` says no
   * or when the database has no room; or as the database refused it.
   */
  async commit(batch: Batch, mayGoOn: () => boolean): Promise<void> {
    const position = batch.firstPosition + batch.events.length - 1;
    for (let inDoubt = false; ; inDoubt = true) {
      try {
        const client = await this.#connected(mayGoOn);
        if (inDoubt && (await isStored(client, batch))) break;
        const result = await client.query({
          name: 'commit',
          text: commitSql(),
          values: this.#commitValues(batch, position),
        });
        if (result.rowCount !== 1) throw fenced('Another process wrote to the event store.');
        break;
      } catch (error) {
        if (isFull(error)) throw this.#full(error);
        if (!isConnectionLoss(error)) throw error;
        await this.#disconnect();
      }
    }
    this.#position = position;
  }

  /** Gets the session back if it was lost, and finds out where the log ends. */
  async resume(mayGoOn: () => boolean): Promise<void> {
    for (;;) {
      try {
        const client = await this.#connected(mayGoOn);
        this.#position = (await writerRow(client)).position;
        return;
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
        await this.#disconnect();
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#disconnect();
  }

  #full(cause: unknown): EventStoreUnavailable {
    const message = `The database has no room for more events, and nothing was stored (${String(cause)}).`;
    this.#options.log(message);
    return new EventStoreUnavailable(message, { cause });
  }

  #commitValues(batch: Batch, position: number): unknown[] {
    const { slices } = batch;
    return [
      this.#epoch,
      batch.firstPosition - 1,
      position,
      batch.firstPosition,
      batch.events.length,
      batch.recordedAt,
      batch.id,
      batch.bytes,
      slices.map((slice) => slice.stream),
      slices.map((slice) => slice.firstRevision),
      slices.map((slice) => slice.eventCount),
      slices.map((slice) => slice.ordinal),
      slices.map((slice) => slice.byteOffset),
      slices.map((slice) => slice.byteLength),
    ];
  }

  async #connected(mayGoOn: () => boolean): Promise<Client> {
    for (let attempt = 0; ; attempt += 1) {
      if (this.#client) return this.#client;
      if (!mayGoOn()) throw new EventStoreUnavailable('The connection to the event store is lost.');
      try {
        if (await this.#connect(WRITER_ROW_SQL, [])) continue;
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
        if (attempt === 0) this.#options.log(`The event store does not answer (${String(error)}); trying again.`);
      }
      await backOff(attempt);
    }
  }

  /** False when another session holds the lock: our own that has not ended yet, or that of a new writer. */
  async #connect(rowSql: string, values: readonly unknown[]): Promise<boolean> {
    const client = newClient(this.#options.url, CLIENT_NAME, { query_timeout: QUERY_TIMEOUT_MS });
    try {
      await client.connect();
      await client.query(SESSION_SQL);
      if (!(await hasLock(client))) {
        if (this.#epoch !== 0) refuseSuccessor(await writerRow(client), this.#epoch);
        await client.end();
        return false;
      }
      const row = await writerRow(client, rowSql, values);
      refuseSuccessor(row, this.#epoch);
      this.#begin(client, row);
      return true;
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
  }

  #begin(client: Client, row: WriterRow): void {
    if (this.#epoch === 0) this.#position = row.position;
    this.#epoch = row.epoch;
    this.#client = client;
    client.once('end', () => {
      if (this.#client !== client) return;
      this.#client = undefined;
      if (!this.#closed) this.#options.onLost();
    });
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }
}

/** The one row that says who writes, and where the log ends. */
export interface WriterRow {
  readonly epoch: number;
  readonly position: number;
  readonly holder: string;
}

const CLIENT_NAME = 'einklang event store writer';
const LOCK_RETRY_FOR_MS = 2_000;
const QUERY_TIMEOUT_MS = 30_000;

/** A dead network is noticed in seconds: the lock of a writer that vanished must not keep the next one out for hours. */
const SESSION_SQL = 'set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3';

const WRITER_ROW_SQL = 'select epoch, position, holder from event_store.writer';

const TAKE_OVER_SQL = 'update event_store.writer set epoch = epoch + 1, holder = $1 returning epoch, position, holder';

const commitSql = (): string => `
with moved as (
  update event_store.writer set position = $3 where ${unfenced()} returning position
), batch as (
  insert into event_store.batches (first_position, event_count, recorded_at, batch_id, events)
  select $4::bigint, $5::integer, $6::timestamptz, $7::uuid, $8::bytea from moved
), slices as (
  insert into event_store.stream_index (batch, stream, first_revision, event_count, ordinal, byte_offset, byte_length)
  select $4::bigint, s.*
    from moved, unnest($9::text[], $10::integer[], $11::integer[], $12::integer[], $13::integer[], $14::integer[]) as s
)
select pg_notify('event_store', position::text) from moved`;

async function writerRow(client: Client, sql = WRITER_ROW_SQL, values: readonly unknown[] = []): Promise<WriterRow> {
  const result = await client.query<WriterRow>(sql, [...values]);
  const [row] = result.rows;
  if (!row) throw new Error('The writer row of the event store is missing.');
  return row;
}

/** The writer row is where the epoch and the position of this process say: condition on the parameters of a commit. */
export function unfenced(): string {
  return 'epoch = $1 and position = $2';
}

/** True when the session has the lock that one writer at a time holds. */
export async function hasLock(client: Client): Promise<boolean> {
  const sql = 'select pg_try_advisory_lock($1, $2) as locked';
  const { rows } = await client.query<{ locked: boolean }>(sql, [...advisoryLocks.writer]);
  return rows[0]?.locked ?? false;
}

/** Throws {@link WriterFenced} when another writer began after `epoch`; 0 is the epoch of one that has not begun. */
export function refuseSuccessor(row: WriterRow, epoch: number): void {
  if (epoch !== 0 && row.epoch !== epoch) throw fenced(`${row.holder} writes to the event store now.`);
}

/** True when a commit whose answer was lost is in the log. */
export async function isStored(client: Client, { firstPosition, id }: Batch): Promise<boolean> {
  const sql = 'select from event_store.batches where first_position = $1 and batch_id = $2';
  return (await client.query(sql, [firstPosition, id])).rowCount === 1;
}

async function refusal(url: string): Promise<WriterFenced> {
  const client = newClient(url, CLIENT_NAME);
  await client.connect();
  try {
    const { holder } = await writerRow(client);
    return fenced(`${holder || 'Another process'} is writing to this event store; stop it first.`);
  } finally {
    await client.end();
  }
}

const fenced = (message: string): WriterFenced => new WriterFenced(message);
