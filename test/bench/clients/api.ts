import { setTimeout as delay } from 'node:timers/promises';

/** One call of the REST API. Throws for an answer that is not 2xx. */
export async function call(url: string, method: string, path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
}

/** Resolves when every view and process has reached the end of the log. */
export async function caughtUp(url: string, signal: AbortSignal, patienceMs = 60_000): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const response = await fetch(`${url}/v1/status`, { signal });
    const { runners } = (await response.json()) as { runners: { lag: number }[] };
    if (runners.every(({ lag }) => lag === 0)) return;
    await delay(20, undefined, { signal });
  }
  throw new Error(`The views did not catch up within ${patienceMs / 1_000} s.`);
}

/** Processor time that a server has used so far, in microseconds, as its metrics tell it. */
export async function cpuMicros(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const seconds = /^process_cpu_seconds_total (\S+)/m.exec(metrics)?.[1];
  if (seconds === undefined) throw new Error(`${url} does not tell its processor time.`);
  return Number(seconds) * 1e6;
}
