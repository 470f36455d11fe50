/** Where time comes from. Decisions never read it: the runner hands it in. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** An instant as stored in events and answered by APIs: ISO 8601, UTC, milliseconds. */
export function toIso(epochMs: number): string {
  // Thousands of events share a millisecond under load, and formatting one costs about a microsecond.
  if (epochMs !== last.epochMs) last = { epochMs, iso: new Date(epochMs).toISOString() };
  return last.iso;
}

let last = { epochMs: 0, iso: '1970-01-01T00:00:00.000Z' };
