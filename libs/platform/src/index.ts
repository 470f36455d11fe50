// What a controller, a command, a view or a process needs. What opens and starts a process is `#platform/host`.

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
export { CommandMetadata, commandMetadata } from './command-metadata.decorator.js';
export * from './config.js';
export { assembled } from './core/assembled.js';
export { type Assembled, CORE, type Core } from './core/core.js';
export type { OpenedCore } from './core/open-core.js';
export { type ExceptionSource, Exceptions } from './exceptions/exceptions.js';
export { changesAfter, requireReached } from './grpc/changes-after.js';
export { CallSignal, StreamCall, signalOf, streamed } from './grpc/grpc-call.js';
export { inBatches } from './grpc/grpc-in-batches.js';
export { inOrder } from './grpc/grpc-in-order.js';
export { BodyLimit, MAX_BODY_BYTES, MAX_BULK_BODY_BYTES, RawBodyOnly } from './http/body-limits.js';
export * from './http/idempotency-store.js';
export { InvalidRequest, type RequestIssue } from './http/invalid-request.js';
export { decodeCursor, type PageOf, pageOf, pageQuery, toPage, wholeNumber, wholeNumberOr } from './http/paging.js';
export { type Problem, problemDocument, refusalFor } from './http/problem.js';
export { Problems } from './http/problems.decorator.js';
export * from './http/rows.js';
export { ValidationPipe } from './http/validation.pipe.js';
export { logOf } from './log-of.js';
export { occurred } from './occurred.js';
export { type CheckResult, HealthChecks } from './operations/health.js';
export { Metrics } from './operations/metrics.js';
export { PersonalDataHasher } from './personal-data/personal-data-hasher.js';
export { NotOpened, PersonalDataSealer } from './personal-data/personal-data-sealer.js';
export { contextFrom } from './request-context.js';
export { SERVICE_SALES_PATH, ServiceCallsOnly, serviceToken } from './service/service-calls.js';
export { settingsOf } from './settings-of.js';
export { type End, endOnSignals, Shutdown } from './shutdown.js';
export * from './slices/index.js';
export { StartupError, systemCodeOf } from './startup-error.js';
export { MESSAGING } from './tokens.js';
