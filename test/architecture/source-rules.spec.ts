import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { reachedFrom } from './decider-reach.js';

interface Line {
  readonly path: string;
  readonly text: string;
}

const clocksAndDice = /\bDate\.now\(|\bnew Date\(\s*\)|\bMath\.random\(|\brandomUUID\(|\bperformance\.now\(/;
const asksWhichStore = /\batomicAcrossStreams\b/;
/** `view_stock.stock`, and the schema of a view by its name. */
const tablesOfViews = /\bview_[a-z_]+\.|\bschemaOf\(/;
const printing = /\bconsole\.(log|info|debug|table)\(/;

const aggregateFile = /^apps\/(?!ops\/|standalone\/|console\/)[^/]+\/src\/([^/]+)\/\1\.ts$/;
const decisionFile = /\.(decide|decider|evolve|state)\.ts$/;
const appSource = /^apps\/[^/]+\/src\//;
const maySpeakToTheTerminal = /^(apps\/(ops|standalone)|deploy|test)\//;

/** What a decision may import beside files of its service. */
const domain = new Set(['#kernel', '#event-sourcing', '#contracts', 'tinyqueue', 'zod']);

const decisions = sourceFiles().filter(
  (path) => path.startsWith('apps/') && (decisionFile.test(path) || aggregateFile.test(path)),
);
const decisionsReached = reachedFrom(decisions);

describe('source rules', () => {
  it('decisions and folds read no clock and roll no dice, nor does any file they reach', () => {
    const paths = decisionsReached.map(({ path }) => path);

    expect(paths.length).toBeGreaterThan(decisions.length);
    expect(linesMatching(paths, clocksAndDice)).toEqual([]);
  });

  it('decisions and folds reach nothing but the domain: no framework, no input or output', () => {
    const impure = decisionsReached.filter(({ imports }) => imports.some((name) => !domain.has(name)));

    expect(impure).toEqual([]);
  });

  it('only a view knows its tables: commands and processes ask it through a query', () => {
    const writeSide = sourceFiles().filter(
      (path) =>
        /^apps\/(?!ops\/|standalone\/)/.test(path) && !path.includes('/views/') && !path.endsWith('exceptions.ts'),
    );

    expect(writeSide.length).toBeGreaterThan(100);
    expect(linesMatching(writeSide, tablesOfViews)).toEqual([]);
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

  it.each(['select 1 from view_stock.stock', 'schemaOf(stockProjection.name)'])(
    'would notice "%s" in a process',
    (text) => {
      expect(text).toMatch(tablesOfViews);
    },
  );

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

describe('what a decision reaches', () => {
  let root = '';

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'einklang-reach-'));
    const files = {
      'stock/stock.decide.ts': "import { priced } from '../prices.js';\nimport type { Row } from '../rows.js';",
      'prices.ts': "import { tax } from './tax/tax.js';\nimport { money } from '#kernel';\nexport const priced = 1;",
      'tax/tax.ts': "import { readFileSync } from 'node:fs';\nexport { rate } from './rate.js';",
      'tax/rate.ts': 'export const rate = Date.now();',
      'rows.ts': "import { query } from '#read-models';",
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('is every file it imports values from, round any corner, and no file of types alone', () => {
    expect(reachedFrom(['stock/stock.decide.ts'], root)).toEqual([
      { path: 'prices.ts', imports: ['#kernel'] },
      { path: 'stock/stock.decide.ts', imports: [] },
      { path: 'tax/rate.ts', imports: [] },
      { path: 'tax/tax.ts', imports: ['node:fs'] },
    ]);
  });
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
