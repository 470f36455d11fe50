import { mkdir, writeFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bench, Result } from './benchmark.js';
import { chartSvg } from './chart.js';
import { formatNumber } from './format.js';
import type { Figure } from './measurements.js';

export type Settings = Readonly<Record<string, string | number>>;

/** Under what the figures hold: durability as the server told it, the machine, and how long was measured. */
export const settingsOf = ({ database, rounds, seconds }: Bench): Settings => ({
  ...database.settings,
  cores: availableParallelism(),
  processor: cpus()[0]?.model ?? 'unknown',
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  rounds,
  secondsPerMeasurement: seconds,
});

export function printReport(
  name: string,
  figures: readonly Figure[],
  ratios: readonly Figure[],
  settings: Settings,
): void {
  const lines = [
    `\n${name}`,
    ...table('figure', figures),
    ...(ratios.length > 0 ? ['', ...table('ratio (per round)', ratios)] : []),
    '',
    Object.entries(settings)
      .map(([key, value]) => `${key} ${value}`)
      .join(', '),
    '',
  ];
  process.stdout.write(lines.join('\n'));
}

function table(heading: string, figures: readonly Figure[]): string[] {
  const rows = [
    [heading, 'median', 'min', 'max'],
    ...figures.map(({ name, median, min, max }) => [name, ...[median, min, max].map(formatNumber)]),
  ];
  const width = Math.max(...rows.map(([first]) => first?.length ?? 0)) + 2;
  return rows.map(
    ([first = '', ...numbers]) => first.padEnd(width) + numbers.map((cell) => cell.padStart(14)).join(''),
  );
}

/** Writes `<name>.json` and `<name>.svg` below test/bench/results; gives the folder. */
export async function writeResults(
  name: string,
  figures: readonly Figure[],
  { ratios, charts }: Result,
  settings: Settings,
): Promise<string> {
  const folder = join(dirname(findPackageJSON(import.meta.url) ?? '.'), 'test/bench/results');
  await mkdir(folder, { recursive: true });
  const json = { name, settings, figures: mediansOf(figures), ratios: mediansOf(ratios) };
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(json, null, 2)}\n`);
  await writeFile(join(folder, `${name}.svg`), chartSvg(name, charts));
  return folder;
}

const mediansOf = (figures: readonly Figure[]): Record<string, number> =>
  Object.fromEntries(figures.map(({ name, median }) => [name, Number(median.toPrecision(6))]));
