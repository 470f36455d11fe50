import { type AllStreamResolvedEvent, type JSONEventData, jsonEvent, type ResolvedEvent } from '@eventstore/db-client';
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
import { afterCommit } from './positions.js';

/** An append as the client takes it, with the bytes that count against the server's limit. */
export interface EncodedAppend {
  readonly events: readonly EncodedEvent[];
  readonly bytes: number;
}

export type EncodedEvent = JSONEventData & { readonly id: string };

/** Of one append in all: the greatest limit that a server starts with, 16 MiB less what a record needs around it. */
const APPEND_BYTES_MAX = 16_767_216;
/** The server keeps ids as numbers, whatever their letters, and gives them back in small ones. */
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Snapshots have streams of their own; no event of ours is in them. */
export const SNAPSHOT_PREFIX = 'snapshot-';

/** Streams whose events are neither the server's own nor our snapshots, for a filter of the server. */
export const OUR_STREAMS_REGEX = `^(?!\\$|${SNAPSHOT_PREFIX})`;

export const isOurs = (stream: string): boolean => !stream.startsWith('$') && !stream.startsWith(SNAPSHOT_PREFIX);

/** Throws {@link EventTooLarge}; RangeError for a name, a type or an id that cannot be stored, and for too much at once. */
export function encode({ stream, events }: StreamAppend): EncodedAppend {
  checkStreamName(stream);
  let bytes = 0;
  const encoded = events.map((event) => {
    const stored = toJsonEvent(event);
    bytes += 2 * event.type.length + dataBytes(stream, event) + Buffer.byteLength(JSON.stringify(stored.metadata));
    return stored;
  });
  if (bytes > APPEND_BYTES_MAX) {
    throw new RangeError(
      `An append of ${bytes} bytes to ${stream}; at most ${APPEND_BYTES_MAX} are stored in one. Split it.`,
    );
  }
  return { events: encoded, bytes };
}

/** What a copied event had in the log it comes from, and what the server cannot be told. */
export interface Original {
  readonly position: number;
  readonly recordedAt: string;
}

/** An event of another log on its way into this one. It keeps its `recordedAt`; its position there is in the metadata. */
export function copied({ id, type, data, metadata, position, recordedAt }: RecordedEvent): NewEvent {
  const original: Original = { position, recordedAt };
  const withOriginal: EventMetadata & { readonly original: Original } = { ...metadata, original };
  return { id, type, data, metadata: withOriginal };
}

/** What {@link copied} kept; undefined for an event that was stored here first. */
export function originalOf(metadata: object): Original | undefined {
  const original = 'original' in metadata ? metadata.original : undefined;
  return isOriginal(original) ? original : undefined;
}

/**
 * Undefined for an event of the server, a snapshot, or what a link without a target points to. `foreign` is asked what to
 * make of an event that this application did not write.
 */
export function decode(
  { event }: ResolvedEvent | AllStreamResolvedEvent,
  foreign: (stream: string, id: string) => void,
): RecordedEvent | undefined {
  if (!event || !isOurs(event.streamId)) return undefined;
  if (!event.isJson || !isObject(event.data) || !isStoredMetadata(event.metadata) || !event.position) {
    foreign(event.streamId, event.id);
    return undefined;
  }
  return {
    id: event.id,
    type: event.type,
    data: event.data,
    metadata: fromStoredMetadata(event.metadata),
    stream: event.streamId,
    revision: Number(event.revision),
    position: afterCommit(event.position.commit),
    recordedAt: originalOf(event.metadata)?.recordedAt ?? event.created.toISOString(),
  };
}

/** EventStoreDB has names of its own for what ties events together; its user interface and projections follow them. */
interface StoredMetadata extends Omit<EventMetadata, 'correlationId' | 'causationId'> {
  readonly $correlationId: string;
  readonly $causationId?: string;
}

function toJsonEvent({ id, type, data, metadata }: NewEvent): EncodedEvent {
  if (!UUID.test(id)) throw new RangeError(`The id of an event is a UUID, and not ${JSON.stringify(id)}.`);
  const { correlationId, causationId, ...rest } = metadata;
  const stored = {
    ...rest,
    $correlationId: correlationId,
    ...(causationId !== undefined && { $causationId: causationId }),
  } satisfies StoredMetadata;
  return { ...jsonEvent({ type, data: { ...data }, metadata: stored }), id: id.toLowerCase() };
}

function fromStoredMetadata({ $correlationId, $causationId, ...rest }: StoredMetadata): EventMetadata {
  return {
    ...rest,
    correlationId: $correlationId,
    ...($causationId !== undefined && { causationId: $causationId }),
  };
}

function checkStreamName(stream: string): void {
  if (isStreamName(stream) && isOurs(stream)) return;
  throw new RangeError(
    `A stream name has 1 to ${MAX_STREAM_NAME_BYTES} bytes of UTF-8, no NUL, and begins neither with $ nor with ${SNAPSHOT_PREFIX}: ${JSON.stringify(stream)}`,
  );
}

function dataBytes(stream: string, { type, data }: NewEvent): number {
  if (type === '' || type.startsWith('$')) {
    throw new RangeError(`An event type is not empty and does not begin with $: ${JSON.stringify(type)}`);
  }
  const bytes = Buffer.byteLength(JSON.stringify(data));
  if (bytes > MAX_EVENT_BYTES) throw new EventTooLarge(stream, type, bytes);
  return bytes;
}

const isObject = (data: unknown): data is object => typeof data === 'object' && data !== null;

const isOriginal = (value: unknown): value is Original =>
  isObject(value) &&
  'position' in value &&
  typeof value.position === 'number' &&
  'recordedAt' in value &&
  typeof value.recordedAt === 'string';

const isStoredMetadata = (metadata: unknown): metadata is StoredMetadata =>
  isObject(metadata) && 'commandId' in metadata && '$correlationId' in metadata;
