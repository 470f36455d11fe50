/** What a decider emits: a stored name and its data (plain JSON, integers only, no personal data in clear). */
export interface DomainEvent {
  readonly type: string;
  readonly data: object;
}

/** Who and what caused an event, and when. Times are ISO 8601 in UTC. */
export interface EventMetadata {
  /** The command this event came from. A repeated command has the same id. */
  readonly commandId: string;
  /** The same for everything that followed from one request, webhook or import. */
  readonly correlationId: string;
  /** Id of the event that made the command be sent; absent where a person or a channel sent it. */
  readonly causationId?: string;
  readonly actor: string;
  /** When it was true in the world (a sale at a till an hour ago). */
  readonly occurredAt: string;
  /** When we first learned of it (the webhook came in). Lag is measured from here. */
  readonly receivedAt?: string;
  /** W3C trace context of the command, where its trace is recorded: what follows from the event continues it. */
  readonly traceparent?: string;
}

/** Metadata of a command as its caller sent it: that of its events, and the revision the caller decided on, if it said so. */
export interface CallerMetadata extends EventMetadata {
  readonly expectedRevision?: number;
}

/** An event on its way into the store. `id` is a UUID and the same for a retry of the same append. */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly data: object;
  readonly metadata: EventMetadata;
}

/** What the store adds to an event. */
export interface Recorded {
  readonly id: string;
  readonly metadata: EventMetadata;
  /** `<category>-<id>`; the category has no hyphen. */
  readonly stream: string;
  /** Place in its stream, from 0. */
  readonly revision: number;
  /** Place in the whole log: greater than 0, strictly increasing, a safe integer. Without gaps where the store says so. */
  readonly position: number;
  /** When it was stored, ISO 8601 in UTC. */
  readonly recordedAt: string;
}

/** An event as read back. A consumer names the union it knows and narrows by `type`. */
export type RecordedEvent<E extends DomainEvent = DomainEvent> = E & Recorded;

/** What the stream must look like for an append to succeed: its last revision, no stream at all, or no matter. */
export type ExpectedRevision = number | 'no-stream' | 'any';

export interface StreamAppend {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly NewEvent[];
}

export interface AppendResult {
  /** Position of the last event of this append. */
  readonly position: number;
  /** Last revision per stream, in the order of the appends. */
  readonly revisions: readonly number[];
}

/** Which events a reader wants. Both lists given: both must match. Nothing given: all. */
export interface EventFilter {
  readonly categories?: readonly string[];
  readonly types?: readonly string[];
}

/** How much of the log comes in one page. */
export interface PageOptions {
  /** Events at most, 1,000 where nothing is said. */
  readonly limit?: number;
  /**
   * The page ends with the event that brings it to so many bytes of JSON, {@link DEFAULT_PAGE_BYTES} where nothing is said: a
   * sale may be a hundred bytes or a megabyte, so a number of events says nothing about the work.
   */
  readonly maxBytes?: number;
  readonly filter?: EventFilter;
}

export interface Page {
  readonly events: readonly RecordedEvent[];
  /** Everything up to here was seen, filtered events included: the checkpoint to store with the page's effects. */
  readonly position: number;
  /** True when the reader had reached the end of the log as of this page. */
  readonly caughtUp: boolean;
}

export interface Snapshot {
  /** The snapshot holds the stream's events up to and including this revision. */
  readonly revision: number;
  /** Format of `state`; a reader with another number ignores the snapshot. */
  readonly version: number;
  /** Plain JSON. */
  readonly state: unknown;
}

/** A stream as an aggregate loads it: the newest usable snapshot and the events after it. */
export interface StreamHistory {
  readonly stream: string;
  readonly snapshot?: Snapshot;
  readonly events: readonly RecordedEvent[];
}

/**
 * The log that is the source of truth. Adapters pass the one contract suite in libs/testing.
 *
 * Guarantees: an acknowledged append survives kill -9 of this process and of the server; a reader never sees position n
 * before every smaller position is visible; one append is all or nothing.
 */
export interface EventStore {
  /** Whether one append may name several streams. Where it may not, such an append is refused and nothing is stored. */
  readonly atomicAcrossStreams: boolean;

  /**
   * Whether only this process appends, so that what it has in memory of a stream is the newest there is. Where it is
   * not, an answer that stores nothing has to check the revision it was decided on.
   */
  readonly singleWriter: boolean;

  /** Whether positions are 1, 2, 3 … without gaps; else they only increase. */
  readonly densePositions: boolean;

  /** How many events of other applications this process passed over; undefined where no other can write to the log. */
  readonly foreignEvents?: number | undefined;

  /**
   * Stores events on one or several streams in one commit.
   * A repeat of the same event ids at the same place (or, for 'any', among the last 1,000 events of the stream) answers
   * as the first time and stores nothing; with 'any', a repeat of only some of them is a conflict. An append without
   * events only checks the revision.
   * Throws {@link RevisionConflict}, {@link EventTooLarge}, {@link WriterFenced}, {@link AtomicAppendUnsupported},
   * {@link EventStoreUnavailable}.
   */
  append(appends: readonly StreamAppend[]): Promise<AppendResult>;

