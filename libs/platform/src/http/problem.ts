import { HttpException } from '@nestjs/common';
import { z } from 'zod';
import { EventStoreUnavailable, EventTooLarge, Overloaded, RevisionConflict, WriterFenced } from '#event-sourcing';
import { Rejected, type RejectionKind } from '#kernel';
import { systemCodeOf } from '../startup-error.js';
import { InvalidRequest, type RequestIssue, requestIssue } from './invalid-request.js';

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
  precondition: 412,
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

/** The shape of {@link Problem} as one line of a bulk call has it, for the answers of bulk routes. */
export const rowProblem = z
  .strictObject({
    status: z.int().meta({ description: 'What this line alone would have been answered with' }),
    code: z.string().meta({ description: 'Stable; decide by this one' }),
    detail: z.string().meta({ description: 'A sentence for people' }),
    errors: z.array(requestIssue).readonly().optional(),
    details: z
      .record(z.string(), z.unknown())
      .readonly()
      .optional()
      .meta({ description: 'The numbers behind the refusal' }),
    retryAfterMs: z.number().optional().meta({ description: 'Present when the same line may succeed later' }),
  })
  .meta({ id: 'RowProblem', description: 'Why a line was refused; all others stand' });

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

/**
 * Whether a database did not take a statement, and may take it when it is sent again. Drivers wrap what happened, so causes
 * are looked at as well.
 */
function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (AWAY_CODE.test(systemCodeOf(error) ?? '') || AWAY_MESSAGE.test(error.message)) return true;
  const within = error instanceof AggregateError ? error.errors : [];
  return within.some(isDatabaseAway) || isDatabaseAway(error.cause);
}

/**
 * SQLSTATE by class: connections (08), a server that starts, stops or only reads (57P, 25006), out of room or connections
 * (53), its disk (58), a deadlock or a lost race (40). Or the system's word.
 */
const AWAY_CODE =
  /^(08|25006|40001|40P01|53|57P|58|ECONN|EPIPE$|ETIMEDOUT$|EHOST|ENETUNREACH$|ENOTFOUND$|EAI_AGAIN$|ENOENT$)/;
/** What pg and its pool say without a code. */
const AWAY_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end|Query read timeout)/;

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
  401: ['unauthenticated', 'This route needs credentials, or those that came are not right.'],
  403: ['forbidden', 'These credentials do not allow this.'],
  404: ['unknown-route', 'There is no such route. The routes are listed at /docs.'],
  408: ['request-timeout', 'The request did not arrive in time. Send it again.'],
  413: ['body-too-large', 'The body is too large. Most routes take 1 MiB, bulk routes 8 MiB: send it in parts.'],
  414: ['url-too-long', 'The address is too long.'],
  415: ['unsupported-media-type', 'Send the body as application/json and say so in Content-Type.'],
};
