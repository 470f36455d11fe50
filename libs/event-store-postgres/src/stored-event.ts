import {
  type EventMetadata,
  EventTooLarge,
  isStreamName,
  MAX_EVENT_BYTES,
  MAX_STREAM_NAME_BYTES,
  type NewEvent,
  type RecordedEvent,
  type StreamAppend,
} from '#event-sourcing';

/**
 * An append whose events are JSON already but for their revisions, which are known when the commit is put together. The
 * text of event n is `starts[n] + revision + ends[n]`.
 */
export interface SerialisedAppend extends StreamAppend {
  readonly starts: readonly string[];
  readonly ends: readonly string[];
  /** Length of the text in UTF-16 units: what the queue and the commits are bounded by. */
  readonly size: number;
}

/**
 * Stands between two stored events. JSON.stringify escapes line breaks, so a raw one is always an end of an event, and a
 * commit can be taken apart without parsing it.
 */
export const EVENT_SEPARATOR = ',\n';

/** Throws {@link EventTooLarge}; RangeError for a stream name that cannot be stored. */
export function serialise(append: StreamAppend): SerialisedAppend {
  const { stream, events } = append;
  if (!isStreamName(stream)) {
    throw new RangeError(
      `A stream name has 1 to ${MAX_STREAM_NAME_BYTES} bytes of UTF-8 and no NUL: ${JSON.stringify(stream)}`,
    );
  }
  const streamJson = JSON.stringify(stream);
  const metadataJson = remembering((metadata: EventMetadata) => JSON.stringify(metadata));
  const starts = events.map(({ id }) => `{"id":${JSON.stringify(id)},"stream":${streamJson},"revision":`);
  const ends = events.map(
    (event) =>
      `,"type":${JSON.stringify(event.type)},"data":${dataJson(stream, event)},"metadata":${metadataJson(event.metadata)}}`,
  );
  return { ...append, starts, ends, size: lengthOf(starts) + lengthOf(ends) };
}

/** The events of one slice of a commit, all of one stream or a whole batch, from their JSON without the outer brackets. */
export function decode(text: string, firstPosition: number, recordedAt: string): RecordedEvent[] {
  const stored = JSON.parse(`[${text}]`) as StoredEvent[];
  return stored.map((event, index) => recorded(event, event.stream, event.revision, firstPosition + index, recordedAt));
}

/** One event of those. */
export function decodeOne(text: string, position: number, recordedAt: string): RecordedEvent {
  const event = JSON.parse(text) as StoredEvent;
  return recorded(event, event.stream, event.revision, position, recordedAt);
}

export const recorded = (
  { id, type, data, metadata }: NewEvent,
  stream: string,
  revision: number,
  position: number,
  recordedAt: string,
): RecordedEvent => ({ id, type, data, metadata, stream, revision, position, recordedAt });

interface StoredEvent extends NewEvent {
  readonly stream: string;
  readonly revision: number;
}

function dataJson(stream: string, { type, data }: NewEvent): string {
  const text = JSON.stringify(data);
  // UTF-8 takes at most three bytes per UTF-16 unit: most events need no exact count.
  if (text.length * 3 <= MAX_EVENT_BYTES) return text;
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_EVENT_BYTES) throw new EventTooLarge(stream, type, bytes);
  return text;
}

/** The events of one command share one metadata object as a rule. */
function remembering<K, V>(compute: (key: K) => V): (key: K) => V {
  let last: { readonly key: K; readonly value: V } | undefined;
  return (key) => {
    if (last?.key !== key) last = { key, value: compute(key) };
    return last.value;
  };
}

const lengthOf = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0);
