import { categoryOf, type EventFilter, type RecordedEvent } from '#event-sourcing';
import type { Batch } from './batch.js';
import { decodeOne, EVENT_SEPARATOR } from './stored-event.js';

/** One commit as the readers of the log see it. */
export interface Commit {
  readonly firstPosition: number;
  readonly eventCount: number;
  /** What it is reckoned to take of the heap, in bytes, on the high side. Grows as events are parsed. */
  readonly heapBytes: number;
  /** Whether a reader wants the event at this index; asks without parsing it. */
  matches(index: number, wanted: Wanted): boolean;
  eventAt(index: number): RecordedEvent;
  /** Length of the JSON of an event. */
  sizeOf(index: number): number;
}

/** A filter made ready for many questions. */
export interface Wanted {
  readonly types: ReadonlySet<string> | undefined;
  readonly categories: ReadonlySet<string> | undefined;
}

export const wantedBy = (filter: EventFilter | undefined): Wanted => ({
  types: filter?.types && new Set(filter.types),
  categories: filter?.categories && new Set(filter.categories),
});

/** A commit this process made: its events are the objects that were appended. */
export class MadeCommit implements Commit {
  readonly firstPosition: number;
  readonly heapBytes: number;
  readonly #events: readonly RecordedEvent[];
  readonly #sizes: readonly number[];

  constructor({ firstPosition, events, sizes, bytes }: Pick<Batch, 'firstPosition' | 'events' | 'sizes' | 'bytes'>) {
    this.firstPosition = firstPosition;
    this.#events = events;
    this.#sizes = sizes;
    this.heapBytes = bytes.length * PARSED_BYTES_PER_CHARACTER;
  }

  get eventCount(): number {
    return this.#events.length;
  }

  matches(index: number, { types, categories }: Wanted): boolean {
    const { type, stream } = this.eventAt(index);
    return (!types || types.has(type)) && (!categories || categories.has(categoryOf(stream)));
  }

  eventAt(index: number): RecordedEvent {
    return found(this.#events[index]);
  }

  sizeOf(index: number): number {
    return this.#sizes[index] ?? 0;
  }
}

/**
 * A commit read from the database, as text. Ten readers want ten different parts of it, so an event is parsed when the
 * first reader wants it, and kept for the others.
 *
 * Type and stream are read off the text. Each event begins `{"id":"…","stream":"…","revision":n,"type":"…"` because
 * `serialise` writes it so, and within a JSON string every quote is escaped: `,"type":"` can stand neither in an id nor
 * in a stream name, and its first occurrence is the key.
 */
export class StoredCommit implements Commit {
  readonly firstPosition: number;
  readonly #recordedAt: string;
  readonly #text: string;
  /** Where each event begins, and where one more would. */
  readonly #starts: Uint32Array;
  readonly #types: readonly string[];
  readonly #parsed: (RecordedEvent | undefined)[];
  #heapBytes: number;

  constructor({ firstPosition, eventCount, recordedAt, text, textBytes }: StoredCommitOptions) {
    this.firstPosition = firstPosition;
    this.#recordedAt = recordedAt;
    this.#text = text;
    this.#starts = new Uint32Array(eventCount + 1);
    this.#types = this.#look(eventCount);
    this.#parsed = new Array<RecordedEvent | undefined>(eventCount);
    // A string that is not ASCII may take two bytes for every character.
    this.#heapBytes = (textBytes === text.length ? 1 : 2) * text.length + eventCount * INDEX_BYTES_PER_EVENT;
  }

  get eventCount(): number {
    return this.#types.length;
  }

  get heapBytes(): number {
    return this.#heapBytes;
  }

  matches(index: number, { types, categories }: Wanted): boolean {
    return (
      (!types || types.has(found(this.#types[index]))) &&
      (!categories || categories.has(categoryOf(this.#streamAt(index))))
    );
  }

  eventAt(index: number): RecordedEvent {
    const event = this.#parsed[index] ?? this.#parse(index);
    this.#parsed[index] = event;
    return event;
  }

  sizeOf(index: number): number {
    return this.#startOf(index + 1) - EVENT_SEPARATOR.length - this.#startOf(index);
  }

  #parse(index: number): RecordedEvent {
    const start = this.#startOf(index);
    const end = this.#startOf(index + 1) - EVENT_SEPARATOR.length;
    this.#heapBytes += (end - start) * PARSED_BYTES_PER_CHARACTER;
    return decodeOne(this.#text.slice(start, end), this.firstPosition + index, this.#recordedAt);
  }

  /** Finds where the events begin, and gives their types. */
  #look(eventCount: number): string[] {
    const types = new Array<string>(eventCount);
    let start = 0;
    for (let index = 0; index < eventCount; index += 1) {
      if (start >= this.#text.length) throw this.#tooFewLines(eventCount);
      this.#starts[index] = start;
      const type = stringAfter(this.#text, TYPE_KEY, start);
      types[index] = sharedName(type);
      const lineBreak = this.#text.indexOf('\n', start);
      start = lineBreak < 0 ? this.#text.length + EVENT_SEPARATOR.length : lineBreak + 1;
    }
    this.#starts[eventCount] = start;
    return types;
  }

  #tooFewLines(eventCount: number): Error {
    return new Error(
      `The commit at position ${this.firstPosition} does not hold its ${eventCount} events on a line each: this program cannot read it.`,
    );
  }

  #streamAt(index: number): string {
    return unescaped(stringAfter(this.#text, STREAM_KEY, this.#startOf(index)));
  }

  #startOf(index: number): number {
    return found(this.#starts[index]);
  }
}

interface StoredCommitOptions {
  readonly firstPosition: number;
  readonly eventCount: number;
  readonly recordedAt: string;
  /** The JSON of the events without the outer brackets. */
  readonly text: string;
  /** Its length in UTF-8. */
  readonly textBytes: number;
}

const STREAM_KEY = ',"stream":"';
const TYPE_KEY = ',"type":"';

/** An event takes 1.2 (a sale of 20 lines) to 1.5 times (a stock event) its JSON as objects; doubled for shapes less kind. */
const PARSED_BYTES_PER_CHARACTER = 3;
const INDEX_BYTES_PER_EVENT = 20;

/** The JSON string, still escaped and without its quotes, that follows the first occurrence of `key`. */
function stringAfter(text: string, key: string, from: number): string {
  const start = text.indexOf(key, from) + key.length;
  let end = text.indexOf('"', start);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return text.slice(start, end);
}

/** An odd number of backslashes before a quote makes it part of the string. */
function isEscaped(text: string, quote: number): boolean {
  let start = quote;
  while (text[start - 1] === '\\') start -= 1;
  return (quote - start) % 2 === 1;
}

const unescaped = (json: string): string => JSON.parse(`"${json}"`) as string;

/** One string for all events of a type. A slice would keep the text alive that it was cut from. */
function sharedName(json: string): string {
  const known = names.get(json);
  if (known !== undefined) return known;
  if (names.size === NAMES_MAX) names.clear();
  const name = unescaped(json);
  names.set(JSON.stringify(name).slice(1, -1), name);
  return name;
}

const NAMES_MAX = 1_000;
const names = new Map<string, string>();

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('There is no event at this place of the commit.');
  return value;
}
