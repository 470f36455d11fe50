import type { FaultRun } from '../fault.js';

/** For specs, which nothing watches. */
export const quietly: FaultRun = { progress: () => {}, signal: new AbortController().signal };
