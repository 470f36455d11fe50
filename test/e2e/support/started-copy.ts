import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/**
 * Fills a data directory with what a first start leaves there. That is made once per test run, by the spec that needs it first, and
 * copied then: to copy takes a tenth of the time of a first start. Leaves the directory empty where there is no folder of a
 * test run, or no `cp` that keeps owners.
 */
export async function copyStarted(dataDir: string, startOnce: (folder: string) => Promise<void>): Promise<void> {
  const folder = process.env.EINKLANG_TEST_DIR;
  if (folder === undefined || process.platform === 'win32') return;
  const started = join(folder, 'started');
  while (!existsSync(started)) await makeOrWait(started, startOnce);
  await promisify(execFile)('cp', ['-a', `${started}/.`, dataDir]);
}

/** One worker makes it; the others wait until it is there, or until that one has given up. */
async function makeOrWait(started: string, startOnce: (folder: string) => Promise<void>): Promise<void> {
  const draft = `${started}.draft`;
  const turn = await mkdir(`${started}.turn`).then(
    () => true,
    () => false,
  );
  if (!turn) return delay(POLL_MS);
  try {
    if (existsSync(started)) return;
    await mkdir(draft, { recursive: true });
    await startOnce(draft);
    await rename(draft, started);
  } finally {
    await rmdir(`${started}.turn`);
  }
}

const POLL_MS = 50;
