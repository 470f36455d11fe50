import { fileURLToPath } from 'node:url';
import {
  Client,
  type ClientOptions,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServerWritableStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { protoPath as healthProto } from 'grpc-health-check';
import descriptor, { type IFileDescriptorProto } from 'protobufjs/ext/descriptor/index.js';
import type { Observable } from 'rxjs';
import { z } from 'zod';
import { type EventMetadata, Overloaded, RevisionConflict } from '#event-sourcing';
import { Rejected } from '#kernel';
import { MAX_GRPC_MESSAGE_BYTES, type RunningService, startService } from '../host.js';
import {
  CallSignal,
  CommandMetadata,
  IDEMPOTENCY_STORE,
  MemoryIdempotencyStore,
  quantity,
  StartupError,
  StreamCall,
  streamed,
} from '../index.js';

const echoRequest = z.strictObject({ text: z.string(), quantity });
type EchoRequest = z.output<typeof echoRequest>;

const FAULTS: Readonly<Record<string, () => Error>> = {
  invalid: () => new Rejected('invalid', 'currency-mismatch', 'One currency per order.'),
  'not-found': () => new Rejected('not-found', 'unknown-sku', 'There is no such SKU.'),
  conflict: () => new Rejected('conflict', 'insufficient-stock', '2 are free.'),
  unavailable: () => new Rejected('unavailable', 'channel-down', 'The channel does not answer.'),
  overloaded: () => new Overloaded('stock-1', 250),
  revision: () => new RevisionConflict(['stock-1'], 'stock-1 is at 3'),
  fault: () => new Error('password=hunter2'),
};

const hangUps = { signals: 0, produced: 0, closed: 0 };

@Controller()
class EchoController {
  @GrpcMethod('EchoService', 'Echo')
  async echo(
    @Payload({ schema: echoRequest }) request: EchoRequest,
    @CommandMetadata() metadata: EventMetadata,
    @CallSignal() signal: AbortSignal,
  ): Promise<object> {
    const fault = FAULTS[request.text];
    if (fault) throw fault();
    if (request.text === 'wait') {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      hangUps.signals += 1;
    }
    return { ...request, commandId: metadata.commandId, correlationId: metadata.correlationId };
  }

  @GrpcMethod('EchoService', 'Count')
  count(
    @Payload({ schema: echoRequest }) request: EchoRequest,
    @StreamCall() call: ServerWritableStream<unknown, unknown>,
  ): Observable<object> {
    return streamed(call, () => numbers(request));
  }
}

async function* numbers(request: EchoRequest): AsyncGenerator<object> {
  try {
    for (let index = 1; index <= request.quantity; index += 1) {
      hangUps.produced = index;
      yield { text: request.text, quantity: index };
    }
    if (request.text === 'conflict') throw new Rejected('conflict', 'stock-gone', 'It is gone.');
  } finally {
    hangUps.closed += 1;
  }
}

@Module({
  controllers: [EchoController],
  providers: [{ provide: IDEMPOTENCY_STORE, useClass: MemoryIdempotencyStore }],
})
class SpecModule {}

const echoProto = fileURLToPath(new URL('echo.spec.proto', import.meta.url));
const config = {
  dataDir: '/nowhere',
  host: '127.0.0.1',
  httpPort: 0,
  grpcPort: 0,
  hashKey: Buffer.alloc(32),
  logLevel: 'silent' as const,
};
const services = { grpc: { packages: ['einklang.spec.v1'], protoFiles: [echoProto] } };
const definition = loadSync([echoProto, healthProto], { longs: Number, defaults: true });

let service: RunningService;
let client: Client;

beforeAll(async () => {
  service = await startService(SpecModule, config, services);
  client = connect();
});
afterAll(async () => {
  client.close();
  await service.stop();
});

const connect = (options: ClientOptions = {}) =>
  new Client(`127.0.0.1:${service.grpcPort}`, credentials.createInsecure(), options);

function methodOf(path: string) {
  const [serviceName, name] = path.split('/');
  const method = Object(definition[serviceName ?? ''])[name ?? ''];
  if (!method) throw new Error(`${path} is not in the protos`);
  return method;
}

function call(
  path: string,
  request: object,
  options: { metadata?: Record<string, string>; deadlineMs?: number; client?: Client } = {},
): Promise<Record<string, unknown>> {
  const method = methodOf(path);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(options.metadata ?? {})) metadata.set(name, value);
  return new Promise((resolve, reject) => {
    (options.client ?? client).makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadata,
      options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs },
      (error: ServiceError | null, answer: unknown) => (error ? reject(error) : resolve(Object(answer))),
    );
  });
}

const stream = (path: string, request: object) => {
  const method = methodOf(path);
  return client.makeServerStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, request);
};

