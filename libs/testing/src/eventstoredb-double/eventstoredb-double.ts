import { randomUUID } from 'node:crypto';
import gossipGrpc from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossipPb from '@eventstore/db-client/generated/gossip_pb.js';
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import featuresPb from '@eventstore/db-client/generated/serverfeatures_pb.js';
import type { IStreamsServer } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { Door } from './door.js';
import { DoubleLog } from './double-log.js';
import { Faults, type Method } from './faults.js';
import { uuid } from './messages.js';
import { admit, asCallError, type DoubleNode, type Member } from './node.js';
import { persistentSubscriptions } from './persistent.js';
import { read } from './reading.js';
import { MAX_APPEND_BYTES_MAX, MESSAGE_BYTES_MAX, type ServerVersion } from './server.js';
import { append, batchAppend, deleteStream, tombstoneStream } from './writing.js';

export interface EventStoreDbDoubleOptions {
  /** Serve TLS with this certificate, both in PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Who may call; anybody when undefined. The client sends credentials over TLS only. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** The server's MaxAppendSize; its default is 1 MiB, and it starts with no more than {@link MAX_APPEND_BYTES_MAX}. */
  readonly maxAppendBytes?: number;
  /** Which server it behaves as; 24.2.0 where nothing is said. */
  readonly version?: ServerVersion;
  /** Nodes that share one log. The first is the leader until another is elected. */
  readonly nodes?: number;
}

const DEFAULT_MAX_APPEND_BYTES = 1_048_576;

const NO_LEADER = -1;

/**
 * A stand-in for EventStoreDB in tests, and only there: it speaks the protocol over gRPC, by the service definitions that
 * the client brings along, and keeps its log in memory. It is no database.
 */
export class EventStoreDbDouble {
  readonly log = new DoubleLog();
  #leader = 0;

  private constructor(
    private readonly options: EventStoreDbDoubleOptions,
    readonly nodes: DoubleServer[] = [],
  ) {}

