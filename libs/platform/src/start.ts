import type { DynamicModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from './config.js';
import { addGrpc, type GrpcServices } from './grpc/grpc-server.js';
import { createHttpApp } from './http/http-app.js';
import { Shutdown } from './shutdown.js';
import { StartupError, systemCodeOf } from './startup-error.js';

/** A process that answers. */
export interface RunningService {
  readonly app: NestFastifyApplication;
  /** Such as http://127.0.0.1:3000, without a slash at the end. */
  readonly httpUrl: string;
  /** Port gRPC listens on; absent without gRPC. */
  readonly grpcPort?: number;
  /** Ends in order: answers what was begun, then runs the shutdown hooks in reverse. True when all went well. */
  stop(): Promise<boolean>;
}

/**
 * Starts HTTP, and gRPC where services are named, around a root module. Hand in the `shutdown` that listens to signals
 * already, so that an interrupted start closes what it opened. Throws {@link StartupError} when a port cannot be had;
 * whatever was opened until then is closed.
 */
export async function startService(
  root: Type | DynamicModule,
  config: Config,
  {
    grpc: grpcServices,
    shutdown = new Shutdown(),
  }: { readonly grpc?: GrpcServices; readonly shutdown?: Shutdown } = {},
): Promise<RunningService> {
  try {
    const app = await createHttpApp(root, config, shutdown);
    const grpc = grpcServices && addGrpc(app, config, grpcServices);
    await app.init();
    // Registered after everything the modules opened, so it runs before any of that is closed: intake ends first.
    shutdown.onShutdown('HTTP and gRPC', () => closeWithin(app, GRACE_MS));
    await app.startAllMicroservices();
    await listenHttp(app, config);
    return { app, httpUrl: await app.getUrl(), ...(grpc && { grpcPort: grpc.port }), stop: () => shutdown.run() };
  } catch (error) {
    await shutdown.run();
    throw error;
  }
}

const GRACE_MS = 5_000;

/** Lets requests in flight finish; a client that does not take its answer by then is cut off. */
async function closeWithin(app: NestFastifyApplication, graceMs: number): Promise<void> {
  const timer = setTimeout(() => app.getHttpServer().closeAllConnections(), graceMs);
  await app.close().finally(() => clearTimeout(timer));
}

async function listenHttp(app: NestFastifyApplication, { host, httpPort }: Config): Promise<void> {
  try {
    await app.listen(httpPort, host);
  } catch (error) {
    throw listenError(error, host, httpPort);
  }
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = systemCodeOf(error);
  if (code === 'EADDRINUSE') {
    return new StartupError(
      `Port ${port} is in use. Stop the other program or set EINKLANG_HTTP_PORT to another number (0 takes any free port).`,
      { cause: error },
    );
  }
  if (code === 'EACCES') {
    return new StartupError(
      `Port ${port} is not allowed for this user. Set EINKLANG_HTTP_PORT to a number above 1023.`,
      { cause: error },
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new StartupError(`${host} is no address of this machine. Set EINKLANG_HOST to one, such as 127.0.0.1.`, {
      cause: error,
    });
  }
  return error;
}
