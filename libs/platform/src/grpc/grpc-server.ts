import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import * as protoLoader from '@grpc/proto-loader';
import type { INestApplication } from '@nestjs/common';
import { loadPackageSync } from '@nestjs/common/internal';
import { NestMicroservice, ServerGrpc } from '@nestjs/microservices';
import { HealthImplementation, protoPath as healthProto } from 'grpc-health-check';
import { runInContext } from '#event-sourcing';
import type { Config } from '../config.js';
import { IDEMPOTENCY_STORE, type IdempotencyStore } from '../http/idempotency-store.js';
import { ValidationPipe } from '../http/validation.pipe.js';
import { contextFrom } from '../request-context.js';
import { StartupError } from '../startup-error.js';
import { type GrpcCall, grpcCallOf } from './grpc-call.js';
import { GrpcErrorFilter } from './grpc-errors.js';
import { serveKeyed } from './grpc-idempotency.js';
import { traceCall } from './grpc-traces.js';
import { reflectionOf } from './reflection.js';

/** Which services a process offers over gRPC. */
export interface GrpcServices {
  /** Protobuf packages such as `einklang.inventory.v1`. */
  readonly packages: readonly string[];
  /** Files below libs/contracts/proto, or absolute paths. */
  readonly protoFiles: readonly string[];
}

/** Adds gRPC to an application: error statuses, validation, request context, health and reflection. Call before `init`. */
export function addGrpc(app: INestApplication, config: Config, services: GrpcServices): GrpcServer {
  const keys = app.get<IdempotencyStore>(IDEMPOTENCY_STORE, { strict: false });
  const strategy = new GrpcServer(config, services, keys);
  // Deferred, or the methods would be bound before the filter, the interceptor and the pipe are there.
  const microservice = app.connectMicroservice({ strategy }, { inheritAppConfig: false, deferInitialization: true });
  // The application runs onModuleInit of all modules; a deferred microservice would run it a second time.
  if (microservice instanceof NestMicroservice) microservice.setIsInitHookCalled(true);
  microservice.useGlobalFilters(new GrpcErrorFilter()).useGlobalPipes(new ValidationPipe());
  return strategy;
}

/** Largest message taken or sent, in bytes. */
export const MAX_GRPC_MESSAGE_BYTES = 4_194_304;

/** Nest's gRPC server, made to listen after its services exist, to tell its port and to end within a time limit. */
export class GrpcServer extends ServerGrpc {
  private readonly health: HealthImplementation;
  /** Names that health is asked for: the whole server, and each service of ours. */
  private readonly names: readonly string[];
  private readonly address: { readonly host: string; readonly port: number };
  private boundPort = 0;

  constructor(
    config: Config,
    services: GrpcServices,
    private readonly keys: IdempotencyStore,
  ) {
    const protoFiles = [...services.protoFiles, healthProto];
    const definition = protoLoader.loadSync(protoFiles, LOADER_OPTIONS);
    super({
      package: [...services.packages],
      packageDefinition: definition,
      onLoadPackageDefinition: (_: unknown, server: grpc.Server) => this.addOwnServices(server, protoFiles),
    });
    this.address = { host: config.host, port: config.grpcPort };
    const inPackages = Object.entries(definition).filter(([name]) =>
      services.packages.some((each) => name.startsWith(`${each}.`)),
    );
    this.names = ['', ...inPackages.filter(([, declared]) => !('format' in declared)).map(([name]) => name)];
    this.health = new HealthImplementation(Object.fromEntries(this.names.map((name) => [name, 'NOT_SERVING'])));
  }

  /** The port it listens on, once started. */
  get port(): number {
    return this.boundPort;
  }

  override async createClient(): Promise<grpc.Server> {
    return new grpc.Server(CHANNEL_OPTIONS);
  }

  override async start(callback?: () => void): Promise<void> {
    await this.bindEvents();
    const { host, port } = this.address;
    const server: grpc.Server = this.grpcClient;
    const bind = promisify(server.bindAsync.bind(server));
    this.boundPort = await bind(
      `${host.includes(':') ? `[${host}]` : host}:${port}`,
      grpc.ServerCredentials.createInsecure(),
    ).catch((error: unknown) => {
      throw bindError(error, host, port);
    });
    for (const name of this.names) this.health.setStatus(name, 'SERVING');
    callback?.();
  }

  /** Tells health watchers, lets calls finish, and cuts what is left after {@link GRACE_MS}. */
  override async close(): Promise<void> {
    const server: grpc.Server | null = this.grpcClient;
    if (!server) return;
    this.grpcClient = null;
    for (const name of this.names) this.health.setStatus(name, 'NOT_SERVING');
    const timer = setTimeout(() => server.forceShutdown(), GRACE_MS);
    await promisify(server.tryShutdown.bind(server))().finally(() => clearTimeout(timer));
  }

  /**
   * Runs each call in its request context, so its metadata, its errors and its log lines share a correlation id. Around
   * the method and not as an interceptor, which would cost each call a chain of observables.
   */
  override createServiceMethod(...method: Parameters<ServerGrpc['createServiceMethod']>) {
    const serve = super.createServiceMethod(...method);
    return (call: GrpcCall, callback: unknown) =>
      traceCall(call, callback, (traceparent, answer) =>
        runInContext({ ...contextFrom(grpcCallOf(call)), ...traceparent }, () =>
          hasKey(call) ? serveKeyed(this.keys, call, answer, (kept) => serve(call, kept)) : serve(call, answer),
        ),
      );
  }

  private addOwnServices(server: grpc.Server, protoFiles: readonly string[]): void {
    this.health.addToServer(server);
    reflectionOf(protoFiles, LOADER_OPTIONS.includeDirs).addToServer(server);
  }
}

const hasKey = (call: GrpcCall): boolean => call.metadata.get('idempotency-key').length > 0;

const GRACE_MS = 3_000;

/** The same relative place in the sources and in dist. */
const PROTO_ROOT = fileURLToPath(new URL('../../../contracts/proto/', import.meta.url));

/** 64-bit numbers become doubles: what exceeds 2^53 is refused by the schemas, not rounded into range. */
const LOADER_OPTIONS = {
  includeDirs: [PROTO_ROOT],
  longs: Number,
  enums: String,
  defaults: true,
  arrays: true,
  oneofs: true,
};

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': MAX_GRPC_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_GRPC_MESSAGE_BYTES,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_concurrent_streams': 1_000,
};

// Its lines go to the console beside ours and say nothing that our errors do not say.
grpc.setLogVerbosity(grpc.logVerbosity.NONE);

// Nest looks for these by name when a server is made, where no bundler sees it and another copy would be loaded: it gets ours.
loadPackageSync('@grpc/grpc-js', GrpcServer.name, () => grpc);
loadPackageSync('@grpc/proto-loader', GrpcServer.name, () => protoLoader);

function bindError(error: unknown, host: string, port: number): StartupError {
  const inUse = error instanceof Error && /EADDRINUSE/.test(error.message);
  const message = inUse
    ? `Port ${port} is in use. Stop the other program or set EINKLANG_GRPC_PORT to another number (0 takes any free port).`
    : `gRPC cannot listen on ${host}:${port}. Set EINKLANG_HOST to an address of this machine and EINKLANG_GRPC_PORT to a port you may use.`;
  return new StartupError(message, { cause: error });
}
