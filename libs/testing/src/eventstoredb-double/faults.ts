import type { ServiceError, status } from '@grpc/grpc-js';
import { callError } from './messages.js';

export type Method = 'read' | 'append' | 'batchAppend' | 'delete' | 'tombstone' | 'gossip' | 'features' | 'persistent';

/** What goes wrong on purpose, and what was seen of the calls. Faults of the network are on the {@link Door}. */
export class Faults {
  /** Calls that came in, by method; every append inside a batch stream counts as one of `batchAppend`. */
  readonly calls = new Map<Method, number>();
  /** More appends than this at the same time end in RESOURCE_EXHAUSTED. A real server was not seen to have such a limit. */
  maxConcurrentAppends = Number.POSITIVE_INFINITY;
  /** So many of the next appends are stored, and the connection breaks instead of an answer. */
  appendsToStoreAndDrop = 0;
  appendsInFlightMax = 0;
  /** Answers of reads and subscriptions that were sent. */
  readAnswers = 0;
  /** Streams that no client may read or write. */
  readonly denied = new Set<string>();
  readonly #failures = new Map<Method, ServiceError[]>();
  readonly #held = new Map<Method, Promise<void>>();
  #liveHeld: Promise<void> | undefined;
  #appendsInFlight = 0;

  /** The next calls of a method end in an error of this gRPC status. */
  failNext(method: Method, code: status, times = 1): void {
    const error = callError(code, 'Failed on purpose');
    this.#failures.set(method, [...(this.#failures.get(method) ?? []), ...Array.from({ length: times }, () => error)]);
  }

  /** Calls of a method get no further until the function that is given back is called. */
  hold(method: Method): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.set(method, promise);
    return () => {
      this.#held.delete(method);
      resolve();
    };
  }

  /** Subscriptions that are live get nothing more, as at a node that is cut off, until the function is called. */
  holdLive(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#liveHeld = promise;
    return () => {
      this.#liveHeld = undefined;
      resolve();
    };
  }

  /** Resolves when live subscriptions may go on. */
  async live(): Promise<void> {
    await this.#liveHeld;
  }

  /** Every call passes here first. Throws the error it is to end in. */
  async enter(method: Method): Promise<void> {
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
    await this.#held.get(method);
    const failure = this.#failures.get(method)?.shift();
    if (failure) throw failure;
  }

  /** Counts an append while it runs. */
  async countAppend<T>(append: () => Promise<T>, tooMany: () => ServiceError): Promise<T> {
    this.#appendsInFlight += 1;
    this.appendsInFlightMax = Math.max(this.appendsInFlightMax, this.#appendsInFlight);
    try {
      if (this.#appendsInFlight > this.maxConcurrentAppends) throw tooMany();
      return await append();
    } finally {
      this.#appendsInFlight -= 1;
    }
  }
}
