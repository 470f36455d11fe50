import { setTimeout as delay } from 'node:timers/promises';

/** Resolves once the condition holds, asking again and again; rejects with the text of the condition after `timeoutMs`. */
export async function eventually(condition: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`Still not so after ${timeoutMs} ms: ${condition.toString()}`);
    await delay(LOOK_AGAIN_MS);
  }
}

const LOOK_AGAIN_MS = 5;
