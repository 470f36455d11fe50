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
    .description('Lists them, in the order of the log per view or process.')
    .option('--runner <name>', 'of this view or process only')
    .option('--limit <count>', 'show at most this many', wholeNumberFrom(1), 100)
    .option('--json', 'one JSON object per line', false)
    .addHelpText('after', help(['parked list', 'parked list --runner when-an-order-changes-follow-with-stock --json']))
    .action(async (flags: { runner?: string; limit: number; json: boolean }) => {
      const { listParked } = await import('./parked.js');
      await withDatabase(openDatabase, (db) => listParked(db, flags, terminal));
    });
  const retry = new Command('retry')
    .description('Has the view or process try them again, in the order of the log, until one of a stream fails again.')
    .argument('<runner>', 'name of the view or process, as `list` shows it')
    .option('--stream <stream>', 'of this stream only')
    .addHelpText(
      'after',
      `\nThe process at work on it does so within about a second; \`list\` shows what is left.\n${help(['parked retry when-an-order-changes-follow-with-stock --stream order-ebay.4711'])}`,
    )
    .action(async (runner: string, flags: { stream?: string }) => {
      const { retryParked } = await import('./parked.js');
      const events = await withDatabase(openDatabase, (db) => retryParked(db, runner, flags.stream, terminal));
      exitWith(events > 0 ? EXIT.ok : EXIT.failed);
    });
  const skip = new Command('skip')
    .description('Has the view or process do without an event, or without all that is parked of a stream.')
    .argument('<runner>', 'name of the view or process, as `list` shows it')
    .argument('<stream or position>', 'a position leaves out this event only, and what waits behind it is taken in')
    .addHelpText(
      'after',
      `\nThis is permanent: a rebuild leaves the same events out, and \`list\` goes on showing them.
${help(['parked skip stock 4711', 'parked skip stock stock-85123A'])}`,
    )
    .action(async (runner: string, what: string) => {
      const { skipEvents } = await import('./parked.js');
      const events = await withDatabase(openDatabase, (db) => skipEvents(db, runner, what, terminal));
      exitWith(events > 0 ? EXIT.ok : EXIT.failed);
    });
  return new Command('parked')
    .description(
      'Events that a view or process could not handle, and those that wait behind them: lists them, has them tried again, gets past them.',
    )
    .addHelpText(
      'after',
      `\nThey lie in the database of the service, DATABASE_URL, or of the data directory.\n${help(['parked list'])}`,
    )
    .addCommand(list)
    .addCommand(retry)
    .addCommand(skip);
};

const help = (lines: readonly string[]): string => `${examples(lines)}\n${EXIT_CODES}`;
