import { once } from 'node:events';
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import type { DoubleLog } from './double-log.js';

/** Writes answers no faster than the client takes them, and knows when it has gone. */
export class Sender<Response> {
  readonly #gone = new AbortController();

  constructor(
    private readonly call: Pick<
      ServerWritableStream<unknown, Response> | ServerDuplexStream<unknown, Response>,
      'write' | 'on' | 'once' | 'off'
    >,
    private readonly onSent: () => void,
  ) {
    for (const event of ['cancelled', 'close', 'error']) call.on(event, () => this.#gone.abort());
  }

  get isOpen(): boolean {
    return !this.#gone.signal.aborted;
  }

  /** True when the client let it wait. Throws AbortError when the client has gone. */
  async send(message: Response): Promise<boolean> {
    this.#gone.signal.throwIfAborted();
    this.onSent();
    if (this.call.write(message)) return false;
    await once(this.call as unknown as NodeJS.EventEmitter, 'drain', { signal: this.#gone.signal });
    return true;
  }

  /** Resolves when something was appended after this call; throws AbortError when the client has gone. */
  async appended(log: DoubleLog): Promise<void> {
    const { signal } = this.#gone;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = log.onAppended(resolve);
    const leave = (): void => reject(signal.reason);
    signal.addEventListener('abort', leave);
    try {
      await promise;
    } finally {
      stop();
      signal.removeEventListener('abort', leave);
    }
  }
}
