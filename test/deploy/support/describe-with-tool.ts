import { spawnSync } from 'node:child_process';
import { describe } from '@jest/globals';

/** `describe` for specs that need a program which npm does not bring. Without it they are reported as skipped, and why. */
export function describeWithTool(name: string, tool: string, versionArgs: readonly string[], define: () => void): void {
  const { error, status } = spawnSync(tool, versionArgs, { stdio: 'ignore' });
  if (!error && status === 0) {
    describe(name, define);
    return;
  }
  const { skip } = describe;
  skip(`${name} (skipped: there is no ${[tool, ...versionArgs.slice(0, -1)].join(' ')} on the PATH)`, define);
}

/** Runs a program; what it printed is in the error when it fails. */
export function run(tool: string, args: readonly string[], input = ''): string {
  const { error, status, stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8', input, maxBuffer: 67_108_864 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${tool} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}
