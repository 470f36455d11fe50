import { backOffMs } from '../back-off.js';

export interface GateOptions {
  readonly requestsPerSecond: number;
  /** Failures in a row after which the channel is left alone for `openMs`. */
  readonly openAfterFailures: number;
  readonly openMs: number;
  readonly random: () => number;
}

/**
 * When the next request to one channel may go, and how many listings it may carry: a token bucket for the rate limit, a
 * pause after failures, and a circuit breaker. Requests go one at a time, so its state is three numbers.
 *
 * closed: requests go, with a growing pause after each failure. open: none goes. half-open: one listing probes.
 */
export class ChannelGate {
  #tokens: number;
  #refilledAtMs: number | undefined;
  #failures = 0;
  #throttles = 0;
  #notBeforeMs = 0;
  #batchLimit = Number.POSITIVE_INFINITY;

  constructor(private readonly options: GateOptions) {
    this.#tokens = this.#burst;
  }

  get state(): 'closed' | 'open' | 'half-open' {
    return this.#failures < this.options.openAfterFailures ? 'closed' : this.#probing ? 'half-open' : 'open';
  }

  /** Milliseconds until a request may go; 0 for now. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    const forToken = this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / this.options.requestsPerSecond) * 1_000;
    return Math.max(0, this.#notBeforeMs - nowMs, Math.ceil(forToken));
  }

  /** A request goes now. Answers how many of `batchSize` listings it may carry. */
  start(batchSize: number, nowMs: number): number {
    this.#refill(nowMs);
    this.#tokens -= 1;
    if (this.#failures < this.options.openAfterFailures) return Math.min(batchSize, this.#batchLimit);
    this.#probing = true;
    return 1;
  }

  succeeded(batchSize: number): void {
    this.#failures = 0;
    this.#throttles = 0;
    this.#probing = false;
    this.#batchLimit = this.#batchLimit * 2 >= batchSize ? Number.POSITIVE_INFINITY : this.#batchLimit * 2;
  }

  failed(nowMs: number): void {
    this.#failures += 1;
    this.#probing = false;
    const open = this.#failures >= this.options.openAfterFailures;
    this.#notBeforeMs = nowMs + (open ? this.options.openMs : backOffMs(this.#failures, this.options.random));
  }

  /** The channel asks for a pause: it is well, so this is no failure. */
  throttled(nowMs: number, retryAfterMs: number | undefined): void {
    this.#throttles += 1;
    this.#probing = false;
    this.#notBeforeMs = nowMs + (retryAfterMs ?? backOffMs(this.#throttles, this.options.random));
  }

  /** The request of so many listings was refused as a whole: half as many next time, until the one at fault is alone. */
  refused(listings: number): void {
    this.#probing = false;
    this.#failures = 0;
    this.#batchLimit = Math.max(1, Math.floor(listings / 2));
  }

  #probing = false;

  /** A quarter of a second's worth: in any second a channel gets little more than it allows. */
  get #burst(): number {
    return Math.max(1, this.options.requestsPerSecond / 4);
  }

  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - (this.#refilledAtMs ?? nowMs));
    this.#refilledAtMs = nowMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs * this.options.requestsPerSecond) / 1_000);
  }
}