const ECHO = 'einklang.spec.v1.EchoService/Echo';
const COUNT = 'einklang.spec.v1.EchoService/Count';
const failureOf = (request: object, options?: Parameters<typeof call>[2]): Promise<ServiceError> =>
  call(ECHO, request, options).then(
    () => Promise.reject(new Error('it did not fail')),
    (error: ServiceError) => error,
  );

describe('a gRPC service', () => {
  it('answers beside HTTP in one process', async () => {
    expect(await call(ECHO, { text: 'hello', quantity: 3 })).toMatchObject({ text: 'hello', quantity: 3 });
    expect((await fetch(`${service.httpUrl}/health/live`)).status).toBe(200);
  });

  it('derives the command id from idempotency-key and takes the trace id as correlation id', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const metadata = { 'idempotency-key': 'k1', traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    const first = await call(ECHO, { text: 'a', quantity: 1 }, { metadata });
    expect(await call(ECHO, { text: 'a', quantity: 1 }, { metadata })).toEqual(first);
    expect(first.correlationId).toBe(traceId);
    expect((await call(ECHO, { text: 'a', quantity: 1 })).commandId).not.toBe(first.commandId);
  });

  it('refuses a key that came with another message', async () => {
    const metadata = { 'idempotency-key': 'k2' };
    await call(ECHO, { text: 'a', quantity: 1 }, { metadata });
    const error = await failureOf({ text: 'a', quantity: 2 }, { metadata });
    expect([error.code, error.metadata.get('code')]).toEqual([status.ALREADY_EXISTS, ['idempotency-key-reused']]);
    expect((await failureOf({ text: 'a', quantity: 1 }, { metadata: { 'idempotency-key': 'a b' } })).code).toBe(
      status.INVALID_ARGUMENT,
    );
  });

  it('keeps the key of a refusal that is final, and gives back that of one that is not', async () => {
    for (const [text, kept] of [
      ['conflict', true],
      ['not-found', true],
      ['unavailable', false],
      ['overloaded', false],
      ['fault', false],
    ] as const) {
      const metadata = { 'idempotency-key': `final-${text}` };
      await failureOf({ text, quantity: 1 }, { metadata });
      const other = call(ECHO, { text: 'another', quantity: 1 }, { metadata });
      const code = await other.then(
        () => status.OK,
        (error: ServiceError) => error.code,
      );
      expect([text, code]).toEqual([text, kept ? status.ALREADY_EXISTS : status.OK]);
    }
  });

  it.each([
    ['invalid', status.INVALID_ARGUMENT, 'currency-mismatch'],
    ['not-found', status.NOT_FOUND, 'unknown-sku'],
    ['conflict', status.FAILED_PRECONDITION, 'insufficient-stock'],
    ['unavailable', status.UNAVAILABLE, 'channel-down'],
    ['overloaded', status.RESOURCE_EXHAUSTED, 'overloaded'],
    ['revision', status.ABORTED, 'revision-conflict'],
    ['fault', status.INTERNAL, 'internal-error'],
  ])('answers %s with status %i and code %s', async (text, code, problemCode) => {
    const error = await failureOf({ text, quantity: 1 }, { metadata: { 'x-correlation-id': 'c-1' } });
    expect([error.code, error.metadata.get('code'), error.metadata.get('x-correlation-id')]).toEqual([
      code,
      [problemCode],
      ['c-1'],
    ]);
    expect(error.details).toMatch(/\.$|c-1\.$/);
    expect(error.details).not.toContain('hunter2');
  });

  it('says when to come back', async () => {
    expect((await failureOf({ text: 'overloaded', quantity: 1 })).metadata.get('retry-after-ms')).toEqual(['250']);
  });

  it.each([[0], [-1], [2 ** 53], ['9223372036854775807']])('refuses the quantity %s', async (value) => {
    const error = await failureOf({ text: 'x', quantity: value });
    expect([error.code, error.details]).toEqual([status.INVALID_ARGUMENT, expect.stringMatching(/^#\/quantity: Send/)]);
  });

  it('ends at the deadline and tells the method', async () => {
    const signals = hangUps.signals;
    expect((await failureOf({ text: 'wait', quantity: 1 }, { deadlineMs: 100 })).code).toBe(status.DEADLINE_EXCEEDED);
    while (hangUps.signals === signals) await new Promise(setImmediate);
  });

  it('refuses a message above the limit', async () => {
    const error = await failureOf({ text: 'x'.repeat(MAX_GRPC_MESSAGE_BYTES + 1), quantity: 1 });
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
  });
});

describe('a stream', () => {
  it('gives every message, then the error with its status', async () => {
    const seen: unknown[] = [];
    const answer = stream(COUNT, { text: 'conflict', quantity: 5_000 });
    const error = await new Promise<ServiceError>((resolve) => {
      answer.on('data', (message) => seen.push(message.quantity)).on('error', (cause) => resolve(Object(cause)));
    });
    expect(seen).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1));
    expect([error.code, error.metadata.get('code')]).toEqual([status.FAILED_PRECONDITION, ['stock-gone']]);
  });

  it('goes at the pace of its client and closes its source when the client hangs up', async () => {
    const { closed } = hangUps;
    const answer = stream(COUNT, { text: 'x'.repeat(10_000), quantity: 1_000_000 });
    answer.on('error', () => undefined);
    await new Promise((resolve) => answer.once('data', resolve));
    answer.pause();
    const settled = async (before: number): Promise<void> => {
      await call(ECHO, { text: 'a round trip', quantity: 1 });
      return hangUps.produced === before ? undefined : settled(hangUps.produced);
    };
    await settled(-1);
    expect(hangUps.produced).toBeLessThan(10_000);
    answer.cancel();
    while (hangUps.closed === closed) await new Promise(setImmediate);
  });
});

describe('what operators ask', () => {
  it.each(['', 'einklang.spec.v1.EchoService'])('answers health checks of "%s"', async (service) => {
    expect(await call('grpc.health.v1.Health/Check', { service })).toEqual({ status: 1 });
  });

  it('lists its services by reflection', async () => {
    const { listServicesResponse } = await reflected({ listServices: '' });
    const names = listServicesResponse.service.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['einklang.spec.v1.EchoService', 'grpc.health.v1.Health']));
  });

  it('gives by reflection the names of the .proto files, maps included', async () => {
    const file = await fileContaining('einklang.spec.v1.EchoReply');
    const message = file.messageType?.find(({ name }) => name === 'EchoReply');
    expect(message?.field?.map(({ name }) => name)).toEqual([
      'text',
      'quantity',
      'command_id',
      'correlation_id',
      'units_by_channel',
    ]);
    expect(message?.field?.map(({ jsonName }) => jsonName)).toContain('commandId');
    expect(message?.nestedType).toMatchObject([{ name: 'UnitsByChannelEntry', options: { mapEntry: true } }]);
    expect(message?.field?.at(-1)?.typeName).toBe('.einklang.spec.v1.EchoReply.UnitsByChannelEntry');
  });

  it.each([
    ['grpcPort', 'EINKLANG_GRPC_PORT'],
    ['httpPort', 'EINKLANG_HTTP_PORT'],
  ] as const)('says in one sentence that the %s is in use', async (name, variable) => {
    const port = name === 'grpcPort' ? service.grpcPort : Number(new URL(service.httpUrl).port);
    const attempt = startService(SpecModule, { ...config, [name]: port }, services);
    const error: unknown = await attempt.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(StartupError);
    expect(error).toHaveProperty(
      'message',
      `Port ${port} is in use. Stop the other program or set ${variable} to another number (0 takes any free port).`,
    );
  });

  it('ends within the time limit although a stream is open, and reports that it stops', async () => {
    const other = await startService(SpecModule, config, services);
    const streamClient = new Client(`127.0.0.1:${other.grpcPort}`, credentials.createInsecure());
    const method = methodOf('grpc.health.v1.Health/Watch');
    const watch = streamClient.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      { service: '' },
    );
    const statuses: number[] = [];
    watch.on('data', (answer) => statuses.push(answer.status)).on('error', () => undefined);
    await new Promise((resolve) => watch.once('data', resolve));
    expect(await other.stop()).toBe(true);
    expect(statuses).toEqual([1, 2]);
    streamClient.close();
  });
});

