import { Metadata, status } from '@grpc/grpc-js';
import { Catch, Logger, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';
import { currentContext } from '#event-sourcing';
import { type Problem, problemFor } from '../http/problem.js';

/** Answers every error of a gRPC method once: a status, a sentence, and metadata `code`, `x-correlation-id`, `retry-after-ms`. */
@Catch()
export class GrpcErrorFilter implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => grpcErrorFor(error));
  }
}

/** What grpc-js needs to send an error. */
export interface GrpcError {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

export function grpcErrorFor(error: unknown): GrpcError {
  const correlationId = currentContext()?.correlationId ?? 'unknown';
  const problem = problemFor(error) ?? fault(error, correlationId);
  const metadata = new Metadata();
  metadata.set('code', problem.code);
  metadata.set('x-correlation-id', correlationId);
  if (problem.retryAfterMs !== undefined) metadata.set('retry-after-ms', String(Math.ceil(problem.retryAfterMs)));
  return { code: statusOf(problem), details: detailsOf(problem), metadata };
}

const statusOf = (problem: Problem): status =>
  STATUS_BY_CODE[problem.code] ?? STATUS_BY_HTTP[problem.status] ?? status.INTERNAL;

/** Where gRPC has a word of its own. */
const STATUS_BY_CODE: Readonly<Record<string, status>> = {
  'revision-conflict': status.ABORTED,
  'revision-moved': status.ABORTED,
  'idempotency-key-reused': status.ALREADY_EXISTS,
  'sequence-not-reached': status.OUT_OF_RANGE,
  'position-not-reached': status.OUT_OF_RANGE,
};

const STATUS_BY_HTTP: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  409: status.FAILED_PRECONDITION,
  412: status.FAILED_PRECONDITION,
  413: status.INVALID_ARGUMENT,
  422: status.INVALID_ARGUMENT,
  429: status.RESOURCE_EXHAUSTED,
  503: status.UNAVAILABLE,
};

/** gRPC has one sentence for everything, so what is wrong with each field goes into it. */
function detailsOf(problem: Problem): string {
  const issues = problem.errors?.slice(0, 10).map((issue) => `${issue.pointer}: ${issue.message}`);
  return issues ? issues.join(' ') : problem.detail;
}

const logger = new Logger('Grpc');

function fault(error: unknown, correlationId: string): Problem {
  logger.error({ msg: 'A call failed', correlationId, err: error });
  return {
    status: 500,
    code: 'internal-error',
    detail: `Something went wrong on our side. The log has the cause under the correlation id ${correlationId}.`,
  };
}