  static async start(options: EventStoreDbDoubleOptions = {}): Promise<EventStoreDbDouble> {
    if ((options.maxAppendBytes ?? 0) > MAX_APPEND_BYTES_MAX) {
      throw new RangeError(`MaxAppendSize exceeded ${MAX_APPEND_BYTES_MAX} bytes.`);
    }
    const double = new EventStoreDbDouble(options);
    for (let index = 0; index < (options.nodes ?? 1); index += 1) {
      double.nodes.push(await DoubleServer.start(double.#node(index), options.tls));
    }
    return double;
  }

  /** The only or the leading node. */
  get leader(): DoubleServer {
    return this.node(this.#leader);
  }

  get faults(): Faults {
    return this.leader.faults;
  }

  get door(): Door {
    return this.leader.door;
  }

  node(index: number): DoubleServer {
    const node = this.nodes[index];
    if (!node) throw new RangeError(`There is no node ${index}.`);
    return node;
  }

  /** Makes another node the leader; the others refuse what requires one from then on. */
  elect(index: number): void {
    this.#leader = index;
  }

  /** The leader is one no more, and there is none until the next election. */
  depose(): void {
    this.#leader = NO_LEADER;
  }

  /** A connection string. Of a cluster: all nodes, to be told apart by gossip. `user` is `name:password@`. */
  url(query = `tls=${this.options.tls !== undefined}`, user = ''): string {
    const hosts = this.nodes.map(({ door }) => `127.0.0.1:${door.port}`);
    return `esdb://${user}${hosts.join(',')}?${query}`;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  #node(index: number): Omit<DoubleNode, 'drop' | 'faults'> {
    return {
      log: this.log,
      version: this.options.version ?? '24.2.0',
      credentials: this.options.credentials,
      maxAppendBytes: this.options.maxAppendBytes ?? DEFAULT_MAX_APPEND_BYTES,
      isLeader: () => index === this.#leader,
      members: () => this.nodes.map((node, other) => node.member(other === this.#leader)),
    };
  }
}

/** One node: a gRPC server behind a {@link Door}. */
export class DoubleServer {
  readonly faults = new Faults();
  readonly #instanceId = randomUUID();
  readonly #server = new Server({ 'grpc.max_receive_message_length': MESSAGE_BYTES_MAX });
  #door: Door | undefined;
  #alive = true;

  static async start(node: Omit<DoubleNode, 'drop' | 'faults'>, tls: EventStoreDbDoubleOptions['tls']) {
    const server = new DoubleServer();
    await server.#start({ ...node, faults: server.faults, drop: () => server.door.drop() }, tls);
    return server;
  }

  get door(): Door {
    if (!this.#door) throw new Error('The node has not started.');
    return this.#door;
  }

  member(isLeader: boolean): Member {
    return {
      instanceId: this.#instanceId,
      host: '127.0.0.1',
      port: this.door.port,
      isLeader: isLeader && this.#alive,
      isAlive: this.#alive,
    };
  }

  /** As if the node died: connections break, new ones are refused, gossip calls it dead. */
  kill(): void {
    this.#alive = false;
    this.door.refuse();
  }

  async stop(): Promise<void> {
    this.#server.forceShutdown();
    await this.door.close();
  }

  async #start(node: DoubleNode, tls: EventStoreDbDoubleOptions['tls']): Promise<void> {
    addServices(this.#server, node);
    const pair = tls && { cert_chain: Buffer.from(tls.certificate), private_key: Buffer.from(tls.key) };
    const credentials = pair ? ServerCredentials.createSsl(null, [pair]) : ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    this.#door = await Door.open(port);
  }
}

function addServices(server: Server, node: DoubleNode): void {
  const streams: IStreamsServer = {
    read: (call) => void read(node, call),
    append: (call, callback) => append(node, call, callback),
    batchAppend: (call) => batchAppend(node, call),
    delete: (call, callback) => void deleteStream(node, call, callback),
    tombstone: (call, callback) => void tombstoneStream(node, call, callback),
  };
  server.addService(streamsGrpc.StreamsService, streams);
  server.addService(persistentSubscriptions.service, persistentSubscriptions.handlers(node));
  server.addService(gossipGrpc.GossipService, { read: unary(node, 'gossip', () => clusterInfo(node)) });
  server.addService(featuresGrpc.ServerFeaturesService, {
    getSupportedMethods: unary(node, 'features', () => supportedMethods(node)),
  });
}

const unary =
  <Response>(node: DoubleNode, method: Method, answer: () => Response) =>
  (call: ServerUnaryCall<unknown, Response>, callback: sendUnaryData<Response>): void => {
    // Gossip and features are open to everybody, as the client asks for them before it knows whom it talks to.
    admit({ ...node, credentials: undefined }, method, call.metadata)
      .then(() => callback(null, answer()))
      .catch((error) => callback(asCallError(error)));
  };

function clusterInfo(node: DoubleNode): InstanceType<typeof gossipPb.ClusterInfo> {
  const { VNodeState } = gossipPb.MemberInfo;
  // While they elect they are no followers either, and the client's own discovery finds none that it would take.
  const other = node.members().some(({ isLeader }) => isLeader) ? VNodeState.FOLLOWER : VNodeState.UNKNOWN;
  const members = node.members().map(({ instanceId, host, port, isLeader, isAlive }) =>
    new gossipPb.MemberInfo()
      .setInstanceId(uuid(instanceId))
      .setTimeStamp('0')
      .setState(isLeader ? VNodeState.LEADER : other)
      .setIsAlive(isAlive)
      .setHttpEndPoint(new gossipPb.EndPoint().setAddress(host).setPort(port)),
  );
  return new gossipPb.ClusterInfo().setMembersList(members);
}

function supportedMethods({ version }: DoubleNode): InstanceType<typeof featuresPb.SupportedMethods> {
  const services = [streamsGrpc.StreamsService, persistentSubscriptions.service];
  const methods = services
    .flatMap((service) => Object.values(service))
    .map(({ path }) => {
      const [, serviceName = '', methodName = ''] = path.split('/');
      return new featuresPb.SupportedMethod()
        .setServiceName(serviceName.toLowerCase())
        .setMethodName(methodName.toLowerCase())
        .setFeaturesList(['stream', 'all']);
    });
  return new featuresPb.SupportedMethods().setMethodsList(methods).setEventStoreServerVersion(version);
}
