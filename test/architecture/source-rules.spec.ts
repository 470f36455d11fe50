import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Line {
  readonly path: string;
  readonly text: string;
}

const clocksAndDice = /\bDate\.now\(|\bnew Date\(\s*\)|\bMath\.random\(|\brandomUUID\(|\bperformance\.now\(/;
const asksWhichStore = /\batomicAcrossStreams\b/;
const printing = /\bconsole\.(log|info|debug|table)\(/;

const aggregateFile = /^apps\/(?!ops\/|standalone\/|console\/)[^/]+\/src\/([^/]+)\/\1\.ts$/;
const decisionFile = /\.(decide|evolve|state)\.ts$/;
const appSource = /^apps\/[^/]+\/src\//;
const maySpeakToTheTerminal = /^(apps\/(ops|standalone)|deploy|test)\//;

describe('source rules', () => {
  it('decisions and folds read no clock and roll no dice', () => {
    const decisions = sourceFiles().filter((path) => decisionFile.test(path) || aggregateFile.test(path));

    expect(decisions.length).toBeGreaterThan(5);
    expect(linesMatching(decisions, clocksAndDice)).toEqual([]);
  });

  it("no app asks which store it has: commands over several streams are the library's", () => {
    const apps = sourceFiles().filter((path) => appSource.test(path));

    expect(apps.length).toBeGreaterThan(100);
    expect(linesMatching(apps, asksWhichStore)).toEqual([]);
  });

  it.each(['if (this.store.atomicAcrossStreams) await all();', 'const { atomicAcrossStreams } = store;'])(
    'would notice "%s" in an app',
    (text) => {
      expect(text).toMatch(asksWhichStore);
    },
  );

  it('only the programs a person starts print to the terminal', () => {
    const quiet = sourceFiles().filter((path) => !maySpeakToTheTerminal.test(path));

    expect(quiet.length).toBeGreaterThan(20);
    expect(linesMatching(quiet, printing)).toEqual([]);
  });

  it('every app and library has a README', () => {
    const folders = ['apps', 'libs'].flatMap((top) => readdirSync(top).map((name) => join(top, name)));
    const withSource = folders.filter((folder) => existsSync(join(folder, 'src')));

    expect(withSource.length).toBeGreaterThan(5);
    expect(withSource.filter((folder) => !existsSync(join(folder, 'README.md')))).toEqual([]);
  });

  it.each([
    'const at = Date.now();',
    'const at = new Date();',
    'return Math.random() < 0.5;',
    'const id = crypto.randomUUID();',
  ])('would notice "%s" in a decision', (text) => {
    expect(text).toMatch(clocksAndDice);
  });

  it.each(['new Date(command.occurredAt)', 'toUpdate.now()', 'idFrom(command.id)'])('lets "%s" pass', (text) => {
    expect(text).not.toMatch(clocksAndDice);
  });

  it.each(['apps/inventory/src/stock/stock.ts', 'apps/inventory/src/stock/stock.decide.ts'])(
    'takes %s for a decision',
    (path) => {
      expect(decisionFile.test(path) || aggregateFile.test(path)).toBe(true);
    },
  );
});

function sourceFiles(): string[] {
  return globSync('{apps,libs,test}/**/*.ts').filter((path) => !path.endsWith('.spec.ts'));
}

function linesMatching(paths: readonly string[], pattern: RegExp): Line[] {
  return paths.flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((text) => pattern.test(text))
      .map((text) => ({ path, text: text.trim() })),
  );
}