  /** Events of one stream; [] when there is none. `from` is inclusive; backwards starts at the end, or at `from` if that comes first. */
  readStream(
    stream: string,
    options?: { readonly from?: number; readonly limit?: number; readonly direction?: 'forwards' | 'backwards' },
  ): Promise<readonly RecordedEvent[]>;

  /** Several streams at once, each from its newest snapshot of `snapshotVersion` on (from the start when undefined). */
  load(streams: readonly string[], snapshotVersion?: number): Promise<readonly StreamHistory[]>;

  /**
   * One page of the log with positions greater than `after`, which is 0, a position this store gave out, or the position
   * of an event less 1 to begin with that event. Throws {@link PositionNotInLog}.
   */
  readAll(options: PageOptions & { readonly after: number }): Promise<Page>;

  /**
   * Pages of the log from `after` on, then live, until `signal` aborts. Pulls: the next page is read when the consumer
   * asks for it. Live pages come as soon as they are committed. A page may be empty when only filtered events passed.
   * `after` is as for {@link readAll}.
   */
  subscribe(options: PageOptions & { readonly after: number; readonly signal: AbortSignal }): AsyncIterable<Page>;

  /** Position of the last committed event, 0 for an empty log. */
  head(): Promise<number>;

  /** Keeps one snapshot per stream and version; an older revision than the stored one is ignored. */
  saveSnapshots(snapshots: readonly (Snapshot & { readonly stream: string })[]): Promise<void>;

  close(): Promise<void>;
}

/** Largest serialised `data` of one event, in bytes of UTF-8. */
export const MAX_EVENT_BYTES = 1_048_576;

export const DEFAULT_PAGE_BYTES = 4 * 1_048_576;

export class RevisionConflict extends Error {
  override readonly name = 'RevisionConflict';
  constructor(
    /** The streams that were not as expected. */
    readonly streams: readonly string[],
    message: string,
  ) {
    super(message);
  }
}

export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge';
  constructor(stream: string, type: string, bytes: number) {
    super(
      `Event ${type} for ${stream} has ${bytes} bytes of data; at most ${MAX_EVENT_BYTES} are stored. Store the large part elsewhere and refer to it.`,
    );
  }
}

/**
 * The store cannot be reached, has no room, or has too much to do already. Unless the message says otherwise an append
 * may have been stored all the same; a repeat with the same event ids stores nothing twice.
 */
export class EventStoreUnavailable extends Error {
  override readonly name = 'EventStoreUnavailable';
}

/** The store has no commit over several streams; see {@link EventStore.atomicAcrossStreams}. */
export class AtomicAppendUnsupported extends Error {
  override readonly name = 'AtomicAppendUnsupported';
  constructor(streams: readonly string[]) {
    super(`This event store cannot append to several streams in one commit: ${streams.join(', ')}.`);
  }
}

/** A reader comes with a position that this log never gave out. To go on from there could leave events out. */
export class PositionNotInLog extends Error {
  override readonly name: string = 'PositionNotInLog';
}

/** A reader has seen more than the log holds. To go on from there would leave out what is written up to it. */
export class PositionAheadOfLog extends PositionNotInLog {
  override readonly name = 'PositionAheadOfLog';
  constructor(
    readonly position: number,
    /** Where the log ends. */
    readonly end: number,
  ) {
    super(
      `Position ${position} lies past the end of the log at ${end}: the log was restored from an older copy, or the position is that of another log.`,
    );
  }
}

/** Another process owns the log now (or wrote to it behind our back). This process must stop writing. */
export class WriterFenced extends Error {
  override readonly name = 'WriterFenced';
}

/** Bytes of a stream's name in UTF-8: an index of PostgreSQL holds it, and an order number of 128 characters of any script fits. */
export const MAX_STREAM_NAME_BYTES = 2_000;

/** Whether every store takes a stream of this name. */
export const isStreamName = (stream: string): boolean =>
  stream !== '' &&
  (stream.length * 3 <= MAX_STREAM_NAME_BYTES || Buffer.byteLength(stream) <= MAX_STREAM_NAME_BYTES) &&
  !stream.includes('\0') &&
  stream.isWellFormed();

/** The category of a stream: what stands before the first hyphen. */
export const categoryOf = (stream: string): string => {
  const hyphen = stream.indexOf('-');
  return hyphen < 0 ? stream : stream.slice(0, hyphen);
};

/**
 * About the length of an event's JSON, for a store that does not know it, without making that text: the first item of a
 * list stands for all of them.
 */
export const roughSizeOf = ({ data }: Pick<RecordedEvent, 'data'>): number => METADATA_SIZE + sizeOfValue(data);

const METADATA_SIZE = 400;

function sizeOfValue(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 6;
  if (Array.isArray(value)) return 2 + value.length * (1 + sizeOfValue(value[0]));
  return Object.entries(value).reduce((size, [key, inner]) => size + key.length + 4 + sizeOfValue(inner), 2);
}

/** A predicate for a filter, made once per reader. */
export function matcherOf(filter: EventFilter | undefined): (event: RecordedEvent) => boolean {
  const types = filter?.types && new Set(filter.types);
  const categories = filter?.categories && new Set(filter.categories);
  return (event) => (!types || types.has(event.type)) && (!categories || categories.has(categoryOf(event.stream)));
}
