import { installTool, TOOL_NAMES } from './tools.js';

// Installs the programs of others that check ours: helm, promtool, schemathesis and the like. Says of each where it is, or why it is not.

for (const name of TOOL_NAMES) {
  const startedMs = performance.now();
  try {
    const path = await installTool(name);
    process.stdout.write(`${name}: ${path} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)\n`);
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
