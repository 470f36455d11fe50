import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

const heartbeatMs = 1000;
const staleAfterMs = 15_000;
const pollMs = 200;

/**
 * Runs `work` while holding the lock file, so that two launchers do not install or build at once. Waits for another
 * holder and says so once through `onWait`. A holder that died or has shown no sign of life for 15 s loses the lock.
 */
export async function withLock(path, onWait, work) {
  const content = JSON.stringify({ pid: process.pid, host: hostname(), token: randomUUID() });
  for (let waited = false; !tryCreate(path, content); waited = true) {
    if (removeIfStale(path)) continue;
    if (!waited) onWait();
    await delay(pollMs);
  }
  const heartbeat = setInterval(() => touch(path), heartbeatMs);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if (read(path)?.content === content) rmSync(path, { force: true });
  }
}

function tryCreate(path, content) {
  try {
    writeFileSync(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Renaming is the vote: of several launchers that saw the same dead lock, one gets it out of the way. */
function removeIfStale(path) {
  const found = read(path);
  if (!found) return true;
  if (!isStale(found)) return false;
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return true;
    throw error;
  }
  // Another launcher may have replaced the dead lock between our look and our rename: give it back.
  if (read(aside)?.content !== found.content) linkSync(aside, path);
  rmSync(aside, { force: true });
  return true;
}

function isStale({ content, ageMs }) {
  if (ageMs > staleAfterMs) return true;
  try {
    const { pid, host } = JSON.parse(content);
    return host === hostname() && !isAlive(pid);
  } catch {
    return false; // Created a moment ago and not yet written.
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function read(path) {
  try {
    return { content: readFileSync(path, 'utf8'), ageMs: Date.now() - statSync(path).mtimeMs };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // It was removed by hand. Nothing of ours depends on it before the work ends.
  }
}
