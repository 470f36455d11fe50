import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import statusPb from '@eventstore/db-client/generated/status_pb.js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import type { LogRecord } from './double-log.js';
import type { ServerVersion } from './server.js';

type Message = { serializeBinary(): Uint8Array };
type ReadResp = InstanceType<typeof streamsPb.ReadResp>;
type RecordedEvent = InstanceType<typeof streamsPb.ReadResp.ReadEvent.RecordedEvent>;
type StreamIdentifier = InstanceType<typeof sharedPb.StreamIdentifier>;
type Status = InstanceType<typeof statusPb.Status>;

const TICKS_PER_MILLISECOND = 10_000;

/** An error of a call; `exception` and what follows it travel as trailers, as the server sends them. */
export function callError(code: status, details: string, trailers: Record<string, string> = {}): ServiceError {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata });
}

export const errors = {
  notLeader: ({ host, port }: { readonly host: string; readonly port: number }): ServiceError =>
    callError(status.NOT_FOUND, 'Leader info available', {
      exception: 'not-leader',
      'leader-endpoint-host': host,
      'leader-endpoint-port': String(port),
    }),
  accessDenied: (): ServiceError =>
    callError(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' }),
  unauthenticated: (): ServiceError => callError(status.UNAUTHENTICATED, 'Unauthenticated'),
  streamDeleted: (stream: string): ServiceError =>
    callError(status.FAILED_PRECONDITION, 'Event stream is deleted.', {
      exception: 'stream-deleted',
      'stream-name': encodeURIComponent(stream),
    }),
  wrongExpectedVersion: (stream: string, expected: number, actual: number | undefined): ServiceError =>
    callError(status.FAILED_PRECONDITION, 'WrongExpectedVersion', {
      exception: 'wrong-expected-version',
      'stream-name': encodeURIComponent(stream),
      'expected-version': String(expected),
      'actual-version': actual === undefined ? '' : String(actual),
    }),
  maxAppendSize: (bytes: number): ServiceError =>
    callError(status.INVALID_ARGUMENT, `Maximum Append Size of ${bytes} Exceeded.`, {
      exception: 'maximum-append-size-exceeded',
      'maximum-append-size': String(bytes),
    }),
  /** What the server says of whatever went wrong unforeseen. */
  thrownByHandler: (why: string): ServiceError => callError(status.UNKNOWN, `Exception was thrown by handler. ${why}`),
  /** To begin inside a record is refused in four ways, by version and call. */
  insideRecord: (version: ServerVersion, call: 'read' | 'subscription'): ServiceError => {
    const isOld = version === '23.10.8';
    if (call === 'read') {
      return callError(status.UNKNOWN, `Unexpected ReadAllResult: ${isOld ? 'Error' : 'InvalidPosition'}`);
    }
    return isOld
      ? callError(status.UNKNOWN, 'Exception was thrown by handler.')
      : callError(status.INVALID_ARGUMENT, 'Trying to read from an invalid position.');
  },
  consumerTooSlow: (): ServiceError => callError(status.ABORTED, 'Consumer too slow to handle event while live.'),
  invalidArgument: (details: string): ServiceError => callError(status.INVALID_ARGUMENT, details),
  groupMissing: (stream: string, group: string): ServiceError =>
    callError(status.NOT_FOUND, `Subscription group ${group} on stream ${stream} does not exist.`, {
      exception: 'persistent-subscription-does-not-exist',
      'stream-name': encodeURIComponent(stream),
      'group-name': group,
    }),
  groupExists: (stream: string, group: string): ServiceError =>
    callError(status.ALREADY_EXISTS, `Subscription group ${group} on stream ${stream} exists.`, {
      exception: 'persistent-subscription-exists',
      'stream-name': encodeURIComponent(stream),
      'group-name': group,
    }),
};

/** An error inside an answer of BatchAppend, which has no trailers: the type name tells the client what it is. */
export function batchError(message: string, typeName: string, details: Message): Status {
  const any = new anyPb.Any();
  any.pack(details.serializeBinary(), typeName);
  return new statusPb.Status().setMessage(message).setDetails(any);
}

export const uuid = (id: string): InstanceType<typeof sharedPb.UUID> => new sharedPb.UUID().setString(id);

export const streamIdentifier = (stream: string): StreamIdentifier =>
  new sharedPb.StreamIdentifier().setStreamName(Buffer.from(stream));

export const nameOf = (identifier: StreamIdentifier | undefined): string =>
  Buffer.from(identifier?.getStreamName_asU8() ?? []).toString();

/** The fields that events of a read and of a persistent subscription share. */
export function fillRecordedEvent<T extends Pick<RecordedEvent, keyof RecordedEvent>>(event: T, record: LogRecord): T {
  event.setId(uuid(record.id));
  event.setStreamIdentifier(streamIdentifier(record.stream));
  event.setStreamRevision(String(record.revision));
  event.setCommitPosition(String(record.position));
  event.setPreparePosition(String(record.position));
  event.setCustomMetadata(record.metadata);
  event.setData(record.data);
  const metadata = event.getMetadataMap();
  metadata.set('type', record.type);
  metadata.set('content-type', record.contentType);
  metadata.set('created', String(record.createdAtMs * TICKS_PER_MILLISECOND));
  return event;
}

export function readEvent(record: LogRecord): ReadResp {
  const event = new streamsPb.ReadResp.ReadEvent();
  event.setEvent(fillRecordedEvent(new streamsPb.ReadResp.ReadEvent.RecordedEvent(), record));
  event.setCommitPosition(String(record.position));
  return new streamsPb.ReadResp().setEvent(event);
}

export const confirmation = (subscriptionId: string): ReadResp =>
  new streamsPb.ReadResp().setConfirmation(
    new streamsPb.ReadResp.SubscriptionConfirmation().setSubscriptionId(subscriptionId),
  );

/** Where a reader stands; `start` is what a server says before the first event it let through. */
export type Place = { readonly commit: number; readonly prepare: number } | 'start';

export function checkpoint(place: Place): ReadResp {
  const { commit, prepare } = place === 'start' ? { commit: GREATEST_NUMBER, prepare: GREATEST_NUMBER } : place;
  const message = new streamsPb.ReadResp.Checkpoint();
  message.setCommitPosition(String(commit)).setPreparePosition(String(prepare));
  return new streamsPb.ReadResp().setCheckpoint(message);
}

/** -1 where there is no sign. */
export const GREATEST_NUMBER = '18446744073709551615';

export const fellBehind = (): ReadResp => new streamsPb.ReadResp().setFellBehind(new streamsPb.ReadResp.FellBehind());

export const caughtUp = (): ReadResp => new streamsPb.ReadResp().setCaughtUp(new streamsPb.ReadResp.CaughtUp());

export const streamNotFound = (stream: string): ReadResp =>
  new streamsPb.ReadResp().setStreamNotFound(
    new streamsPb.ReadResp.StreamNotFound().setStreamIdentifier(streamIdentifier(stream)),
  );
