import { randomUUID } from 'node:crypto';
import type { RecordedEvent } from '#event-sourcing';
import { EVENT_SEPARATOR, recorded, type SerialisedAppend } from './stored-event.js';

/** An append with the revision its first event gets. */
export interface PlacedAppend {
  readonly append: SerialisedAppend;
  readonly firstRevision: number;
}

/** Where the events of one stream lie in a batch. Offsets and lengths in bytes, offsets from 1 as SQL counts. */
export interface StreamSlice {
  readonly stream: string;
  readonly firstRevision: number;
  eventCount: number;
  readonly ordinal: number;
  readonly byteOffset: number;
  byteLength: number;
}

/** One commit. */
export interface Batch {
  readonly id: string;
  readonly firstPosition: number;
  readonly recordedAt: string;
  /** JSON of the events in UTF-8, within brackets, with {@link EVENT_SEPARATOR} between them. */
  readonly bytes: Buffer;
  readonly slices: readonly StreamSlice[];
  readonly events: readonly RecordedEvent[];
  /** Length of the JSON of each event, in UTF-16 units. */
  readonly sizes: readonly number[];
}

export function buildBatch(placed: readonly PlacedAppend[], firstPosition: number, recordedAt: string): Batch {
  const events: RecordedEvent[] = [];
  const sizes: number[] = [];
  const slices: StreamSlice[] = [];
  const chunks: Buffer[] = [OPEN];
  let length = OPEN.length;
  for (const { append, firstRevision } of placed) {
    const chunk = Buffer.from(textOf(append, firstRevision));
    if (events.length > 0) length += chunks.push(SEPARATOR) && SEPARATOR.length;
    addSlice(slices, append, firstRevision, events.length, length + 1, chunk.length);
    append.events.forEach((event, index) => {
      events.push(recorded(event, append.stream, firstRevision + index, firstPosition + events.length, recordedAt));
      sizes.push((append.starts[index]?.length ?? 0) + (append.ends[index]?.length ?? 0));
    });
    chunks.push(chunk);
    length += chunk.length;
  }
  chunks.push(CLOSE);
  return { id: randomUUID(), firstPosition, recordedAt, bytes: Buffer.concat(chunks), slices, events, sizes };
}

const OPEN = Buffer.from('[');
const SEPARATOR = Buffer.from(EVENT_SEPARATOR);
const CLOSE = Buffer.from(']');

function textOf({ starts, ends }: SerialisedAppend, firstRevision: number): string {
  let text = '';
  for (let index = 0; index < starts.length; index += 1) {
    text += `${index > 0 ? EVENT_SEPARATOR : ''}${starts[index]}${firstRevision + index}${ends[index]}`;
  }
  return text;
}

/** Appends to one stream that follow each other in the batch share an index row. */
function addSlice(
  slices: StreamSlice[],
  { stream, events }: SerialisedAppend,
  firstRevision: number,
  ordinal: number,
  byteOffset: number,
  byteLength: number,
): void {
  const last = slices.at(-1);
  if (last?.stream === stream) {
    last.eventCount += events.length;
    last.byteLength = byteOffset + byteLength - last.byteOffset;
  } else {
    slices.push({ stream, firstRevision, eventCount: events.length, ordinal, byteOffset, byteLength });
  }
}
