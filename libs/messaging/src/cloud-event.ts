import type { IHeaders } from 'kafkajs';
import type { EventMetadata, RecordedEvent } from '#event-sourcing';
import { categoryOf } from '#event-sourcing';

/** A message as it goes to Kafka and comes back: CloudEvents 1.0 in the binary mode of its Kafka protocol binding. */
export interface EncodedEvent {
  /** The stream, so that its events stay in order in one partition. */
  readonly key: string;
  /** The event's data as JSON. */
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** What comes from Kafka; key and value may be anything. */
export interface RawMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: IHeaders | undefined;
}

/** It is not a message of ours: a header is missing or makes no sense, or the value is not JSON. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/** The event as a message. `data` is the value, everything else is in headers: {@link CLOUD_EVENT_HEADERS}. */
export function encodeEvent(event: RecordedEvent): EncodedEvent {
  const { metadata } = event;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_source: `/einklang/${categoryOf(event.stream)}`,
    ce_type: event.type,
    ce_time: event.recordedAt,
    ce_subject: event.stream,
    ce_position: String(event.position),
    ce_revision: String(event.revision),
    ce_commandid: metadata.commandId,
    ce_correlationid: metadata.correlationId,
    ce_actor: metadata.actor,
    ce_occurredat: metadata.occurredAt,
  };
  if (metadata.causationId !== undefined) headers.ce_causationid = metadata.causationId;
  if (metadata.receivedAt !== undefined) headers.ce_receivedat = metadata.receivedAt;
  if (metadata.traceparent !== undefined) headers.traceparent = metadata.traceparent;
  return { key: event.stream, value: Buffer.from(JSON.stringify(event.data)), headers };
}

/** The event a message carries, as the store gave it to the relay. Throws {@link MalformedMessage}. */
export function decodeEvent({ value, headers = {} }: RawMessage): RecordedEvent {
  const metadata: EventMetadata = {
    commandId: needed(headers, 'ce_commandid'),
    correlationId: needed(headers, 'ce_correlationid'),
    ...optional('causationId', headerOf(headers, 'ce_causationid')),
    actor: needed(headers, 'ce_actor'),
    occurredAt: needed(headers, 'ce_occurredat'),
    ...optional('receivedAt', headerOf(headers, 'ce_receivedat')),
    ...optional('traceparent', headerOf(headers, 'traceparent')),
  };
  return {
    id: needed(headers, 'ce_id'),
    type: needed(headers, 'ce_type'),
    data: dataIn(value),
    metadata,
    stream: needed(headers, 'ce_subject'),
    revision: wholeNumber(headers, 'ce_revision'),
    position: positionIn(headers),
    recordedAt: needed(headers, 'ce_time'),
  };
}

/** The store's position of the event in a message. Throws {@link MalformedMessage}. */
export const positionIn = (headers: IHeaders): number => wholeNumber(headers, 'ce_position');

/** The stored name of the event in a message; undefined when it says none. */
export const typeIn = (headers: IHeaders | undefined): string | undefined => headers && headerOf(headers, 'ce_type');

/** Every header of a message: what it says, and whether it may be missing. */
export const CLOUD_EVENT_HEADERS: Readonly<Record<string, { readonly description: string; readonly optional?: true }>> =
  {
    'content-type': { description: 'Always application/json.' },
    ce_specversion: { description: 'Version of CloudEvents: 1.0.' },
    ce_id: { description: 'Unique id of the event (UUID). A message that comes twice has the same.' },
    ce_source: { description: 'What the event is about, in general: /einklang/<category of the stream>.' },
    ce_type: { description: 'Name of the event; names its schema.' },
    ce_time: { description: 'When the event was stored, ISO 8601 in UTC.' },
    ce_subject: { description: 'The stream, and the key of the message.' },
    ce_position: {
      description:
        'Place in the log: a decimal number below 2^53 that grows within a partition. Not dense. What is not greater than the last one you dealt with in this partition is a repeat.',
    },
    ce_revision: { description: 'Place in the stream, from 0, without gaps in the log.' },
    ce_commandid: { description: 'The command the event came from.' },
    ce_correlationid: { description: 'The same for everything that followed from one request, webhook or import.' },
    ce_causationid: { description: 'Id of the event that made the command be sent.', optional: true },
    ce_actor: { description: 'Who or what sent the command.' },
    ce_occurredat: { description: 'When it was true in the world, ISO 8601 in UTC.' },
    ce_receivedat: { description: 'When we first learned of it, ISO 8601 in UTC.', optional: true },
    traceparent: { description: 'W3C trace context, where the request was traced.', optional: true },
  };

function dataIn(value: Buffer | null): object {
  let data: unknown;
  try {
    data = JSON.parse(value?.toString() ?? '');
  } catch (cause) {
    throw new MalformedMessage('The value is not JSON.', { cause });
  }
  if (typeof data !== 'object' || data === null) throw new MalformedMessage('The value is not a JSON object.');
  return data;
}

function wholeNumber(headers: IHeaders, name: string): number {
  const number = Number(needed(headers, name) || Number.NaN);
  if (!Number.isSafeInteger(number) || number < 0) throw new MalformedMessage(`Header ${name} is not a whole number.`);
  return number;
}

function needed(headers: IHeaders, name: string): string {
  const text = headerOf(headers, name);
  if (text === undefined) throw new MalformedMessage(`Header ${name} is missing.`);
  return text;
}

function headerOf(headers: IHeaders, name: string): string | undefined {
  const header = headers[name];
  const value = Array.isArray(header) ? header[0] : header;
  return typeof value === 'string' ? value : value?.toString();
}

const optional = <Name extends string>(name: Name, value: string | undefined): { [key in Name]?: string } =>
  value === undefined ? {} : ({ [name]: value } as { [key in Name]: string });
