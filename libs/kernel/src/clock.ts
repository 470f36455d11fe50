/** Where time comes from. Decisions never read it: the runner hands it in. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** An instant as stored in events and answered by APIs: ISO 8601, UTC, milliseconds. */
export const toIso = (epochMs: number): string => new Date(epochMs).toISOString();
