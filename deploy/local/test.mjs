import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child-process.mjs';
import { compileCache, nodePath, root } from './prepare.mjs';

const resultsPath = join(root, 'coverage/jest-results.json');

const staticChecks = [
  ['Format and lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings']],
  ['Types', ['node_modules/typescript/bin/tsc', '-p', '.']],
  [
    'Import rules',
    [
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      '--config',
      'dist/test/architecture/import-rules.js',
      'apps',
      'libs',
      'test',
    ],
  ],
];

/** The static checks, then every test; stops at the first step that fails. Gives the exit code. */
export async function runTests() {
  const exitCode = await runStaticChecks();
  if (exitCode !== 0) {
    printSummary({ passed: 0, failed: 1, skipped: 0 });
    return exitCode;
  }
  return runJest([]);
}

/** Format, lint, types and import rules; stops at the first that fails. Gives the exit code. */
export async function runStaticChecks() {
  for (const [title, args] of staticChecks) {
    const exitCode = await runStep(title, args);
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}

/** Runs jest with these arguments. The last line printed is the count. Gives the exit code. */
export async function runJest(args) {
  mkdirSync(join(root, 'coverage'), { recursive: true });
  rmSync(resultsPath, { force: true });
  const exitCode = await runStep('Tests', [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--json',
    `--outputFile=${resultsPath}`,
    ...args,
  ]);
  const counts = countResults(exitCode);
  printSummary(counts);
  if (exitCode !== 0) return exitCode;
  return counts.failed > 0 || counts.passed === 0 ? 1 : 0;
}

async function runStep(title, args) {
  const startedMs = performance.now();
  console.log(`\n── ${title}`);
  const env = {
    ...process.env,
    // The launcher has built what changed, so programs that specs start need not be made from the sources again.
    EINKLANG_TEST_BUILD: 'fresh',
    NODE_COMPILE_CACHE: compileCache,
  };
  const { exitCode } = await run(nodePath, args, { cwd: root, env });
  const took = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(
    exitCode === 0 ? `── ${title}: fine, ${took} s` : `── ${title}: failed with code ${exitCode} after ${took} s`,
  );
  return exitCode;
}

/** A file of tests that could not even be loaded counts as one failed test: otherwise the line would read as a success. */
function countResults(exitCode) {
  const results = readResults();
  const failed = results ? results.numFailedTests + results.numRuntimeErrorTestSuites : 0;
  return {
    passed: results?.numPassedTests ?? 0,
    failed: exitCode !== 0 ? Math.max(failed, 1) : failed,
    skipped: results ? results.numPendingTests + results.numTodoTests : 0,
  };
}

function readResults() {
  try {
    return JSON.parse(readFileSync(resultsPath, 'utf8'));
  } catch {
    return undefined; // Jest stopped before it could count.
  }
}

function printSummary({ passed, failed, skipped }) {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
}
