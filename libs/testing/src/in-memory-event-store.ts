import {
  type AppendResult,
  DEFAULT_PAGE_BYTES,
  type EventStore,
  EventTooLarge,
  isStreamName,
  MAX_EVENT_BYTES,
  matcherOf,
  type NewEvent,
  type Page,
  type PageOptions,
  PositionAheadOfLog,
  type RecordedEvent,
  RevisionConflict,
  roughSizeOf,
  type Snapshot,
  type StreamAppend,
  type StreamHistory,
} from '#event-sourcing';
import { type Clock, systemClock, toIso } from '#kernel';

const DEFAULT_PAGE_EVENTS = 1_000;
const SCANNED_EVENTS_MAX = 10_000;
const REPEAT_WINDOW_EVENTS = 1_000;

/**
 * The event store port in memory, for specs and simulations. Passes the same contract suite as the durable adapters.
 * Data and metadata are copied through JSON on the way in and frozen, so a consumer that changes an event is found out.
 * The clock gives `recordedAt`; a simulation passes its own.
 */
export class InMemoryEventStore implements EventStore {
  readonly atomicAcrossStreams: boolean = true;
  readonly singleWriter: boolean = true;
  readonly densePositions = true;
  readonly #log: RecordedEvent[] = [];
  readonly #streams = new Map<string, RecordedEvent[]>();
  readonly #snapshots = new Map<string, Map<number, string>>();
  readonly #waiting = new Set<() => void>();
  readonly #clock: Clock;
  #closed = false;

  constructor(options: { readonly clock?: Clock } = {}) {
    this.#clock = options.clock ?? systemClock;
  }

