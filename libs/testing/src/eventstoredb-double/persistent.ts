import { randomUUID } from 'node:crypto';
import persistentGrpc from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import type { CreateReq, ReadReq, ReadResp, UpdateReq } from '@eventstore/db-client/generated/persistent_pb.js';
import persistentPb from '@eventstore/db-client/generated/persistent_pb.js';
import type { StreamIdentifier } from '@eventstore/db-client/generated/shared_pb.js';
import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import type {
  ServerDuplexStream,
  ServerUnaryCall,
  ServiceError,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { type Consumer, ConsumerGroup, type Delivery, type GroupSettings, type NackAction } from './consumer-group.js';
import type { DoubleLog } from './double-log.js';
import { filterOf } from './filter.js';
import { errors, fillRecordedEvent, nameOf } from './messages.js';
import { admit, asCallError, checkStream, type DoubleNode } from './node.js';

const groupsOf = new WeakMap<DoubleLog, Map<string, ConsumerGroup>>();

/** The service of persistent subscriptions. All nodes of a cluster share the groups, as they share the log. */
export const persistentSubscriptions = {
  service: persistentGrpc.PersistentSubscriptionsService,

  handlers(node: DoubleNode): UntypedServiceImplementation {
    const groups = groupsOf.get(node.log) ?? new Map<string, ConsumerGroup>();
    groupsOf.set(node.log, groups);
    return {
      create: unary(node, (request: CreateReq) => create(node, groups, request)),
      update: unary(node, (request: UpdateReq) => {
        const options = request.getOptions();
        const group = find(groups, sourceOf(options), options?.getGroupName());
        group.settings = { ...group.settings, maxRetryCount: options?.getSettings()?.getMaxRetryCount() ?? 0 };
        return new persistentPb.UpdateResp();
      }),
      delete: unary(node, (request: InstanceType<typeof persistentPb.DeleteReq>) => {
        const options = request.getOptions();
        const group = find(groups, sourceOf(options), options?.getGroupName());
        group.remove();
        groups.delete(keyOf(group.source, group.name));
        return new persistentPb.DeleteResp();
      }),
      getInfo: unary(node, (request: InstanceType<typeof persistentPb.GetInfoReq>) => {
        const options = request.getOptions();
        const group = find(groups, sourceOf(options), options?.getGroupName());
        return new persistentPb.GetInfoResp().setSubscriptionInfo(infoOf(group));
      }),
      replayParked: unary(node, (request: InstanceType<typeof persistentPb.ReplayParkedReq>) => {
        const options = request.getOptions();
        find(groups, sourceOf(options), options?.getGroupName()).replayParked();
        return new persistentPb.ReplayParkedResp();
      }),
      list: unary(node, (request: InstanceType<typeof persistentPb.ListReq>) => list(groups, request)),
      restartSubsystem: unary(node, () => new sharedPb.Empty()),
      read: (call: ServerDuplexStream<ReadReq, ReadResp>) => void read(node, groups, call),
    };
  },
};

type Groups = Map<string, ConsumerGroup>;

function create(node: DoubleNode, groups: Groups, request: CreateReq): InstanceType<typeof persistentPb.CreateResp> {
  const options = request.getOptions();
  const source = sourceOf(options);
  const name = options?.getGroupName() ?? '';
  checkStream(node, source);
  if (groups.has(keyOf(source, name))) throw errors.groupExists(source, name);
  const filter = options?.getAll()?.getFilter();
  const matches = source !== '$all' ? streamIs(source) : filter ? filterOf(filter).matches : () => true;
  groups.set(keyOf(source, name), new ConsumerGroup(node.log, source, name, matches, settingsIn(options)));
  return new persistentPb.CreateResp();
}

function list(groups: Groups, request: InstanceType<typeof persistentPb.ListReq>) {
  const ofStream = request.getOptions()?.getListForStream();
  const source = ofStream && (ofStream.hasAll() ? '$all' : nameOf(ofStream.getStream()));
  const wanted = [...groups.values()].filter((group) => source === undefined || group.source === source);
  return new persistentPb.ListResp().setSubscriptionsList(wanted.map(infoOf));
}

async function read(node: DoubleNode, groups: Groups, call: ServerDuplexStream<ReadReq, ReadResp>): Promise<void> {
  let joined: { readonly group: ConsumerGroup; readonly consumer: Consumer } | undefined;
  const leave = (): void => joined?.group.leave(joined.consumer);
  call.on('cancelled', leave).on('error', leave).on('end', leave);
  const admitted = admit(node, 'persistent', call.metadata);
  call.on('data', async (request: ReadReq) => {
    try {
      await admitted;
      const options = request.getOptions();
      if (options)
        joined = join(find(groups, sourceOf(options), options.getGroupName()), options.getBufferSize(), call);
      const [ack, nack] = [request.getAck(), request.getNack()];
      if (ack) joined?.group.ack(joined.consumer, idsIn(ack));
      if (nack) joined?.group.nack(joined.consumer, idsIn(nack), actions[nack.getAction()] ?? 'skip');
    } catch (error) {
      call.emit('error', asCallError(error));
    }
  });
}

function join(group: ConsumerGroup, bufferSize: number, call: ServerDuplexStream<ReadReq, ReadResp>) {
  const confirmed = new persistentPb.ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID());
  call.write(new persistentPb.ReadResp().setSubscriptionConfirmation(confirmed));
  const consumer: Consumer = {
    bufferSize,
    inFlight: new Map(),
    deliver: (delivery) => call.write(readEvent(delivery)),
    close: () => call.end(),
  };
  group.join(consumer);
  return { group, consumer };
}

