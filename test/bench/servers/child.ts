import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchDatabase } from '../support/bench-database.js';

/** A server in a process of its own. */
export interface ServerProcess {
  readonly httpUrl: string;
  readonly grpcPort: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export async function startNoOp(): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL('no-op-server.js', import.meta.url)));
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return { httpUrl: url, grpcPort: 0, stop: (signal) => stop(child, signal) };
}

/** All of Einklang as `npm start` runs it, on a database of the benchmark. Resolves when it answers. */
export async function startStandalone({ url, folder }: Pick<BenchDatabase, 'url' | 'folder'>): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL('../../../apps/standalone/src/main.js', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      DATABASE_URL: url,
      EINKLANG_DATA_DIR: folder,
      EINKLANG_HTTP_PORT: '0',
      EINKLANG_GRPC_PORT: '0',
      EINKLANG_LOG_LEVEL: 'fatal',
    },
  });
  const address = await addressOf(child, join(folder, 'running.json'));
  return { ...address, stop: (signal) => stop(child, signal) };
}

/** Runs an operator's command on the same database, and gives what it says. Throws when it fails. */
export async function runOps(
  { url, folder }: Pick<BenchDatabase, 'url' | 'folder'>,
  args: readonly string[],
): Promise<string> {
  const main = fileURLToPath(new URL('../../../apps/ops/src/main.js', import.meta.url));
  const env = { ...process.env, DATABASE_URL: url, EINKLANG_DATA_DIR: folder };
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], { env, maxBuffer: 16 * 1_048_576 });
  return stdout;
}

/** Standalone writes where it is reached when it is ready. */
async function addressOf(child: ChildProcess, file: string): Promise<{ httpUrl: string; grpcPort: number }> {
  const deadline = performance.now() + START_RETRY_FOR_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const running = await readFile(file, 'utf8').catch(() => '');
    // The file of a process that was killed is still there.
    if (running.includes(`"pid":${child.pid},`)) return JSON.parse(running);
    await delay(5);
  }
  child.kill('SIGKILL');
  throw new Error('The standalone app did not start.');
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

const START_RETRY_FOR_MS = 600_000;
