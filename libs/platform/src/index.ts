export type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
export {
  channelIdSchema,
  currency,
  externalId,
  isoDay,
  isoInstant,
  lineIdSchema,
  locationIdSchema,
  money,
  moneyMinor,
  orderIdSchema,
  priceMinor,
  quantity,
  quantityOrNone,
  reasonText,
  reservationIdSchema,
  revisionNumber,
  signedQuantity,
  skuSchema,
  slug,
  textBlock,
  textLine,
  uuid,
} from '#contracts';
export { currentContext, runInContext, type WorkContext } from '#event-sourcing';
export * from './config.js';
export { assembled } from './core/assembled.js';
export { type Assembled, CORE, type Core, coreOf, startAssembled } from './core/core.js';
export { CoreModule } from './core/core.module.js';
export { type CoreOptions, type OpenedCore, openCore } from './core/open-core.js';
export { MESSAGING } from './core/tokens.js';
export * from './database/index.js';
export { type ExceptionSource, Exceptions } from './exceptions/exceptions.js';
export { CallSignal, StreamCall, signalOf, streamed } from './grpc/grpc-call.js';
export { inOrder } from './grpc/grpc-in-order.js';
export { addGrpc, type GrpcServer, type GrpcServices, MAX_GRPC_MESSAGE_BYTES } from './grpc/grpc-server.js';
export { CommandMetadata, commandMetadata } from './http/command-metadata.decorator.js';
export { BodyLimit, createHttpApp, MAX_BODY_BYTES, MAX_BULK_BODY_BYTES, RawBodyOnly } from './http/http-app.js';
export * from './http/idempotency-store.js';
export { InvalidRequest, type RequestIssue } from './http/invalid-request.js';
export { decodeCursor, type PageOf, pageOf, pageQuery, toPage, wholeNumber, wholeNumberOr } from './http/paging.js';
export { type Problem, problemDocument, refusalFor } from './http/problem.js';
export { Problems } from './http/problems.decorator.js';
export * from './http/rows.js';
export { ValidationPipe } from './http/validation.pipe.js';
export { logOf } from './log-of.js';
export { PinoLogger } from './logger.js';
export { startTracing } from './observability/start-tracing.js';
export {
  exportAvailabilityRelay,
  exportCommands,
  exportConsumers,
  exportForeignEvents,
  exportRunners,
} from './observability/system-metrics.js';
export { occurred } from './occurred.js';
export { openApiOf } from './openapi.js';
export { type CheckResult, HealthChecks } from './operations/health.js';
export { Metrics } from './operations/metrics.js';
export { PersonalDataHasher } from './personal-data/personal-data-hasher.js';
export { NotOpened, PersonalDataSealer } from './personal-data/personal-data-sealer.js';
export { platformAround } from './platform.module.js';
export { keepSignals, type ProcessEnd } from './process-end.js';
export { contextFrom } from './request-context.js';
export { runMain } from './run-main.js';
export { runService, type ServiceProgram } from './service/run-service.js';
export { SERVICE_SALES_PATH, ServiceCallsOnly, serviceToken } from './service/service-calls.js';
export { type End, endOnSignals, Shutdown } from './shutdown.js';
export { type RunningService, startService } from './start.js';
export { StartupError, systemCodeOf } from './startup-error.js';
