import { setTimeout as delay } from 'node:timers/promises';
import {
  AccessDeniedError,
  CancelledError,
  DeadlineExceededError,
  EventStoreDBClient,
  isCommandError,
  MaxAppendSizeExceededError,
  NotLeaderError,
  type StreamingRead,
  TimeoutError,
  UnavailableError,
} from '@eventstore/db-client';
import { EventStoreUnavailable } from '#event-sourcing';

export interface ConnectionOptions {
  /** How long an append or a read waits for a server that is away before its caller is told. */
  readonly patienceMs?: number;
  /** How long one answer may take before it is asked for again. */
  readonly answerTimeoutMs?: number;
}

/** All calls go to the leader: a follower may lack the newest events, and what it lacks would look like the end of the log. */
export const LEADER_ONLY = { requiresLeader: true };

/** The client, with the faults kept away that README.md lists. */
export class Connection {
  readonly client: EventStoreDBClient;
  readonly answerTimeoutMs: number;
  readonly #patienceMs: number;
  readonly #closing = new AbortController();

  constructor(url: string, { patienceMs = 30_000, answerTimeoutMs = 10_000 }: ConnectionOptions) {
    this.client = EventStoreDBClient.connectionString(url);
    this.#patienceMs = patienceMs;
    this.answerTimeoutMs = answerTimeoutMs;
    // Without this the client sends appends over one shared stream, where an append whose answer is lost waits for ever,
    // and where a broken connection rejects promises that nobody can catch.
    // biome-ignore lint/complexity/useLiteralKeys: the client has no setting for it.
    this.client['supports'] = async () => false;
  }

  /** Aborted when the store is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Repeats what may be repeated over lost connections, busy servers and elections until it answers or the time is up. */
  async persistently<T>(run: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#patienceMs;
    for (let attempt = 0; ; attempt += 1) {
      this.#refuseWhenClosed();
      try {
        return await run();
      } catch (error) {
        if (!isTransient(error)) throw explained(error);
        if (performance.now() > deadline) throw unavailable(this.#patienceMs, error);
        await backOff(attempt, this.closing);
      }
    }
  }

  /**
   * The events of one read, no faster than they are taken. Ends the call when the caller stops early or the server falls
   * silent: the client would do neither.
   */
  async *events<Event>(read: () => StreamingRead<Event>): AsyncGenerator<Event> {
    const stream = read();
    // An error after the last event was taken would have no listener and end the process.
    stream.on('error', () => {});
    const timer = setTimeout(() => stream.destroy(new SilentServer(this.answerTimeoutMs)), this.answerTimeoutMs);
    const closed = (): unknown => stream.destroy(new StoreClosed());
    this.closing.addEventListener('abort', closed);
    try {
      for await (const event of stream) {
        timer.refresh();
        yield event;
      }
    } finally {
      clearTimeout(timer);
      this.closing.removeEventListener('abort', closed);
      stream.cancel().catch(() => {});
    }
  }

  /** Ends what runs and closes the channel. `dispose` of the client does neither: it waits for calls that never end. */
  async close(): Promise<void> {
    this.#closing.abort();
    // biome-ignore lint/complexity/useLiteralKeys: the client has no other way to close it.
    const channel = await this.client['getChannel']().catch(() => undefined);
    channel?.close();
  }

  #refuseWhenClosed(): void {
    if (this.closing.aborted) throw new StoreClosed();
  }
}

/** True when the server may answer the same call later: it or its connection went away, it is busy, or lost the lead. */
export function isTransient(error: unknown): boolean {
  if (error instanceof SilentServer || error instanceof EndedByServer) return true;
  if (TRANSIENT_ERRORS.some((transient) => error instanceof transient)) return true;
  if (!(error instanceof Error)) return false;
  if (!isCommandError(error)) return /^Failed to discover|Channel has been (shut|closed)/.test(error.message);
  return TRANSIENT_CODES.has(error.code ?? -1) || TRANSIENT_MESSAGES.test(error.message);
}

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
  if (error instanceof MaxAppendSizeExceededError || /Maximum ?Append ?(Event ?)?Size/i.test(messageOf(error))) {
    return new RangeError(
      'The append is larger than the server takes: split it, or raise MaxAppendSize and MaxAppendEventSize of the server.',
      { cause: error },
    );
  }
  if (messageOf(error).includes('invalid position')) {
    return new RangeError('The position does not come from this log: a checkpoint of another store?', { cause: error });
  }
  return error;
}

class StoreClosed extends Error {
  override readonly name = 'StoreClosed';
  constructor() {
    super('The event store is closed.');
  }
}

/** A subscription, which has no end, was ended by the server without an error. */
export class EndedByServer extends Error {
  override readonly name = 'EndedByServer';
}

/** The server said nothing although the connection stands. */
class SilentServer extends Error {
  override readonly name = 'SilentServer';
  constructor(timeoutMs: number) {
    super(`EventStoreDB did not answer within ${timeoutMs} ms.`);
  }
}

/** 2 unknown and 3 invalid argument are not among them: those come again. 8: too much at once, 13: broken stream. */
const TRANSIENT_CODES = new Set([8, 13]);
const TRANSIENT_MESSAGES = /server is (too )?busy|server is not ready|no leader info/i;
const TRANSIENT_ERRORS = [UnavailableError, CancelledError, NotLeaderError, DeadlineExceededError, TimeoutError];

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '');

const unavailable = (patienceMs: number, cause: unknown): EventStoreUnavailable =>
  new EventStoreUnavailable(
    `The event store did not answer for ${patienceMs / 1000} seconds. An append may have been stored all the same; repeat it with the same event ids.`,
    { cause },
  );
