// What a program needs to open, start and end a process of ours (`#platform/host`): it loads the web server, gRPC, the stores and the
// embedded database. What a controller, a command or a view needs is `#platform`, which loads none of them.

export { CoreModule } from './core/core.module.js';
export { coreOf, startAssembled } from './core/core-of.js';
export { type CoreOptions, openCore } from './core/open-core.js';
export * from './database/index.js';
export { addGrpc, type GrpcServer, type GrpcServices, MAX_GRPC_MESSAGE_BYTES } from './grpc/grpc-server.js';
export { createHttpApp } from './http/http-app.js';
export { PinoLogger } from './logger.js';
export { startTracing } from './observability/start-tracing.js';
export {
  exportAvailabilityRelay,
  exportCommands,
  exportConsumers,
  exportForeignEvents,
  exportRunners,
} from './observability/system-metrics.js';
export { openApiOf } from './openapi.js';
export { platformAround } from './platform.module.js';
export { keepSignals, type ProcessEnd } from './process-end.js';
export { runMain } from './run-main.js';
export { runService, type ServiceProgram } from './service/run-service.js';
export { type RunningService, startService } from './start.js';