function readEvent({ record, retryCount }: Delivery): ReadResp {
  const event = new persistentPb.ReadResp.ReadEvent();
  event.setEvent(fillRecordedEvent(new persistentPb.ReadResp.ReadEvent.RecordedEvent(), record));
  event.setCommitPosition(String(record.position)).setRetryCount(retryCount);
  return new persistentPb.ReadResp().setEvent(event);
}

const infoOf = (group: ConsumerGroup): InstanceType<typeof persistentPb.SubscriptionInfo> =>
  new persistentPb.SubscriptionInfo()
    .setEventSource(group.source)
    .setGroupName(group.name)
    .setStatus('Live')
    .setStartFrom('0')
    .setMaxRetryCount(group.settings.maxRetryCount)
    .setTotalItems(String(group.acknowledged))
    .setParkedMessageCount(String(group.parked.length))
    .setConnectionsList([...group.consumers].map(() => new persistentPb.SubscriptionInfo.ConnectionInfo()));

const unary =
  <Request, Response>(node: DoubleNode, answer: (request: Request) => Response) =>
  (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    admit(node, 'persistent', call.metadata)
      .then(() => callback(null, answer(call.request)))
      .catch((error: ServiceError) => callback(asCallError(error)));
  };

interface Sourced {
  getStreamIdentifier(): StreamIdentifier | undefined;
  getStream?(): { getStreamIdentifier(): StreamIdentifier | undefined } | undefined;
  hasAll(): boolean;
}

const sourceOf = (options: Sourced | undefined): string =>
  options?.hasAll() ? '$all' : nameOf(options?.getStreamIdentifier() ?? options?.getStream?.()?.getStreamIdentifier());

const streamIs =
  (stream: string) =>
  (record: { readonly stream: string }): boolean =>
    record.stream === stream;

/** The end of a stream in a group's settings, of before version 21.10. */
const END_REVISION = '18446744073709551615';

function settingsIn(options: CreateReq.Options | undefined): GroupSettings {
  const settings = options?.getSettings();
  const maxRetryCount = settings?.getMaxRetryCount() ?? 0;
  const all = options?.getAll();
  if (all) {
    const startFrom = all.hasEnd() ? 'end' : all.hasStart() ? 'start' : Number(all.getPosition()?.getCommitPosition());
    return { startFrom, maxRetryCount };
  }
  const revision = settings?.getRevision();
  return { startFrom: revision === END_REVISION ? 'end' : Number(revision ?? 0), maxRetryCount };
}

const actions: Record<number, NackAction> = {
  [persistentPb.ReadReq.Nack.Action.PARK]: 'park',
  [persistentPb.ReadReq.Nack.Action.RETRY]: 'retry',
  [persistentPb.ReadReq.Nack.Action.SKIP]: 'skip',
  [persistentPb.ReadReq.Nack.Action.STOP]: 'stop',
};

const idsIn = (answer: { getIdsList(): { getString(): string }[] }): string[] =>
  answer.getIdsList().map((id) => id.getString());

const keyOf = (source: string, name: string): string => JSON.stringify([source, name]);

function find(groups: Groups, source: string, name = ''): ConsumerGroup {
  const group = groups.get(keyOf(source, name));
  if (!group) throw errors.groupMissing(source, name);
  return group;
}
