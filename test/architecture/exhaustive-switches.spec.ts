import { beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { openSwitches } from './exhaustive-switches.js';

const root = process.cwd();

/** What the check finds in one file with this text. */
function inText(text: string) {
  const options: ts.CompilerOptions = { strict: true, noLib: true, target: ts.ScriptTarget.ES2022 };
  const host = ts.createCompilerHost(options);
  const file = ts.createSourceFile('/case.ts', text, ts.ScriptTarget.ES2022, true);
  host.getSourceFile = (name) => (name === '/case.ts' ? file : undefined);
  return openSwitches(ts.createProgram(['/case.ts'], options, host), (path) => path === '/case.ts');
}

describe('a switch over a union', () => {
  let program: ts.Program;

  beforeAll(() => {
    const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile);
    const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    program = ts.createProgram(fileNames, options);
  });

  it('ends in never, everywhere', () => {
    const isOurs = (path: string) => path.startsWith(root) && !path.includes('/node_modules/');
    expect(program.getSourceFiles().filter(({ fileName }) => isOurs(fileName)).length).toBeGreaterThan(300);
    expect(openSwitches(program, isOurs).map(({ at, over }) => `${at.slice(root.length + 1)} over ${over}`)).toEqual(
      [],
    );
  });

  it('is noticed where its default takes what is left, and where it has none', () => {
    const union = `type Fact = { type: 'Sold' } | { type: 'Returned' } | { type: 'Lost' };`;
    expect(
      inText(`${union} function f(fact: Fact) { switch (fact.type) { case 'Sold': return 1; default: return 0; } }`),
    ).toEqual([{ at: '/case.ts:1', over: 'fact.type' }]);
    expect(inText(`${union} function f(fact: Fact) { switch (fact.type) { case 'Sold': return 1; } }`)).toHaveLength(1);
  });

  it('passes with never, and so does one over text at large', () => {
    expect(
      inText(
        `function f(a: 'x' | 'y') { switch (a) { case 'x': case 'y': return 1; default: return a satisfies never; } }`,
      ),
    ).toEqual([]);
    expect(inText(`function f(a: string) { switch (a) { case 'x': return 1; default: return 0; } }`)).toEqual([]);
  });
});
