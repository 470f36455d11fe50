import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunningSystem, StartSystem } from './system.js';

/** The system of a data directory, for one command. */
export interface SystemInUse extends RunningSystem {
  /** True when it runs in this process, for this command only. */
  readonly isOurs: boolean;
}

/**
 * The system that runs on `dataDir`, or one started here. A running one is known by `<dataDir>/running.json`, which it
 * writes when it starts; the file counts only while that process lives and answers.
 */
export async function useSystem(dataDir: string, start: StartSystem): Promise<SystemInUse> {
  const httpUrl = await runningSystemUrl(dataDir);
  if (httpUrl !== undefined) return { httpUrl, isOurs: false, stop: async () => {} };
  const system = await start({ dataDir, httpPort: 0 });
  return { httpUrl: system.httpUrl, isOurs: true, stop: () => system.stop() };
}

/** Where the system of a data directory answers; undefined when none does. */
export async function runningSystemUrl(dataDir: string): Promise<string | undefined> {
  const running = await readRunningFile(join(dataDir, 'running.json'));
  if (!running || !isAlive(running.pid)) return undefined;
  const httpUrl = running.httpUrl.replace(/\/$/, '');
  return (await isLive(httpUrl)) ? httpUrl : undefined;
}

const runningFile = z.object({ pid: z.int().positive(), httpUrl: z.url({ protocol: /^https?$/ }) });
const LIVE_TIMEOUT_MS = 5_000;

async function readRunningFile(path: string): Promise<z.output<typeof runningFile> | undefined> {
  try {
    return runningFile.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch {
    return undefined; // Absent, or half-written by a system that is just starting: the lock on the log sorts that out.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function isLive(httpUrl: string): Promise<boolean> {
  try {
    const answer = await fetch(`${httpUrl}/health/live`, { signal: AbortSignal.timeout(LIVE_TIMEOUT_MS) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
