import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const PREFIX = 'einklang-test-';
const STOP_TIMEOUT_MS = 10_000;

declare global {
  /** Set here for jest-global-teardown.ts, which runs in the same process. */
  var removeTestDatabase: (() => Promise<void>) | undefined;
}

/**
 * Names the folder where the first spec that asks for a database starts the server of this run. Nothing starts here:
 * pure specs do not pay for it. Jest loads this file without our module mapping, so it imports from Node only.
 */
export default async function setUp(): Promise<void> {
  await removeAbandoned();
  process.env.EINKLANG_TEST_RUN_PID = String(process.pid);
  if (process.env.TEST_DATABASE_URL) return;
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  process.env.EINKLANG_TEST_DIR = folder;
  globalThis.removeTestDatabase = () => removeTestFolder(folder);
}

/** Stops the PostgreSQL server of a test folder, if there is one, and removes the folder. */
async function removeTestFolder(folder: string): Promise<void> {
  const pidFile = join(folder, 'postgres', 'postmaster.pid');
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (pid && isAlive(pid)) process.kill(pid, 'SIGINT');
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (pid && isAlive(pid) && Date.now() < deadline) await delay(20);
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Folders and servers of runs that were killed. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : 0;
    if (pid && !isAlive(pid)) await removeTestFolder(join(tmpdir(), name));
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