interface Reflected {
  readonly listServicesResponse: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse: { readonly fileDescriptorProto: readonly Buffer[] };
}

async function reflected(question: object): Promise<Reflected> {
  const reflection = loadPackageDefinition(loadSync(REFLECTION_PROTO, { includeDirs: [REFLECTION_ROOT] }));
  const Reflection = Object(reflection.grpc).reflection.v1.ServerReflection;
  const reflectionClient = new Reflection(`127.0.0.1:${service.grpcPort}`, credentials.createInsecure());
  const answers = reflectionClient.ServerReflectionInfo();
  try {
    return await new Promise<Reflected>((resolve, reject) => {
      answers.on('error', reject).on('data', resolve);
      answers.write(question);
    });
  } finally {
    answers.end();
    reflectionClient.close();
  }
}

async function fileContaining(symbol: string): Promise<IFileDescriptorProto> {
  const { fileDescriptorResponse } = await reflected({ fileContainingSymbol: symbol });
  const { FileDescriptorProto } = descriptor;
  return FileDescriptorProto.toObject(
    FileDescriptorProto.decode(fileDescriptorResponse.fileDescriptorProto[0] ?? Buffer.alloc(0)),
  );
}

const REFLECTION_ROOT = fileURLToPath(new URL('../../build/proto/', import.meta.resolve('@grpc/reflection')));
const REFLECTION_PROTO = 'grpc/reflection/v1/reflection.proto';
