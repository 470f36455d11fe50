import { spawn } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { plantedBugs } from './bugs/index.js';

const SEEDS = 1_000;
/** Within so many seeds every planted bug must show. */
const SEEDS_PER_BUG = 400;
const CALM_DAYS = 6;
const WORKERS = 2;
const LIMIT_MS = 30 * 60_000;

describe('the simulation', () => {
  it(
    `breaks no invariant in ${SEEDS} brief storms, and does the same for the same seed`,
    async () => {
      const share = SEEDS / WORKERS;
      const runs = Array.from({ length: WORKERS }, (_, worker) =>
        simulate('--brief', '--from', String(1 + worker * share), '--seeds', String(share), '--verbose'),
      );
      const ended = await Promise.all(runs);
      for (const { output, exitCode } of ended) {
        expect(output).toContain(`${share} seeds, 0 failed`);
        expect(exitCode).toBe(0);
      }
      // Whatever ran before it, a seed is the same.
      const { output } = await simulate('--brief', '--seed', '3');
      expect(ended[0]?.output).toContain(lineOf(3, output));
    },
    LIMIT_MS,
  );

  it(
    'does the same for the same seed, whatever ran before it',
    async () => {
      const [alone, third] = await Promise.all([
        simulate('--seed', '3'),
        simulate('--from', '1', '--seeds', '3', '--verbose'),
      ]);
      expect(third.output).toContain(lineOf(3, alone.output));
    },
    LIMIT_MS,
  );

  it(
    `breaks no invariant in ${CALM_DAYS} days of a small retailer, and does the same for the same seed`,
    async () => {
      const [days, alone] = await Promise.all([
        simulate('--calm', '1', '--seeds', String(CALM_DAYS), '--verbose'),
        simulate('--calm', '1', '--seed', '3'),
      ]);
      expect(days.output).toContain(`${CALM_DAYS} seeds, 0 failed`);
      expect(days.output).toContain(lineOf(3, alone.output));
    },
    LIMIT_MS,
  );

  it(
    'has a seam for each fault of a planted bug',
    async () => {
      const { output } = await simulate('--bug', '--seeds', '0');
      const lines = output.split('\n').filter((line) => line.startsWith('{'));
      expect(lines).toHaveLength(plantedBugs.length);
      expect(lines.filter((line) => line.includes('No seam'))).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    `finds each of ${plantedBugs.length} planted bugs`,
    async () => {
      expect(plantedBugs.length).toBeGreaterThanOrEqual(30);
      const names = plantedBugs.map(({ name }) => name);
      const runs = Array.from({ length: WORKERS }, (_, worker) =>
        simulate('--seeds', String(SEEDS_PER_BUG), '--bug', ...names.filter((__, index) => index % WORKERS === worker)),
      );
      const outputs = await Promise.all(runs);
      const lines = outputs.flatMap(({ output }) => output.split('\n').filter((line) => line.startsWith('{')));
      const found = lines
        .map((line): { bug: string; found: boolean; seeds: number } => JSON.parse(line))
        .toSorted((a, b) => b.seeds - a.seeds);
      process.stdout.write(
        `${found.map(({ bug, seeds }) => `${String(seeds).padStart(5)} seeds: ${bug}`).join('\n')}\n`,
      );
      expect(found.filter((each) => !each.found)).toEqual([]);
      expect(found.map(({ bug }) => bug).toSorted()).toEqual(names.toSorted());
    },
    LIMIT_MS,
  );
});

/** What a run says of a seed: its hash, and how many events it had. */
function lineOf(seed: number, output: string): string {
  const [line = 'nothing'] = new RegExp(`seed ${seed}: .*`).exec(output) ?? [];
  expect(line).toMatch(/^seed \d+: [0-9a-f]{8}\/\d+, \d+ events$/);
  return line;
}

/** Runs the program in a process of its own: it takes over the clock of the whole process. */
function simulate(...given: string[]): Promise<{ readonly output: string; readonly exitCode: number | null }> {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/test/simulation/main.js', ...given], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ output, exitCode }));
  });
}
