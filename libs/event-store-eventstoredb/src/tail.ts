import { DEFAULT_PAGE_BYTES, type RecordedEvent } from '#event-sourcing';
import type { Connection } from './connection.js';
import { Feed } from './feed.js';
import { bytesBetween } from './positions.js';

/**
 * The newest part of the log, followed by one subscription for all subscribers of this process. It holds every event
 * of ours after {@link start}, so a reader that stands there knows how far it has come, whatever its filter let through.
 */
export class Tail {
  readonly #events: RecordedEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #position: number;
  #failure: unknown;

  constructor(
    private readonly connection: Connection,
    /** Events after this position are held. */
    public start: number,
  ) {
    this.#position = start;
    void this.#follow();
  }

  /** Everything up to here was seen. */
  get position(): number {
    return this.#position;
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

  /** Resolves when something lies after the position, when the tail failed, or when aborted. */
  async beyond(position: number, signal: AbortSignal): Promise<void> {
    while (this.#position <= position && !this.#failure && !signal.aborted && !this.connection.closing.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
    }
  }

  async #follow(): Promise<void> {
    const feed = new Feed(this.connection, undefined, this.start, this.connection.closing);
    try {
      const take = () => feed.take(TAKEN_EVENTS, DEFAULT_PAGE_BYTES);
      for (let stretch = await take(); stretch; stretch = await take()) {
        this.#events.push(...stretch.events);
        this.#position = stretch.position;
        this.#forget();
        this.#wake();
      }
    } catch (error) {
      this.#failure = error;
    }
    this.#wake();
  }

  /** Positions are byte offsets, so the bytes held are known without counting. */
  #forget(): void {
    if (bytesBetween(this.start, this.#position) < 2 * HELD_BYTES) return;
    const index = this.#events.findIndex((event) => bytesBetween(event.position, this.#position) < HELD_BYTES);
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

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

const TAKEN_EVENTS = 512;
/** Of the log, as the server stores it; at times twice as much. */
const HELD_BYTES = 8 * 1_048_576;
