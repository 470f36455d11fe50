import { fileURLToPath } from 'node:url';
import { Client, credentials, Metadata, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import { type AnyDefinition, loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { grpcOfAll } from '#contracts';

const PROTO_ROOT = fileURLToPath(new URL('../../../libs/contracts/proto/', import.meta.url));

const declared = Object.entries(
  loadSync([...grpcOfAll().protoFiles], {
    includeDirs: [PROTO_ROOT],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  }),
);

/** Every service of the protos by its full name, each with its methods. */
export const grpcServices: Readonly<Record<string, Readonly<Record<string, MethodDefinition<object, object>>>>> =
  Object.fromEntries(declared.flatMap(([name, each]) => (isService(each) ? [[name, each]] : [])));

/** Every message of the protos by its full name. */
export const grpcMessages: Readonly<Record<string, unknown>> = Object.fromEntries(declared);

/** gRPC as a client sees it. `path` is `einklang.orders.v1.Orders/Get`. */
export class GrpcClient {
  private readonly client: Client;

  constructor(port: number) {
    this.client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  /** A unary call. Rejects with a `ServiceError`. */
  call(path: string, message: object, headers: Readonly<Record<string, string>> = {}): Promise<Message> {
    const { path: route, requestSerialize, responseDeserialize } = methodOf(path);
    return new Promise((resolve, reject) => {
      const settle = settler(resolve, reject);
      this.client.makeUnaryRequest(route, requestSerialize, responseDeserialize, message, metadataOf(headers), settle);
    });
  }

  /** Sends all messages, and gives what is answered to them. */
  send(path: string, messages: Iterable<object>, headers: Readonly<Record<string, string>> = {}): Promise<Message> {
    const { path: route, requestSerialize, responseDeserialize } = methodOf(path);
    return new Promise((resolve, reject) => {
      const settle = settler(resolve, reject);
      const metadata = metadataOf(headers);
      const call = this.client.makeClientStreamRequest(route, requestSerialize, responseDeserialize, metadata, settle);
      for (const message of messages) call.write(message);
      call.end();
    });
  }

  /** The first messages of a stream, which is left then. Rejects where it ends with an error before. */
  firstOf(path: string, message: object, count: number, options: { deadline?: number } = {}): Promise<Message[]> {
    const { path: route, requestSerialize, responseDeserialize } = methodOf(path);
    const call = this.client.makeServerStreamRequest(route, requestSerialize, responseDeserialize, message, options);
    const seen: Message[] = [];
    return new Promise((resolve, reject) => {
      call.on('error', (error) => (seen.length < count ? reject(error) : undefined));
      call.on('end', () => resolve(seen));
      call.on('data', (each: object) => {
        seen.push(Object(each));
        if (seen.length < count) return;
        resolve(seen);
        call.cancel();
      });
    });
  }

  /** The error a call ends with. */
  async refusal(answer: Promise<unknown>): Promise<{ readonly status: number; readonly code: unknown }> {
    const error: ServiceError = await answer.then(
      () => Promise.reject(new Error('It was not refused.')),
      (refused: ServiceError) => refused,
    );
    return { status: error.code, code: error.metadata.get('code')[0] };
  }

  close(): void {
    this.client.close();
  }
}

export type Message = Readonly<Record<string, unknown>>;

function methodOf(path: string): MethodDefinition<object, object> {
  const [service = '', method = ''] = path.split('/');
  const found = grpcServices[service]?.[method];
  if (!found) throw new Error(`${path} is not in the protos.`);
  return found;
}

function metadataOf(headers: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

const settler =
  (resolve: (message: Message) => void, reject: (error: unknown) => void) =>
  (error: ServiceError | null, answer?: object) =>
    error ? reject(error) : resolve(Object(answer));

function isService(each: AnyDefinition): each is ServiceDefinition {
  return !('format' in each);
}
