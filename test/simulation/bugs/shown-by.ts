import { readFileSync, writeFileSync } from 'node:fs';

/** How a bug showed last. */
export interface Shown {
  readonly seed: number;
  readonly invariant: string;
}

/** By the name of the bug. */
export function shownBy(): Readonly<Record<string, Shown>> {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

export function noteShown(bug: string, shown: Shown): void {
  writeFileSync(FILE, `${JSON.stringify({ ...shownBy(), [bug]: shown }, null, 2)}\n`);
}

/** Beside the source of this file, which was compiled to `dist`. */
const FILE = new URL('../../../../test/simulation/bugs/shown-by.json', import.meta.url);
