import { type AllStreamResolvedEvent, type JSONEventData, jsonEvent, type ResolvedEvent } from '@eventstore/db-client';
import {
  type EventMetadata,
  EventTooLarge,
  MAX_EVENT_BYTES,
  type NewEvent,
  type RecordedEvent,
  type StreamAppend,
} from '#event-sourcing';
import { afterCommit } from './positions.js';

/** An append as the client takes it, with the bytes that count against its limits. */
export interface EncodedAppend {
  readonly events: JSONEventData[];
  readonly bytes: number;
}

const STREAM_NAME_MAX = 500;
/** Snapshots have streams of their own; no event of ours is in them. */
export const SNAPSHOT_PREFIX = 'snapshot-';

/** Streams whose events are neither the server's own nor our snapshots, for a filter of the server. */
export const OUR_STREAMS_REGEX = `^(?!\\$|${SNAPSHOT_PREFIX})`;

export const isOurs = (stream: string): boolean => !stream.startsWith('$') && !stream.startsWith(SNAPSHOT_PREFIX);

/** Throws {@link EventTooLarge}; RangeError for a stream name or a type that cannot be stored. */
export function encode({ stream, events }: StreamAppend): EncodedAppend {
  checkStreamName(stream);
  let bytes = 0;
  const encoded = events.map((event) => {
    bytes += dataBytes(stream, event);
    return toJsonEvent(event);
  });
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

/** Undefined for an event that is not ours, or that a link without a target points to. */
export function decode({ event }: ResolvedEvent | AllStreamResolvedEvent): RecordedEvent | undefined {
  if (!event || !isOurs(event.streamId)) return undefined;
  if (!event.isJson || !isObject(event.data) || !isStoredMetadata(event.metadata) || !event.position) {
    throw new Error(
      `Event ${event.id} in ${event.streamId} was not written by this application: it is not JSON with our metadata.`,
    );
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

function toJsonEvent({ id, type, data, metadata }: NewEvent): JSONEventData {
  const { correlationId, causationId, ...rest } = metadata;
  const stored = {
    ...rest,
    $correlationId: correlationId,
    ...(causationId !== undefined && { $causationId: causationId }),
  } satisfies StoredMetadata;
  return jsonEvent({ id, type, data: { ...data }, metadata: stored });
}

function fromStoredMetadata({ $correlationId, $causationId, ...rest }: StoredMetadata): EventMetadata {
  return {
    ...rest,
    correlationId: $correlationId,
    ...($causationId !== undefined && { causationId: $causationId }),
  };
}

function checkStreamName(stream: string): void {
  const isValid = stream !== '' && stream.length <= STREAM_NAME_MAX && !stream.includes('\0') && stream.isWellFormed();
  if (isValid && isOurs(stream)) return;
  throw new RangeError(
    `A stream name has 1 to ${STREAM_NAME_MAX} well-formed characters, no NUL, and begins neither with $ nor with ${SNAPSHOT_PREFIX}: ${JSON.stringify(stream)}`,
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
