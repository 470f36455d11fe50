import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts a TypeScript file of this repository in a process of its own, for specs that kill it. Standard error is shown. */
export function spawnTypeScript(file: URL, args: readonly string[]): ChildProcess {
  const hooks = new URL('./typescript-hooks.ts', import.meta.url);
  return spawn(process.execPath, ['--import', hooks.href, fileURLToPath(file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** kill -9, and wait until it is gone. */
export async function killHard(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