  async append(appends: readonly StreamAppend[]): Promise<AppendResult> {
    this.#refuseWhenClosed();
    for (const { stream } of appends)
      if (!isStreamName(stream)) throw new RangeError(`This is no stream: ${stream.slice(0, 100)}`);
    const copies = appends.map((append) => ({
      ...append,
      events: append.events.map((event) => copyOf(append.stream, event)),
    }));
    const repeated = this.#resultOfRepeat(copies);
    if (repeated) return repeated;
    this.#checkExpectations(copies);
    const recordedAt = toIso(this.#clock.now());
    const revisions = copies.map((append) => this.#store(append, recordedAt));
    this.#wake();
    return { position: this.#log.length, revisions };
  }

  async readStream(
    stream: string,
    options: { readonly from?: number; readonly limit?: number; readonly direction?: 'forwards' | 'backwards' } = {},
  ): Promise<readonly RecordedEvent[]> {
    this.#refuseWhenClosed();
    const events = this.#streams.get(stream) ?? [];
    const limit = options.limit ?? events.length;
    if (options.direction !== 'backwards') {
      const from = Math.max(options.from ?? 0, 0);
      return events.slice(from, from + limit);
    }
    const end = Math.min((options.from ?? events.length - 1) + 1, events.length);
    return events.slice(Math.max(end - limit, 0), Math.max(end, 0)).reverse();
  }

  async load(streams: readonly string[], snapshotVersion?: number): Promise<readonly StreamHistory[]> {
    this.#refuseWhenClosed();
    return streams.map((stream) => {
      const snapshot = this.#snapshotOf(stream, snapshotVersion);
      const events = (this.#streams.get(stream) ?? []).slice(snapshot ? snapshot.revision + 1 : 0);
      return snapshot ? { stream, snapshot, events } : { stream, events };
    });
  }

  async readAll(options: PageOptions & { readonly after: number }): Promise<Page> {
    this.#refuseWhenClosed();
    if (options.after > this.#log.length) throw new PositionAheadOfLog(options.after, this.#log.length);
    const matches = matcherOf(options.filter);
    const limit = options.limit ?? DEFAULT_PAGE_EVENTS;
    let bytesLeft = options.maxBytes ?? DEFAULT_PAGE_BYTES;
    const events: RecordedEvent[] = [];
    const end = Math.min(this.#log.length, options.after + Math.max(SCANNED_EVENTS_MAX, limit));
    let position = options.after;
    while (position < end && events.length < limit && bytesLeft > 0) {
      const event = this.#log[position];
      if (event && matches(event)) {
        events.push(event);
        bytesLeft -= roughSizeOf(event);
      }
      position += 1;
    }
    return { events, position, caughtUp: position >= this.#log.length };
  }

  async *subscribe(
    options: PageOptions & { readonly after: number; readonly signal: AbortSignal },
  ): AsyncGenerator<Page> {
    let after = options.after;
    let first = true;
    while (!options.signal.aborted && !this.#closed) {
      if (first || this.#log.length > after) {
        const page = await this.readAll({ ...options, after });
        after = page.position;
        first = false;
        yield page;
      } else {
        await this.#commitOrEnd(options.signal);
      }
    }
  }

  async head(): Promise<number> {
    this.#refuseWhenClosed();
    return this.#log.length;
  }

  async saveSnapshots(snapshots: readonly (Snapshot & { readonly stream: string })[]): Promise<void> {
    this.#refuseWhenClosed();
    for (const { stream, ...snapshot } of snapshots) {
      const kept = this.#snapshotOf(stream, snapshot.version);
      if (kept && kept.revision >= snapshot.revision) continue;
      const versions = this.#snapshots.get(stream) ?? new Map<number, string>();
      versions.set(snapshot.version, JSON.stringify(snapshot));
      this.#snapshots.set(stream, versions);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new Error('The event store is closed.');
  }

  /** The answer of the first time when every event of every append is already in its place. */
  #resultOfRepeat(appends: readonly StreamAppend[]): AppendResult | undefined {
    const stored = appends.map((append) => this.#storedAt(append));
    if (!stored.some((events) => events.length > 0)) return undefined;
    if (!appends.every((append, index) => append.events.length === stored[index]?.length)) return undefined;
    return {
      position: Math.max(...stored.map((events) => events.at(-1)?.position ?? 0)),
      revisions: appends.map(({ stream }, index) => stored[index]?.at(-1)?.revision ?? this.#lastRevision(stream)),
    };
  }

  #storedAt({ stream, expected, events }: StreamAppend): readonly RecordedEvent[] {
    const [first] = events;
    if (!first) return [];
    const stored = this.#streams.get(stream) ?? [];
    const start = expected === 'any' ? this.#recentRevision(stream, first.id) : revisionOf(expected) + 1;
    if (start === undefined) return [];
    const there = stored.slice(start, start + events.length);
    return there.length === events.length && there.every((event, index) => event.id === events[index]?.id) ? there : [];
  }

  #recentRevision(stream: string, id: string): number | undefined {
    return this.#streams
      .get(stream)
      ?.slice(-REPEAT_WINDOW_EVENTS)
      .find((event) => event.id === id)?.revision;
  }

  #checkExpectations(appends: readonly StreamAppend[]): void {
    const heads = new Map<string, number>();
    const conflicts: StreamAppend[] = [];
    for (const append of appends) {
      const head = heads.get(append.stream) ?? this.#lastRevision(append.stream);
      const asExpected = append.expected === 'any' ? !this.#knowsAnyOf(append) : head === revisionOf(append.expected);
      if (!asExpected) conflicts.push(append);
      heads.set(append.stream, head + append.events.length);
    }
    if (conflicts.length === 0) return;
    const found = conflicts.map(
      ({ stream, expected }) => `${stream} (expected ${expected}, is at ${this.#lastRevision(stream)})`,
    );
    throw new RevisionConflict(
      [...new Set(conflicts.map(({ stream }) => stream))],
      `Not as expected: ${found.join(', ')}.`,
    );
  }

  /** Appending 'any' must not store an event twice that stands there as part of another append. */
  #knowsAnyOf({ stream, events }: StreamAppend): boolean {
    const ids = new Set(events.map((event) => event.id));
    return (this.#streams.get(stream) ?? []).slice(-REPEAT_WINDOW_EVENTS).some((event) => ids.has(event.id));
  }

  #store({ stream, events }: StreamAppend, recordedAt: string): number {
    const stored = this.#streams.get(stream) ?? [];
    for (const event of events) {
      const recorded = Object.freeze({
        ...event,
        stream,
        revision: stored.length,
        position: this.#log.length + 1,
        recordedAt,
      });
      stored.push(recorded);
      this.#log.push(recorded);
    }
    if (stored.length > 0) this.#streams.set(stream, stored);
    return stored.length - 1;
  }

  #lastRevision(stream: string): number {
    return (this.#streams.get(stream)?.length ?? 0) - 1;
  }

  #snapshotOf(stream: string, version: number | undefined): Snapshot | undefined {
    const text = version === undefined ? undefined : this.#snapshots.get(stream)?.get(version);
    return text === undefined ? undefined : (JSON.parse(text) as Snapshot);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  #commitOrEnd(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
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

const revisionOf = (expected: number | 'no-stream'): number => (expected === 'no-stream' ? -1 : expected);

function copyOf(stream: string, { id, type, data, metadata }: NewEvent): NewEvent {
  const text = JSON.stringify(data);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_EVENT_BYTES) throw new EventTooLarge(stream, type, bytes);
  return { id, type, data: deepFreeze(JSON.parse(text)), metadata: deepFreeze(JSON.parse(JSON.stringify(metadata))) };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
