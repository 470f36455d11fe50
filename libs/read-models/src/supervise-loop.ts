import { setTimeout as delay } from 'node:timers/promises';
import type { WakeSignal } from '#event-sourcing';
import { DatabaseError } from './database-error.js';
import type { Retries } from './failures.js';
import type { Leases } from './leases.js';

/** In milliseconds; a turn that answers nothing is followed by the next at once. */
// biome-ignore lint/suspicious/noConfusingVoidType: an async function without a return is one of both.
export type WaitMs = number | void;

/** Work that goes on until it is stopped. */
export interface SupervisedWork {
  /** Counts failures, says them once, and pauses longer each time. */
  readonly retries: Retries;
  /** For the line of the log when a turn fails: "sales could not be handed over, will retry". */
  readonly failed: string;
  /**
   * One turn, short or as long as there is something to do. Answers in how many milliseconds the next is due; nothing for at once.
   * Its signal aborts with the loop, and when the lease is lost.
   */
  turn(signal: AbortSignal): Promise<WaitMs>;
  /** Ends the wait for the next turn. */
  readonly wakeSignal?: WakeSignal;
  /** Waits for the next turn in another way, such as for a view to move. */
  wait?(ms: number, signal: AbortSignal): Promise<void>;
  /** Before the pause that follows a failed turn. May answer another error to tell. */
  onFailure?(error: unknown): unknown;
  /** Turns are taken by one process at a time, that which has the lease. */
  readonly lease?: {
    readonly leases: Pick<Leases, 'tryAcquire'>;
    readonly name: string;
    /** How often a process that stands by asks for it. */
    readonly standbyMs: number;
    /** False: this process never asks. */
    readonly wanted?: boolean;
    /** Each time it was not had. */
    onStandby?(): Promise<void> | void;
  };
}

/**
 * The one loop under all background work: has the lease where there is one, takes turns, and after one that failed backs off with
 * jitter. Stops at once when the signal aborts, in the middle of any wait; resolves when the turn in hand is done and the lease free.
 */
export async function superviseLoop(stopping: AbortSignal, work: SupervisedWork): Promise<void> {
  while (!stopping.aborted) {
    try {
      const waitMs = await nextTurn(stopping, work);
      if (waitMs > 0 && !stopping.aborted) await waitFor(waitMs, stopping, work);
    } catch (error) {
      if (stopping.aborted) return;
      const told = work.onFailure?.(error) ?? error;
      await work.retries.pauseAfter(told, work.failed, stopping);
    }
  }
}

/** In how many milliseconds to come again. */
async function nextTurn(stopping: AbortSignal, { lease, turn, retries }: SupervisedWork): Promise<number> {
  if (!lease) return taken(retries, await turn(stopping));
  const { leases, name, standbyMs, wanted = true, onStandby } = lease;
  const held = wanted ? await leases.tryAcquire(name) : undefined;
  if (!held) {
    await onStandby?.();
    return standbyMs;
  }
  try {
    const waitMs = await turn(AbortSignal.any([stopping, held.lost]));
    if (held.lost.aborted) throw new DatabaseError(new Error('The lease was lost with its connection.'));
    return taken(retries, waitMs);
  } finally {
    await held.release();
  }
}

function taken(retries: Retries, waitMs: WaitMs): number {
  retries.succeeded();
  return waitMs ?? 0;
}

async function waitFor(ms: number, signal: AbortSignal, { wakeSignal, wait }: SupervisedWork): Promise<void> {
  if (wait) await wait(ms, signal);
  else if (wakeSignal) await wakeSignal.wait(ms, signal);
  else await delay(ms, undefined, { signal }).catch(() => {});
}

/**
 * Waits for the next turn of work on what a view holds: at least `leastMs`, so that a view that moves often is not looked at each time,
 * and after that until the view moves.
 */
export const waitForView = (
  view: {
    readonly position: number;
    waitUntilPast(position: number, timeoutMs: number, signal: AbortSignal): Promise<void>;
  },
  leastMs: number,
) => {
  let seen = view.position;
  return async (ms: number, signal: AbortSignal): Promise<void> => {
    await delay(Math.min(ms, leastMs), undefined, { signal }).catch(() => {});
    if (ms > leastMs) await view.waitUntilPast(seen, ms - leastMs, signal);
    seen = view.position;
  };
};
