import { DEFAULT_PAGE_BYTES, PositionGate, type RecordedEvent } from '#event-sourcing';
import type { Connection } from './connection.js';
import { Feed } from './feed.js';
import type { ForeignEvents } from './foreign-events.js';
import { bytesBetween } from './positions.js';

/**
 * The newest part of the log, followed by one subscription for all subscribers of this process. It holds every event
 * of ours after {@link start}, so a reader that stands there knows how far it has come, whatever its filter let through.
 */
export class Tail {
  readonly #events: RecordedEvent[] = [];
  readonly #gate: PositionGate;
  readonly #feed: Feed;
  #failure: unknown;
  /** Of an event that is known to be stored. */
  #expected = 0;
  #overdue: NodeJS.Timeout | undefined;

  constructor(
    private readonly connection: Connection,
    foreign: ForeignEvents,
    /** Events after this position are held. */
    public start: number,
  ) {
    this.#gate = new PositionGate(start);
    this.#feed = new Feed(connection, foreign, undefined, start, connection.closing);
    void this.#follow();
  }

  /** Everything up to here was seen. */
  get position(): number {
    return this.#gate.position;
  }

  /** Set when the server refuses to be followed. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Events after a position that is not before {@link start}, so many at most; they are not to be changed. */
  after(position: number, limit: number): readonly RecordedEvent[] {
    const index = this.#indexAfter(position);
    return this.#events.slice(index, index + limit);
  }

  /**
   * An event at this position is stored. One that does not come within {@link BEHIND_MS} shows that our node is behind: a leader
   * that resigned keeps its subscriptions, and what it hands on then comes late.
   */
  expect(position: number): void {
    this.#expected = Math.max(this.#expected, position);
    if (this.#expected > this.position && !this.#overdue) this.#watch(this.#expected, BEHIND_MS);
  }

  /** Resolves when something lies after the position, when the tail failed, or when aborted. */
  async waitUntilPast(position: number, signal: AbortSignal): Promise<void> {
    await this.#gate.waitUntilPast(position, { signal });
  }

  async #follow(): Promise<void> {
    try {
      const take = () => this.#feed.take(TAKEN_EVENTS, DEFAULT_PAGE_BYTES);
      for (let stretch = await take(); stretch; stretch = await take()) {
        this.#events.push(...stretch.events);
        // Who is let go reads on in the same turn, so what is too old is forgotten first.
        this.#forget(stretch.position);
        this.#gate.advance(stretch.position);
      }
    } catch (error) {
      this.#failure = error;
    }
    clearTimeout(this.#overdue);
    this.#gate.close();
  }

  #watch(expected: number, patienceMs: number): void {
    this.#overdue = setTimeout(() => {
      this.#overdue = undefined;
      if (this.#failure || this.connection.closing.aborted) return;
      const isBehind = this.position < expected;
      if (isBehind) this.#feed.renew();
      if (this.#expected > this.position) this.#watch(this.#expected, isBehind ? 2 * patienceMs : BEHIND_MS);
    }, patienceMs).unref();
  }

  /** Positions are byte offsets, so the bytes held are known without counting. */
  #forget(reached: number): void {
    if (bytesBetween(this.start, reached) < 2 * HELD_BYTES) return;
    const index = this.#events.findIndex((event) => bytesBetween(event.position, reached) < HELD_BYTES);
    const forgotten = this.#events.splice(0, index < 0 ? this.#events.length : index);
    this.start = forgotten.at(-1)?.position ?? this.start;
  }

  #indexAfter(position: number): number {
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.position ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const TAKEN_EVENTS = 512;
const BEHIND_MS = 2_000;
/** Of the log, as the server stores it; at times twice as much. */
const HELD_BYTES = 8 * 1_048_576;
