import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import timersPromises from 'node:timers/promises';
import { Scheduler, Timer } from './scheduler.js';

export interface Outside {
  /** Takes the place of `net.Socket`: the connections of the database driver. */
  readonly socket: () => object;
  /** Takes the place of `fetch`. */
  readonly fetch: typeof fetch;
}

/**
 * Puts simulated time, chance and network in the place of Node's. Must run before any module of the system is loaded:
 * some keep what they import.
 */
export function takeOverGlobals(scheduler: Scheduler, outside: Outside): void {
  takeOverClock(scheduler);
  takeOverTimers(scheduler);
  takeOverChance(scheduler);
  Reflect.set(globalThis, 'fetch', outside.fetch);
  Reflect.set(
    net,
    'Socket',
    class {
      constructor() {
        // biome-ignore lint/correctness/noConstructorReturn: the driver says `new net.Socket()`.
        return outside.socket();
      }
    },
  );
  syncBuiltinESMExports();
}

function takeOverClock(scheduler: Scheduler): void {
  const RealDate = Date;
  class SimulatedDate extends RealDate {
    constructor(...given: [] | [value: number | string | Date]) {
      super(given.length === 0 ? scheduler.epochMs : given[0]);
    }
    static override now(): number {
      return scheduler.epochMs;
    }
    static override [Symbol.hasInstance](value: unknown): boolean {
      return Object.prototype.toString.call(value) === '[object Date]';
    }
  }
  Reflect.set(globalThis, 'Date', SimulatedDate);
  Object.defineProperty(performance, 'now', { value: () => scheduler.nowMs });
}

function takeOverTimers(scheduler: Scheduler): void {
  const after = (run: (...values: unknown[]) => void, delayMs = 0, ...values: unknown[]) =>
    scheduler.after(Math.max(1, delayMs), () => run(...values));
  const soon = (run: (...values: unknown[]) => void, ...values: unknown[]) =>
    scheduler.after(0, () => run(...values), 'immediate');
  const clear = (timer: unknown): void => {
    if (timer instanceof Timer) timer.cancelled = true;
  };
  const repeat = (): never => {
    throw new Error('The system has no intervals; simulate them before it gets some.');
  };
  Object.assign(globalThis, {
    setTimeout: after,
    clearTimeout: clear,
    setImmediate: soon,
    clearImmediate: clear,
    setInterval: repeat,
  });
  Object.assign(timersPromises, { setTimeout: delayOn(scheduler) });
  Object.assign(AbortSignal, { timeout: timeoutOn(scheduler) });
}

const delayOn =
  (scheduler: Scheduler) =>
  (delayMs = 1, value?: unknown, { signal }: { signal?: AbortSignal } = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const abort = (): void => {
        timer.cancelled = true;
        reject(Object.assign(new Error('The operation was aborted'), { name: 'AbortError', code: 'ABORT_ERR' }));
      };
      const timer = scheduler.after(Math.max(1, delayMs), () => {
        signal?.removeEventListener('abort', abort);
        resolve(value);
      });
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });

const timeoutOn =
  (scheduler: Scheduler) =>
  (delayMs: number): AbortSignal => {
    const controller = new AbortController();
    scheduler.after(delayMs, () => controller.abort(TIMED_OUT));
    return controller.signal;
  };

/** One for all: most fire long after the answer came, and a stack trace is costly. */
const TIMED_OUT = new DOMException('The operation timed out', 'TimeoutError');

function takeOverChance(scheduler: Scheduler): void {
  const fill = <Bytes extends Uint8Array>(bytes: Bytes): Bytes => {
    scheduler.pagesOfChance += 1;
    scheduler.random.fill(bytes);
    return bytes;
  };
  Math.random = () => scheduler.random.next();
  Object.assign(crypto, {
    randomFillSync: fill,
    randomBytes: (size: number) => fill(Buffer.alloc(size)),
    randomUUID: () => {
      const hex = fill(Buffer.alloc(16)).toString('hex');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  });
}
