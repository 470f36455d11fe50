import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunningSystem, StartSystem, SystemOptions } from './system.js';

/** The system of a data directory, for one command. */
export interface SystemInUse extends RunningSystem {
  /** True when it runs in this process, for this command only. */
  readonly isOurs: boolean;
}

/**
 * The system that runs on `dataDir`, or one started here. A running one is known by `<dataDir>/running.json`, which it
 * writes when it starts; the file counts only while that process lives and answers.
 */
export async function useSystem(
  dataDir: string,
  start: StartSystem,
  { needsShop = false }: Partial<Pick<SystemOptions, 'needsShop'>> = {},
): Promise<SystemInUse> {
  const running = await runningSystem(dataDir);
  if (running) return { ...running, isOurs: false, stop: async () => {} };
  const system = await start({ dataDir, httpPort: 0, needsShop });
  const { httpUrl, shopUrl } = system;
  return { httpUrl, ...(shopUrl !== undefined && { shopUrl }), isOurs: true, stop: () => system.stop() };
}

/** Where the system of a data directory answers; undefined when none does. */
async function runningSystem(dataDir: string): Promise<Omit<RunningSystem, 'stop'> | undefined> {
  const running = await readRunningFile(join(dataDir, 'running.json'));
  if (!running || !isAlive(running.pid)) return undefined;
  const httpUrl = running.httpUrl.replace(/\/$/, '');
  if (!(await isLive(httpUrl))) return undefined;
  return { httpUrl, ...(running.shopUrl !== undefined && { shopUrl: running.shopUrl }) };
}

const address = z.url({ protocol: /^https?$/ });
const runningFile = z.object({ pid: z.int().positive(), httpUrl: address, shopUrl: address.optional() });
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
