import type { EventEmitter } from 'node:events';

/** What leases need of a TypeORM query runner. */
export interface LeaseConnection {
  readonly isReleased: boolean;
  connect(): Promise<EventEmitter>;
  query(sql: string, parameters?: unknown[]): Promise<{ answer: boolean }[]>;
  release(): Promise<void>;
}

/** Held until released or until the connection behind it is lost. */
export interface Lease {
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Names that at most one process holds, as advisory locks of one connection per process. When the process dies, or its
 * connection does, PostgreSQL frees them. A lease saves double work; what makes double work harmless is the comparison
 * of the checkpoint in every commit.
 */
export class Leases {
  readonly #connect: () => LeaseConnection;
  readonly #held = new Map<string, AbortController>();
  #connection: Promise<LeaseConnection> | undefined;
  /** Ends with the last question: one connection answers one at a time. */
  #asking: Promise<unknown> = Promise.resolve();

  constructor(connect: () => LeaseConnection) {
    this.#connect = connect;
  }

  /** The lease, or undefined while another holder (in this process or another) has it. */
  async tryAcquire(name: string): Promise<Lease | undefined> {
    if (this.#held.has(name)) return undefined;
    const lost = new AbortController();
    // Taken before the first await: for PostgreSQL the same connection may lock twice, so this map refuses the second.
    this.#held.set(name, lost);
    try {
      if (await this.#ask('pg_try_advisory_lock', name))
        return { lost: lost.signal, release: () => this.#release(name, lost) };
    } catch (error) {
      this.#drop(name, lost);
      throw error;
    }
    this.#drop(name, lost);
    return undefined;
  }

  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    if (connection && !connection.isReleased) {
      await connection.query('select pg_advisory_unlock_all()');
      await connection.release();
    }
    this.#lose();
  }

  async #release(name: string, lost: AbortController): Promise<void> {
    if (this.#held.get(name) !== lost) return;
    try {
      await this.#ask('pg_advisory_unlock', name);
    } finally {
      this.#drop(name, lost);
    }
  }

  #ask(lockFunction: LockFunction, name: string): Promise<boolean> {
    const answer = this.#asking.then(() => this.#askNow(lockFunction, name));
    this.#asking = answer.catch(() => {});
    return answer;
  }

  async #askNow(lockFunction: LockFunction, name: string): Promise<boolean> {
    this.#connection ??= this.#open();
    const connection = await this.#connection;
    const rows: { answer: boolean }[] = await connection.query(`select ${lockFunction}(${lockOf('$1')}) as answer`, [
      name,
    ]);
    return rows[0]?.answer ?? false;
  }

  async #open(): Promise<LeaseConnection> {
    const connection = this.#connect();
    try {
      const client: EventEmitter = await connection.connect();
      whenLost(client, () => this.#lose());
      return connection;
    } catch (error) {
      this.#connection = undefined;
      throw error;
    }
  }

  #lose(): void {
    this.#connection = undefined;
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const lost of held) lost.abort();
  }

  #drop(name: string, lost: AbortController): void {
    if (this.#held.get(name) === lost) this.#held.delete(name);
  }
}

/** A connection that breaks says so twice, and the second time its successor may hold leases already: `lose` is called once. */
export function whenLost(connection: EventEmitter, lose: () => void): void {
  let lost = false;
  const loseOnce = (): void => {
    if (!lost) lose();
    lost = true;
  };
  connection.once('error', loseOnce);
  connection.once('end', loseOnce);
}

/** The advisory lock of a lease, in SQL; `name` is SQL as well. */
export const lockOf = (name: string): string => `hashtextextended('einklang.read-models.' || ${name}, 0)`;

type LockFunction = 'pg_try_advisory_lock' | 'pg_advisory_unlock';
