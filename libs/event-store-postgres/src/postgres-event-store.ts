import { Pool } from 'pg';
import {
  type AppendResult,
  type EventStore,
  type Page,
  type RecordedEvent,
  type Snapshot,
  type StreamAppend,
  type StreamHistory,
  WriterFenced,
} from '#event-sourcing';
import { CommitSignal, headOf } from './commit-signal.js';
import { poolConfig } from './connection.js';
import { LogReader, type ReadOptions, type SubscribeOptions } from './log-reader.js';
import { createSchema } from './schema.js';
import { Sequencer } from './sequencer.js';
import { StreamReader } from './stream-reader.js';
import { WriterSession } from './writer-session.js';

export interface PostgresEventStoreOptions {
  /** `postgresql://…` of the database that holds, or shall hold, the schema `event_store`. */
  readonly url: string;
  /** True for the one process that appends; the others read. */
  readonly writer: boolean;
  /** Who we are ("standalone on kiosk-7, process 4711"): reported to a second writer. */
  readonly holder: string;
  readonly log?: (message: string) => void;
  /** Another writer took over. This process can append no more and should end. */
  readonly onFenced?: (error: WriterFenced) => void;
}

/** The event store on PostgreSQL. See README.md for how it keeps order, and for its tables. */
export class PostgresEventStore implements EventStore {
  readonly atomicAcrossStreams = true;
  readonly singleWriter = true;
  readonly densePositions = true;
  readonly #pool: Pool;
  readonly #signal: CommitSignal;
  readonly #log: LogReader;
  readonly #streams: StreamReader;
  #sequencer: Sequencer | undefined;
  #fenced = false;
  #closing: Promise<void> | undefined;

  private constructor(pool: Pool) {
    this.#pool = pool;
    this.#signal = new CommitSignal(pool);
    this.#streams = new StreamReader(pool);
    this.#log = new LogReader({
      pool,
      signal: this.#signal,
      seesEveryCommit: () => this.#sequencer !== undefined && !this.#fenced,
    });
  }

  /**
   * Connects, creates the tables when missing, and for a writer takes the lease. Throws WriterFenced when another
   * process holds it, and Error when the server is set up so that it could lose acknowledged events.
   */
  static async open(options: PostgresEventStoreOptions): Promise<PostgresEventStore> {
    const pool = new Pool(poolConfig(options.url, 'einklang event store', READ_CONNECTIONS_MAX));
    const log = options.log ?? (() => {});
    pool.on('error', (error) => log(`A connection to the event store was lost: ${error.message}`));
    const store = new PostgresEventStore(pool);
    try {
      await assertDurable(pool);
      await createSchema(pool);
      if (options.writer) await store.#takeLease(options, log);
      store.#signal.advance(await headOf(pool));
      store.#signal.start(options.writer ? undefined : options.url);
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async append(appends: readonly StreamAppend[]): Promise<AppendResult> {
    if (!this.#sequencer) throw new Error('This event store was opened for reading only.');
    return this.#sequencer.append(appends);
  }

  readStream(
    stream: string,
    options?: { readonly from?: number; readonly limit?: number; readonly direction?: 'forwards' | 'backwards' },
  ): Promise<readonly RecordedEvent[]> {
    return this.#streams.read(stream, options);
  }

  load(streams: readonly string[], snapshotVersion?: number): Promise<readonly StreamHistory[]> {
    return this.#streams.load(streams, snapshotVersion);
  }

  readAll(options: ReadOptions): Promise<Page> {
    return this.#log.page(options);
  }

  subscribe(options: SubscribeOptions): AsyncIterable<Page> {
    return this.#log.subscribe(options);
  }

  head(): Promise<number> {
    return this.#log.head();
  }

  saveSnapshots(snapshots: readonly (Snapshot & { readonly stream: string })[]): Promise<void> {
    return this.#streams.saveSnapshots(snapshots);
  }

  /** Stores what was accepted, ends subscriptions, gives the lease back. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#sequencer?.close();
    await this.#signal.close();
    await this.#pool.end();
  }

  async #takeLease(
    { url, holder, onFenced }: PostgresEventStoreOptions,
    log: (message: string) => void,
  ): Promise<void> {
    const session = await WriterSession.open({ url, holder, log, onLost: () => this.#sequencer?.sessionLost() });
    this.#sequencer = new Sequencer(this.#pool, session, {
      onCommitted: (batch) => {
        this.#log.remember(batch);
        this.#signal.advance(batch.firstPosition + batch.events.length - 1);
      },
      onResumed: (position) => this.#signal.advance(position),
      onFenced: (error) => {
        this.#fenced = true;
        log(error.message);
        onFenced?.(error);
      },
    });
  }
}

const READ_CONNECTIONS_MAX = 4;

async function assertDurable(pool: Pool): Promise<void> {
  const result = await pool.query<{ fsync: string; commit: string; encoding: string }>(
    `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, current_setting('server_encoding') as encoding`,
  );
  const [settings] = result.rows;
  if (settings?.fsync !== 'on')
    throw new Error('The database runs with fsync off and can lose acknowledged events; set fsync = on.');
  if (settings.commit === 'off')
    throw new Error('The database runs with synchronous_commit off and can lose acknowledged events; set it to on.');
  if (settings.encoding !== 'UTF8')
    throw new Error(`The database has encoding ${settings.encoding}; the event store needs UTF8.`);
}
