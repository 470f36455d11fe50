import { readFileSync } from 'node:fs';
import { run } from '../tools/run.js';

/** Every operation of OpenAPI in four phases of schemathesis: examples, the edges of every schema, chance, and sequences. */
export async function askByRest(schemathesis: string, httpUrl: string, folder: string): Promise<Tally> {
  const report = `${folder}/schemathesis.xml`;
  const args = ['--config-file', 'test/contract/schemathesis.toml', 'run', `${httpUrl}/docs-json`, '--checks', 'all'];
  const { exitCode } = await run(schemathesis, [...args, '--report-junit-path', report], {
    show: true,
    environment: { HYPOTHESIS_STORAGE_DIRECTORY: `${folder}/hypothesis` },
  });
  const { tests, failures, errors } = totalsIn(readFileSync(report, 'utf8'));
  const failed = Math.max(failures + errors, exitCode === 0 ? 0 : 1);
  return { passed: tests - Math.min(tests, failed), failed };
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** Of the first element of a JUnit report. */
function totalsIn(xml: string): { readonly tests: number; readonly failures: number; readonly errors: number } {
  const root = /<testsuites[^>]*>/.exec(xml)?.[0] ?? '';
  const total = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1] ?? Number.NaN);
  const totals = { tests: total('tests'), failures: total('failures'), errors: total('errors') };
  if (Object.values(totals).some(Number.isNaN))
    throw new Error(`schemathesis wrote another report than JUnit: ${root}`);
  return totals;
}
