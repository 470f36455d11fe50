import { Command } from 'commander';
import { type CommandFactory, EXIT, EXIT_CODES, examples, wholeNumberFrom } from '../command.js';
import type { Terminal } from '../console/terminal.js';
import { type OpenDatabase, withDatabase } from '../database/with-database.js';

export interface ParkedDependencies {
  readonly openDatabase: OpenDatabase;
  readonly terminal: Terminal;
}

export const parkedCommand: CommandFactory<ParkedDependencies> = ({ openDatabase, terminal }, exitWith) => {
  const list = new Command('list')
    .description('Lists them, in the order of the log per reaction.')
    .option('--runner <name>', 'of this reaction only')
    .option('--limit <count>', 'show at most this many', wholeNumberFrom(1), 100)
    .option('--json', 'one JSON object per line', false)
    .addHelpText('after', help(['parked list', 'parked list --runner when-an-order-changes-follow-with-stock --json']))
    .action(async (flags: { runner?: string; limit: number; json: boolean }) => {
      const { listParked } = await import('./parked.js');
      await withDatabase(openDatabase, (db) => listParked(db, flags, terminal));
    });
  const retry = new Command('retry')
    .description('Has the reaction try them again, in the order of the log, until one of a stream fails again.')
    .argument('<runner>', 'name of the reaction, as `list` shows it')
    .option('--stream <stream>', 'of this stream only')
    .addHelpText(
      'after',
      `\nThe process that runs the reaction does it within about a second; \`list\` shows what is left.\n${help(['parked retry when-an-order-changes-follow-with-stock --stream order-ebay.4711'])}`,
    )
    .action(async (runner: string, flags: { stream?: string }) => {
      const { retryParked } = await import('./parked.js');
      const events = await withDatabase(openDatabase, (db) => retryParked(db, runner, flags.stream, terminal));
      exitWith(events > 0 ? EXIT.ok : EXIT.failed);
    });
  return new Command('parked')
    .description(
      'Events that a reaction could not handle, and those that wait behind them: lists them, has them tried again.',
    )
    .addHelpText(
      'after',
      `\nThey lie in the database of the service, DATABASE_URL, or of the data directory.\n${help(['parked list'])}`,
    )
    .addCommand(list)
    .addCommand(retry);
};

const help = (lines: readonly string[]): string => `${examples(lines)}\n${EXIT_CODES}`;
