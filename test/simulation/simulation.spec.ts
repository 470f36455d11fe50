import { spawn } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { plantedBugs } from './bugs/index.js';

const SEEDS = 1_000;
/** Within so many seeds every planted bug must show. */
const SEEDS_PER_BUG = 150;
const WORKERS = 2;
const LIMIT_MS = 30 * 60_000;

describe('the simulation', () => {
  it(
    `breaks no invariant in ${SEEDS} seeds`,
    async () => {
      const share = SEEDS / WORKERS;
      const runs = Array.from({ length: WORKERS }, (_, worker) =>
        simulate('--brief', '--from', String(1 + worker * share), '--seeds', String(share)),
      );
      for (const { output, exitCode } of await Promise.all(runs)) {
        expect(output).toContain(`${share} seeds, 0 failed`);
        expect(exitCode).toBe(0);
      }
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
      const [line = 'nothing'] = /seed 3: .*/.exec(alone.output) ?? [];
      expect(line).toMatch(/^seed 3: [0-9a-f]{8}\/\d+, \d+ events$/);
      expect(third.output).toContain(line);
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
