import { setTimeout as delay } from 'node:timers/promises';
import { connectTo, type PostgresClient } from '../../bench/baselines/postgres.js';

/**
 * How many event stores on PostgreSQL read on: every row carries the number of its transaction, and a reader takes those
 * below the oldest transaction that still runs, because those can no longer appear behind its back. For comparison only.
 */
export class XminReader {
  readonly #stopping = new AbortController();
  readonly #insertedAt = new Map<number, number>();
  #reading: Promise<void> = Promise.resolve();
  #greatestLagMs = 0;

  private constructor(
    private readonly writer: PostgresClient,
    private readonly reader: PostgresClient,
  ) {}

  static async open(url: string): Promise<XminReader> {
    const writer = await connectTo(url);
    await writer.query(
      'create table xmin_log (id integer generated always as identity primary key, xid xid8 not null default pg_current_xact_id())',
    );
    const xmin = new XminReader(writer, await connectTo(url));
    xmin.#reading = xmin.#read();
    return xmin;
  }

  async insert(): Promise<void> {
    const { rows } = await this.writer.query<{ id: number }>('insert into xmin_log default values returning id');
    const [row] = rows;
    if (row) this.#insertedAt.set(row.id, performance.now());
  }

  /** The longest that a row waited or has been waiting, since `forget`. */
  greatestLagMs(): number {
    const oldest = Math.min(...this.#insertedAt.values());
    return Math.max(this.#greatestLagMs, oldest === Number.POSITIVE_INFINITY ? 0 : performance.now() - oldest);
  }

  forget(): void {
    this.#insertedAt.clear();
    this.#greatestLagMs = 0;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#reading;
    await this.reader.end();
    await this.writer.end();
  }

  async #read(): Promise<void> {
    for (let after = 0; !this.#stopping.signal.aborted; ) {
      const { rows } = await this.reader.query<{ id: number }>(
        'select id from xmin_log where id > $1 and xid < pg_snapshot_xmin(pg_current_snapshot()) order by id',
        [after],
      );
      for (const { id } of rows) this.#see(id);
      after = rows.at(-1)?.id ?? after;
      await delay(LOOK_MS);
    }
  }

  #see(id: number): void {
    const insertedAt = this.#insertedAt.get(id);
    this.#insertedAt.delete(id);
    if (insertedAt !== undefined) this.#greatestLagMs = Math.max(this.#greatestLagMs, performance.now() - insertedAt);
  }
}

const LOOK_MS = 5;
