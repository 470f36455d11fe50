import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { JsonClient } from '#client';

export const statusSchema = z.object({
  /** Position of the last event of the log. */
  head: z.int().min(0),
  /** Resident memory of the system's process. */
  memoryBytes: z.int().min(0),
  runners: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      position: z.int().min(0),
      lag: z.int().min(0),
      /** Events a reaction could not handle. */
      parked: z.int().min(0).default(0),
    }),
  ),
});
export type SystemStatus = z.output<typeof statusSchema>;

export const readStatus = (api: JsonClient): Promise<SystemStatus> => api.get('/v1/status', statusSchema);

/**
 * Waits until every view and every reaction has seen the whole log but for `lagAtMost` events, and answers that state.
 * Reactions write events themselves, so the end of the log may move while one waits. Throws when nothing has moved for
 * `stuckAfterMs`.
 */
export async function waitUntilCaughtUp(
  api: JsonClient,
  options: {
    readonly onStatus?: (status: SystemStatus) => void;
    readonly signal?: AbortSignal;
    readonly stuckAfterMs?: number;
    readonly lagAtMost?: number;
  } = {},
): Promise<SystemStatus> {
  const { onStatus = () => {}, signal, stuckAfterMs = 60_000, lagAtMost = 0 } = options;
  let seen = '';
  let movedAt = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    const status = await readStatus(api);
    onStatus(status);
    const behind = status.runners.filter(({ position, lag }) => Math.max(lag, status.head - position) > lagAtMost);
    if (behind.length === 0) return status;
    const now = JSON.stringify([status.head, behind]);
    if (now !== seen) movedAt = performance.now();
    seen = now;
    if (performance.now() - movedAt > stuckAfterMs) {
      throw new Error(
        `These do not get on any more: ${behind.map(({ name, position }) => `${name} at ${position}`).join(', ')} of ${status.head}.`,
      );
    }
    await delay(POLL_MS, undefined, { signal });
  }
}

const POLL_MS = 100;
