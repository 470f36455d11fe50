import { setTimeout as delay } from 'node:timers/promises';
import {
  AccessDeniedError,
  CancelledError,
  DeadlineExceededError,
  isCommandError,
  MaxAppendSizeExceededError,
  NotLeaderError,
  TimeoutError,
  UnavailableError,
} from '@eventstore/db-client';
import { EventStoreUnavailable, PositionNotInLog } from '#event-sourcing';

/** True when the server may answer the same call later: it or its connection went away, it is busy, or lost the lead. */
export function isTransient(error: unknown): boolean {
  if (error instanceof LeaderMissing || error instanceof SilentServer || error instanceof EndedByServer) return true;
  if (TRANSIENT_ERRORS.some((transient) => error instanceof transient)) return true;
  if (!(error instanceof Error)) return false;
  if (!isCommandError(error)) return /Channel has been (shut|closed)/.test(error.message);
  return isBusy(error) || error.code === INTERNAL || /no leader info/i.test(error.message);
}

/** The node is there, and has too much to do: to look for another leader would not help. */
export const isBusy = (error: unknown): boolean =>
  error instanceof Error &&
  isCommandError(error) &&
  !isTooLarge(error) &&
  (error.code === RESOURCE_EXHAUSTED || /server is (too )?busy|server is not ready/i.test(error.message));

/** Waits between attempts: quick at first, for a server that only restarts, then once a second. Ends when aborted. */
export const backOff = (attempt: number, signal: AbortSignal): Promise<void> =>
  delay(Math.min(50 * 2 ** attempt, 1_000), undefined, { signal }).catch(() => {});

/** The same error in words that say what to do, where we know it. */
export function explained(error: unknown): unknown {
  if (error instanceof AccessDeniedError) {
    return new Error(
      'EventStoreDB refused access: check the user in the connection string and the access lists of the streams.',
      { cause: error },
    );
  }
  if (MESSAGE_TOO_LARGE.test(messageOf(error))) {
    return new RangeError('An event and its metadata have to fit into one message of gRPC, which holds 16 MiB.', {
      cause: error,
    });
  }
  if (isTooLarge(error)) {
    return new RangeError(
      'The append is larger than the server takes: split it, or raise MaxAppendSize and MaxAppendEventSize of the server.',
      { cause: error },
    );
  }
  if (/invalid position|Unexpected ReadAllResult: (Error|InvalidPosition)/i.test(messageOf(error))) {
    return new PositionNotInLog('No event of this log begins at the position: it is that of another log.', {
      cause: error,
    });
  }
  return error;
}

export const unavailable = (patienceMs: number, cause: unknown): EventStoreUnavailable =>
  new EventStoreUnavailable(
    `The event store did not answer for ${patienceMs / 1000} seconds. An append may have been stored all the same; repeat it with the same event ids.`,
    { cause },
  );

export class StoreClosed extends Error {
  override readonly name = 'StoreClosed';
  constructor() {
    super('The event store is closed.');
  }
}

/** No node answers as the leader: there is an election, or none can be reached. */
export class LeaderMissing extends Error {
  override readonly name = 'LeaderMissing';
  constructor(asked: readonly string[]) {
    super(`None of ${asked.join(', ')} answers as the leader.`);
  }
}

/** A subscription, which has no end, was ended by the server without an error, or by us because its node is behind. */
export class EndedByServer extends Error {
  override readonly name = 'EndedByServer';
}

/** The server said nothing although the connection stands. */
export class SilentServer extends Error {
  override readonly name = 'SilentServer';
  constructor(timeoutMs: number) {
    super(`EventStoreDB did not answer within ${timeoutMs} ms.`);
  }
}

const isTooLarge = (error: unknown): boolean =>
  error instanceof MaxAppendSizeExceededError ||
  /Maximum ?Append ?(Event ?)?Size/i.test(messageOf(error)) ||
  MESSAGE_TOO_LARGE.test(messageOf(error));

/** As the two ends of gRPC say it; its status is that of a busy server. */
const MESSAGE_TOO_LARGE = /message (larger than max|exceeds the maximum)/i;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '');

/** 2 unknown and 3 invalid argument are not among the transient ones: those come again. 13 is a broken stream. */
const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;
const TRANSIENT_ERRORS = [UnavailableError, CancelledError, NotLeaderError, DeadlineExceededError, TimeoutError];
