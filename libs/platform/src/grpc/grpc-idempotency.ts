import { hash } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import { keyReused } from '../http/idempotency.js';
import type { IdempotencyStore } from '../http/idempotency-store.js';
import { idempotentIdOf } from '../request-context.js';
import { type GrpcCall, grpcCallOf } from './grpc-call.js';
import { grpcErrorFor } from './grpc-errors.js';

type Answer = (error: unknown, ...rest: unknown[]) => void;

/**
 * Serves a call that has the metadata `idempotency-key`, unless its key came with another message before. A repeat is
 * served like the first call: it has the same command id, so it changes nothing. A stream has many messages, each with an
 * id of its own, and is served as it is.
 */
export async function serveKeyed<Result>(
  store: IdempotencyStore,
  call: GrpcCall,
  answer: unknown,
  serve: (answer: unknown) => Result,
): Promise<Result | undefined> {
  if (!isAnswer(answer) || !('request' in call)) return serve(answer);
  let id: string | undefined;
  try {
    id = idempotentIdOf(grpcCallOf(call));
    const begun = id === undefined ? undefined : await store.begin(id, hash('sha256', JSON.stringify(call.request)));
    if (begun?.state === 'reused') throw keyReused();
    if (begun?.state !== 'begun') return serve(answer);
  } catch (error) {
    answer(grpcErrorFor(error));
    return undefined;
  }
  return serve((error: unknown, ...rest: unknown[]) => {
    void settle(store, id, error).finally(() => answer(error, ...rest));
  });
}

/** Success and refusals keep the key; what may go better next time gives it back. */
async function settle(store: IdempotencyStore, id: string | undefined, error: unknown): Promise<void> {
  if (id === undefined) return;
  try {
    await (isFinal(error) ? store.complete(id, NO_ANSWER) : store.forget(id));
  } catch (cause) {
    // The effect stands and must be answered; a repeat has the same command id.
    logger.warn({ msg: 'The key of a call could not be kept', err: cause });
  }
}

const NO_ANSWER = { status: 200, headers: {}, body: '' };
const FINAL: ReadonlySet<unknown> = new Set([status.NOT_FOUND, status.FAILED_PRECONDITION]);

const isFinal = (error: unknown): boolean =>
  !error || (typeof error === 'object' && 'code' in error && FINAL.has(error.code));

const isAnswer = (answer: unknown): answer is Answer => typeof answer === 'function';

const logger = new Logger('Idempotency');
