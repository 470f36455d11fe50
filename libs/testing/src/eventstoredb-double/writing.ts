import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import type {
  AppendReq,
  BatchAppendReq,
  DeleteReq,
  DeleteResp,
  TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import type {
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServiceError,
  sendUnaryData,
} from '@grpc/grpc-js';
import type { Expected, ProposedRecord, WriteOutcome } from './double-log.js';
import { batchError, errors, GREATEST_NUMBER, nameOf, streamIdentifier } from './messages.js';
import { admit, asCallError, checkStream, type DoubleNode, tooManyAppends } from './node.js';

type AppendResp = InstanceType<typeof streamsPb.AppendResp>;
type BatchAppendResp = InstanceType<typeof streamsPb.BatchAppendResp>;
type Proposed = Pick<AppendReq.ProposedMessage, 'getId' | 'getMetadataMap' | 'getCustomMetadata_asU8' | 'getData_asU8'>;

/** Answers `Streams/Append`: one write per call. */
export function append(
  node: DoubleNode,
  call: ServerReadableStream<AppendReq, AppendResp>,
  callback: sendUnaryData<AppendResp>,
): void {
  const requests: AppendReq[] = [];
  call.on('data', (request: AppendReq) => requests.push(request));
  call.on('end', async () => {
    // A call that broke in its middle ends as well, and is known to have broken a turn later: nothing of it is stored.
    await new Promise(setImmediate);
    if (call.cancelled) return;
    try {
      await admit(node, 'append', call.metadata);
      const options = requests[0]?.getOptions();
      const stream = nameOf(options?.getStreamIdentifier());
      const expected = expectedIn(options, options?.hasRevision() ? options.getRevision() : undefined);
      const proposed = requests.flatMap((request) => request.getProposedMessage() ?? []).map(recordOf);
      const outcome = await write(node, stream, expected, proposed);
      if (outcome) callback(null, appendResponse(outcome, stream, expected));
    } catch (error) {
      callback(asCallError(error));
    }
  });
}

/** Answers `Streams/BatchAppend`: many writes over one stream, told apart by correlation id. */
export function batchAppend(node: DoubleNode, call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
  const open = new Map<string, { readonly options: BatchAppendReq.Options; readonly records: ProposedRecord[] }>();
  const admitted = admit(node, 'features', call.metadata);
  call.on('data', async (request: BatchAppendReq) => {
    try {
      const id = request.getCorrelationId()?.getString() ?? '';
      const options = request.getOptions() ?? open.get(id)?.options;
      if (!options) return;
      const records = [...(open.get(id)?.records ?? []), ...request.getProposedMessagesList().map(recordOf)];
      open.set(id, { options, records });
      if (!request.getIsFinal()) return;
      open.delete(id);
      await admitted;
      await node.faults.enter('batchAppend');
      const answer = await batchResponse(node, options, records);
      if (answer && !call.cancelled) call.write(answer.setCorrelationId(request.getCorrelationId()));
    } catch (error) {
      call.emit('error', asCallError(error));
    }
  });
  call.on('end', () => call.end());
  call.on('error', () => {});
}

export async function deleteStream(
  node: DoubleNode,
  call: ServerUnaryCall<DeleteReq, DeleteResp>,
  callback: sendUnaryData<DeleteResp>,
): Promise<void> {
  try {
    await admit(node, 'delete', call.metadata);
    const position = remove(node, call.request.getOptions(), false);
    callback(null, new streamsPb.DeleteResp().setPosition(fill(new streamsPb.DeleteResp.Position(), position)));
  } catch (error) {
    callback(asCallError(error));
  }
}

export async function tombstoneStream(
  node: DoubleNode,
  call: ServerUnaryCall<TombstoneReq, TombstoneResp>,
  callback: sendUnaryData<TombstoneResp>,
): Promise<void> {
  try {
    await admit(node, 'tombstone', call.metadata);
    const position = remove(node, call.request.getOptions(), true);
    callback(null, new streamsPb.TombstoneResp().setPosition(fill(new streamsPb.TombstoneResp.Position(), position)));
  } catch (error) {
    callback(asCallError(error));
  }
}

/** Undefined when the answer is lost on purpose. */
async function write(
  node: DoubleNode,
  stream: string,
  expected: Expected,
  proposed: readonly ProposedRecord[],
): Promise<WriteOutcome | undefined> {
  checkStream(node, stream);
  if (proposed.some(({ type }) => type === '')) throw errors.thrownByHandler('an event has a type');
  const bytes = proposed.reduce(
    (sum, { type, data, metadata }) => sum + 2 * type.length + data.length + metadata.length,
    0,
  );
  if (bytes > node.maxAppendBytes) throw errors.maxAppendSize(node.maxAppendBytes);
  return node.faults.countAppend(async () => {
    // Appends that come together are in flight together.
    await new Promise(setImmediate);
    const outcome = node.log.append(stream, expected, proposed);
    if (node.faults.appendsToStoreAndDrop === 0) return outcome;
    node.faults.appendsToStoreAndDrop -= 1;
    node.drop();
    return undefined;
  }, tooManyAppends);
}

function appendResponse(outcome: WriteOutcome, stream: string, expected: Expected): AppendResp {
  const response = new streamsPb.AppendResp();
  if (outcome.result === 'stream-deleted') throw errors.streamDeleted(stream);
  if (outcome.result === 'written') {
    const success = new streamsPb.AppendResp.Success().setCurrentRevision(revisionOf(outcome));
    return response.setSuccess(success.setPosition(fill(new streamsPb.AppendResp.Position(), outcome.position)));
  }
  const wrong = new streamsPb.AppendResp.WrongExpectedVersion();
  if (outcome.currentRevision === undefined) wrong.setCurrentNoStream(new sharedPb.Empty());
  else wrong.setCurrentRevision(String(outcome.currentRevision));
  if (typeof expected === 'number') wrong.setExpectedRevision(String(expected));
  else if (expected === 'no-stream') wrong.setExpectedNoStream(new sharedPb.Empty());
  return response.setWrongExpectedVersion(wrong);
}

async function batchResponse(
  node: DoubleNode,
  options: BatchAppendReq.Options,
  records: readonly ProposedRecord[],
): Promise<BatchAppendResp | undefined> {
  const stream = nameOf(options.getStreamIdentifier());
  const response = new streamsPb.BatchAppendResp().setStreamIdentifier(streamIdentifier(stream));
  const expected = expectedIn(options, options.hasStreamPosition() ? options.getStreamPosition() : undefined);
  try {
    const outcome = await write(node, stream, expected, records);
    if (!outcome) return undefined;
    if (outcome.result === 'written') {
      const position = fill(new sharedPb.AllStreamPosition(), outcome.position);
      const success = new streamsPb.BatchAppendResp.Success().setCurrentRevision(revisionOf(outcome));
      return response.setSuccess(success.setPosition(position));
    }
    return response.setError(outcomeError(outcome));
  } catch (error) {
    const status = errorInBatch(node, asCallError(error));
    if (!status) throw error;
    return response.setError(status);
  }
}

function outcomeError(outcome: Exclude<WriteOutcome, { result: 'written' }>): ReturnType<typeof batchError> {
  if (outcome.result === 'stream-deleted') {
    return batchError('Stream deleted', 'event_store.client.StreamDeleted', new sharedPb.StreamDeleted());
  }
  const wrong = new sharedPb.WrongExpectedVersion();
  if (outcome.currentRevision !== undefined) wrong.setCurrentStreamRevision(String(outcome.currentRevision));
  return batchError('Wrong expected version', 'event_store.client.WrongExpectedVersion', wrong);
}

function errorInBatch(node: DoubleNode, error: ServiceError): ReturnType<typeof batchError> | undefined {
  switch (error.metadata.get('exception')[0]) {
    case 'access-denied':
      return batchError('Access denied', 'event_store.client.AccessDenied', new sharedPb.AccessDenied());
    case 'maximum-append-size-exceeded':
      return batchError(
        'Maximum append size exceeded',
        'event_store.client.MaximumAppendSizeExceeded',
        new sharedPb.MaximumAppendSizeExceeded().setMaxappendsize(node.maxAppendBytes),
      );
    default:
      return undefined;
  }
}

function remove(
  node: DoubleNode,
  options: DeleteReq.Options | TombstoneReq.Options | undefined,
  tombstone: boolean,
): number {
  const stream = nameOf(options?.getStreamIdentifier());
  checkStream(node, stream);
  const expected = expectedIn(options, options?.hasRevision() ? options.getRevision() : undefined);
  const outcome = node.log.delete(stream, expected, tombstone);
  if (outcome.result === 'written') return outcome.position;
  if (outcome.result === 'stream-deleted') throw errors.streamDeleted(stream);
  throw errors.wrongExpectedVersion(stream, typeof expected === 'number' ? expected : -1, outcome.currentRevision);
}

function expectedIn(
  options: { hasNoStream(): boolean; hasAny(): boolean; hasStreamExists(): boolean } | undefined,
  revision: string | undefined,
): Expected {
  if (revision !== undefined) return Number(revision);
  if (options?.hasNoStream()) return 'no-stream';
  if (options?.hasStreamExists()) return 'stream-exists';
  if (options?.hasAny()) return 'any';
  throw errors.invalidArgument('An expected revision is missing.');
}

const revisionOf = ({ revision }: { readonly revision: number }): string =>
  revision < 0 ? GREATEST_NUMBER : String(revision);

const recordOf = (message: Proposed): ProposedRecord => ({
  id: guidIn(message.getId()?.getString() ?? ''),
  type: message.getMetadataMap().get('type') ?? '',
  contentType: message.getMetadataMap().get('content-type') ?? '',
  data: message.getData_asU8(),
  metadata: message.getCustomMetadata_asU8(),
});

/** A server keeps the number and not how it was written. */
function guidIn(id: string): string {
  if (!GUID.test(id)) throw errors.thrownByHandler('Guid should contain 32 digits with 4 dashes');
  return id.toLowerCase();
}

const GUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

function fill<T extends { setCommitPosition(value: string): unknown; setPreparePosition(value: string): unknown }>(
  position: T,
  value: number,
): T {
  position.setCommitPosition(String(value));
  position.setPreparePosition(String(value));
  return position;
}
