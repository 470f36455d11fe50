import { setTimeout as delay } from 'node:timers/promises';

/** Time of the demo, so that a spec can let it pass. */
export interface DemoTime {
  now(): number;
  /** Rejects when the signal aborts. */
  pause(pauseMs: number, signal: AbortSignal): Promise<void>;
}

export const realTime: DemoTime = {
  now: () => Date.now(),
  pause: (pauseMs, signal) => delay(pauseMs, undefined, { signal }),
};
