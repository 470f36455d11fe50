import { HttpException } from '@nestjs/common';
import { EventStoreUnavailable, EventTooLarge, Overloaded, RevisionConflict, WriterFenced } from '#event-sourcing';
import { Rejected, type RejectionKind } from '#kernel';
import { systemCodeOf } from '../startup-error.js';
import { InvalidRequest, type RequestIssue } from './invalid-request.js';

/** How an error is answered, whatever the protocol. */
export interface Problem {
  /** HTTP status; gRPC derives its own from it. */
  readonly status: number;
  /** Stable, part of the API. */
  readonly code: string;
  /** A sentence that helps. */
  readonly detail: string;
  readonly errors?: readonly RequestIssue[];
  readonly details?: Readonly<Record<string, unknown>>;
  /** Present when the same request may succeed later. */
  readonly retryAfterMs?: number;
}

export const STATUS_OF_KIND: Readonly<Record<RejectionKind, number>> = {
  invalid: 422,
  'not-found': 404,
  conflict: 409,
  unavailable: 503,
};

/** The answer to an error that is part of the contract; undefined for a fault, which is logged and answered with 500. */
export function problemFor(error: unknown): Problem | undefined {
  if (error instanceof Rejected) return fromRejected(error);
  if (error instanceof InvalidRequest)
    return { status: 400, code: error.code, detail: error.message, errors: error.issues };
  if (error instanceof Overloaded)
    return { status: 429, code: 'overloaded', detail: OVERLOADED, retryAfterMs: error.retryAfterMs };
  if (error instanceof RevisionConflict)
    return { status: 409, code: 'revision-conflict', detail: CHANGED_MEANWHILE, retryAfterMs: 0 };
  if (error instanceof EventTooLarge) return { status: 413, code: 'event-too-large', detail: error.message };
  if (error instanceof WriterFenced)
    return { status: 503, code: 'not-the-writer', detail: FENCED, retryAfterMs: 5_000 };
  if (error instanceof EventStoreUnavailable || isDatabaseAway(error))
    return { status: 503, code: 'storage-unavailable', detail: STORAGE_UNAVAILABLE, retryAfterMs: 5_000 };
  if (error instanceof HttpException && error.getStatus() < 500) return fromHttpException(error);
  return undefined;
}

/**
 * The problem of one line of a bulk call, or of one message of a stream. A refusal belongs to its line; a fault is thrown,
 * so that the caller sends all of them again.
 */
export function refusalFor(error: unknown): Problem {
  const problem = problemFor(error);
  if (!problem) throw error;
  return problem;
}

/** The document of RFC 9457 for a problem. `instance` is the path of the request. */
export function problemDocument(problem: Problem, instance: string, correlationId: string): Record<string, unknown> {
  return {
    ...problem.details,
    type: `urn:einklang:problem:${problem.code}`,
    title: titleOf(problem.code),
    status: problem.status,
    code: problem.code,
    detail: problem.detail,
    instance,
    correlationId,
    ...(problem.errors && { errors: problem.errors }),
  };
}

export const PROBLEM_TYPE = 'application/problem+json';

/** "insufficient-stock" as "Insufficient stock". */
export const titleOf = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll('-', ' ');

const OVERLOADED = 'More requests arrive than can be answered. Send this one again after the time in Retry-After.';
const CHANGED_MEANWHILE = 'Something else changed this at the same time. Read it again and repeat the request.';
const STORAGE_UNAVAILABLE =
  'The database does not answer or has no room, so nothing is certain to be stored. Send the same request again, with the same Idempotency-Key.';
const FENCED = 'Another process writes the event log now. Send the request again; it will reach that one.';

/** Not reached, shut down, starting (08, 57P), or out of room or connections (53): SQLSTATE by class, or the system's word. */
const isDatabaseAway = (error: unknown): boolean =>
  /^(08|53|57P|ECONNREFUSED$|ECONNRESET$)/.test(systemCodeOf(error) ?? '');

const fromRejected = (error: Rejected): Problem => ({
  status: STATUS_OF_KIND[error.kind],
  code: error.code,
  detail: error.message,
  details: error.details,
  ...(error.kind === 'unavailable' && { retryAfterMs: 1_000 }),
});

/** What Fastify refuses arrives as an HttpException with Fastify's error as its cause. */
function fromHttpException(error: HttpException): Problem {
  const status = error.getStatus();
  const known = REFUSALS[status];
  const [code, detail] = known ?? ['bad-request', error.message];
  return { status, code, detail };
}

const REFUSALS: Readonly<Record<number, readonly [code: string, detail: string]>> = {
  401: ['unauthenticated', 'Say who you are: this route needs credentials.'],
  403: ['forbidden', 'These credentials do not allow this.'],
  404: ['unknown-route', 'There is no such route. The routes are listed at /docs.'],
  408: ['request-timeout', 'The request did not arrive in time. Send it again.'],
  413: ['body-too-large', 'The body is too large. Most routes take 1 MiB, bulk routes 8 MiB: send it in parts.'],
  414: ['url-too-long', 'The address is too long.'],
  415: ['unsupported-media-type', 'Send the body as application/json and say so in Content-Type.'],
};
