/**
 * Pause before the next attempt after `failures` in a row: exponential with full jitter, so that many who failed together
 * do not come back together. `random` gives 0 (inclusive) to 1 (exclusive).
 */
export function backOffMs(failures: number, random: () => number, baseMs = 200, maxMs = 30_000): number {
  const ceilingMs = Math.min(maxMs, baseMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.ceil(random() * ceilingMs);
}
