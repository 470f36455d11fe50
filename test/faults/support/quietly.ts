import type { FaultRun } from '../fault.js';

/** For specs: nobody watches. */
export const quietly: FaultRun = { progress: () => {}, signal: new AbortController().signal };
