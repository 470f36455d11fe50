import { setTimeout as delay } from 'node:timers/promises';
import type { Client, Pool } from 'pg';
import { PositionGate } from '#event-sourcing';
import { newClient } from './connection.js';

/**
 * Knows how far the log reaches and wakes who waits for more. The writer's process is notified directly; others listen for
 * the notification of each commit. A look at the database is the net below both: once a second where a notification may
 * be lost, every five minutes where nothing lies between.
 */
export class CommitSignal {
  readonly #pool: Pool;
  readonly #gate = new PositionGate();
  readonly #ended = new AbortController();
  #listener: Client | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  get head(): number {
    return this.#gate.position;
  }

  get ended(): boolean {
    return this.#ended.signal.aborted;
  }

  /** Starts looking; `listenUrl` also listens for commits of another process. */
  start(listenUrl: string | undefined): void {
    void this.#look(listenUrl);
  }

  advance(position: number): void {
    if (position > this.head) this.#gate.advance(position);
  }

  /** Resolves when the log reaches past `position`, the signal aborts, or the store closes. */
  async waitUntilPast(position: number, signal: AbortSignal): Promise<void> {
    await this.#gate.waitUntilPast(position, { signal });
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#gate.close();
    await this.#listener?.end().catch(() => {});
  }

  async #look(listenUrl: string | undefined): Promise<void> {
    while (!this.ended) {
      // A failure is not worth a word: readers meet the same one and say so.
      if (listenUrl !== undefined && !this.#listener) await this.#listen(listenUrl).catch(() => {});
      if (this.#gate.waiting > 0) this.advance(await headOf(this.#pool).catch(() => this.head));
      const pauseMs = listenUrl === undefined ? WRITER_LOOKS_MS : READER_LOOKS_MS;
      await delay(pauseMs, undefined, { signal: this.#ended.signal, ref: false }).catch(() => {});
    }
  }

  async #listen(url: string): Promise<void> {
    const client = newClient(url, 'einklang event store listener');
    client.on('notification', ({ payload }) => this.advance(Number(payload)));
    client.once('end', () => {
      if (this.#listener === client) this.#listener = undefined;
    });
    await client.connect();
    await client.query('listen event_store');
    this.#listener = client;
    if (this.ended) await client.end();
  }
}

/** Position of the last committed event. */
export async function headOf(pool: Pool): Promise<number> {
  const result = await pool.query<{ position: number }>('select position from event_store.writer');
  return result.rows[0]?.position ?? 0;
}

const READER_LOOKS_MS = 1_000;
const WRITER_LOOKS_MS = 300_000;
