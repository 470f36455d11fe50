import { spawnSync } from 'node:child_process';
import { describe } from '@jest/globals';
import { findTool, type ToolName } from '../../tools/tools.js';

/** `describe` for specs that need a program which npm does not bring. Without it they are reported as skipped, and why. */
export function describeWithTool(tool: ToolName, define: () => void): void {
  const found = findTool(tool);
  if ('path' in found) {
    describe(tool, define);
    return;
  }
  const { skip } = describe;
  skip(`${tool} (skipped: ${found.missing})`, define);
}

/** Runs a program; what it printed is in the error when it fails. */
export function run(
  tool: ToolName,
  args: readonly string[],
  { input = '', environment = {} }: { readonly input?: string; readonly environment?: Record<string, string> } = {},
): string {
  const found = findTool(tool);
  if ('missing' in found) throw new Error(found.missing);
  const env = { ...process.env, ...environment };
  const { error, status, stdout, stderr } = spawnSync(found.path, args, {
    encoding: 'utf8',
    input,
    env,
    maxBuffer: 67_108_864,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${tool} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}
