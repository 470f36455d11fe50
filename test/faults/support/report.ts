import { mkdir, writeFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { formatNumber } from '../../bench/support/format.js';
import type { Finding } from '../fault.js';

export function printFinding(name: string, { figures, violations, impossible }: Finding): void {
  const width = Math.max(0, ...Object.keys(figures).map(({ length }) => length)) + 2;
  const lines = [
    `\n${name}`,
    ...(impossible === undefined ? [] : [`Not brought about. ${impossible}`]),
    ...Object.entries(figures).map(([figure, value]) => figure.padEnd(width) + formatNumber(value).padStart(14)),
    violations.length === 0 ? 'Nothing was violated.' : 'Violated:',
    ...violations.map((violation) => `  ${violation}`),
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Writes `test/faults/results/<name>.json`; gives its path. */
export async function writeFinding(name: string, finding: Finding): Promise<string> {
  const folder = join(dirname(findPackageJSON(import.meta.url) ?? '.'), 'test/faults/results');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  const settings = {
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  await writeFile(file, `${JSON.stringify({ name, settings, ...finding }, null, 2)}\n`);
  return file;
}
