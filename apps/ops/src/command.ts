import { type Command, InvalidArgumentError, Option } from 'commander';
// Not by the name of the library: that would load every schema, and ops starts small.
import { serviceNames } from '../../../libs/contracts/src/services.js';

/** All is well; there are differences, or it failed; it was called in a way that cannot work. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Makes a command of the command line from what it works with. It tells its exit code where that is not 0. */
export type CommandFactory<Dependencies> = (dependencies: Dependencies, exitWith: (code: ExitCode) => void) => Command;

export const EXIT_CODES = `Exit codes:
  0  all is well
  1  there are differences, something was refused or failed, or it was stopped
  2  the command was called in a way that cannot work
`;

/** For commands that look at views: those of one service, whose database DATABASE_URL is then. */
export const serviceOption = (): Option =>
  new Option('--service <name>', 'the views of this service only, where each has a database of its own').choices(
    serviceNames,
  );

/** The part of a help text that shows command lines, each without `npm run ops --`. */
export const examples = (lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  npm run ops -- ${line}\n`).join('')}`;

/** Reads an option that is a whole number of at least `least`. */
export const wholeNumberFrom =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
  };
