import { Command } from 'commander';
import { type CommandFactory, EXIT, EXIT_CODES, examples, wholeNumberFrom } from '../command.js';
import type { Terminal } from '../console/terminal.js';
import { type OpenDatabase, withDatabase } from '../database/with-database.js';

export interface DeadLettersDependencies {
  readonly openDatabase: OpenDatabase;
  readonly terminal: Terminal;
}

export const deadLettersCommand: CommandFactory<DeadLettersDependencies> = ({ openDatabase, terminal }, exitWith) => {
  const run = async (work: (commands: Commands, db: Db) => Promise<number>): Promise<void> => {
    const commands = await import('./dead-letters.js');
    exitWith((await withDatabase(openDatabase, (db) => work(commands, db))) > 0 ? EXIT.ok : EXIT.failed);
  };
  const list = new Command('list')
    .description('Lists them, oldest of each partition first.')
    .option('--consumer <name>', 'of this consumer only')
    .option('--key <key>', 'of this key (a stream) only')
    .option('--limit <count>', 'show at most this many', wholeNumberFrom(1), 100)
    .option('--json', 'one JSON object per line', false)
    .addHelpText('after', help(['dead-letters list', 'dead-letters list --consumer einklang.stock --json']))
    .action(async (flags: { consumer?: string; key?: string; limit: number; json: boolean }) => {
      const { listDeadLetters } = await import('./dead-letters.js');
      await withDatabase(openDatabase, (db) => listDeadLetters(db, flags, terminal));
    });
  const show = new Command('show')
    .description('Prints one of them as Kafka delivered it: headers and value.')
    .argument('<consumer>', CONSUMER)
    .argument('<place>', PLACE)
    .option('--json', 'as one JSON object', false)
    .addHelpText('after', help(['dead-letters show einklang.stock einklang.stock.events/3/1234']))
    .action((consumer: string, place: string, flags: { json: boolean }) =>
      run(({ showDeadLetter }, db) => showDeadLetter(db, consumer, place, flags, terminal)),
    );
  const replay = new Command('replay')
    .description('Has the consumer try them again, in their order per key, until one of a key fails again.')
    .argument('<consumer>', CONSUMER)
    .option('--key <key>', 'of this key (a stream) only')
    .addHelpText(
      'after',
      `\nThe process that owns the partition does it within about a second; \`list\` shows what is left.\n${help(['dead-letters replay einklang.stock', 'dead-letters replay einklang.stock --key stock-85123A'])}`,
    )
    .action((consumer: string, flags: { key?: string }) =>
      run(({ replayLetters }, db) => replayLetters(db, consumer, flags.key, terminal)),
    );
  const discard = new Command('discard')
    .description('Gives one of them up for good: it never has its effect.')
    .argument('<consumer>', CONSUMER)
    .argument('<place>', PLACE)
    .addHelpText(
      'after',
      `\nWhat waits behind it stays until it is replayed.\n${help(['dead-letters discard einklang.stock einklang.stock.events/3/1234'])}`,
    )
    .action((consumer: string, place: string) =>
      run(({ discardLetter }, db) => discardLetter(db, consumer, place, terminal)),
    );
  const command = new Command('dead-letters')
    .description(
      'Messages of Kafka that a consumer could not handle, and those that wait behind them: lists, shows, replays, discards.',
    )
    .addHelpText('after', `\n${DATABASE}\n${help(['dead-letters list'])}`);
  for (const each of [list, show, replay, discard]) command.addCommand(each);
  return command;
};

type Commands = typeof import('./dead-letters.js');
type Db = Parameters<Parameters<typeof withDatabase>[1]>[0];

const CONSUMER = 'its name, as `list` shows it';
const PLACE = '<topic>/<partition>/<offset>, as `list` shows it';
const DATABASE = 'They lie in the database of the service, DATABASE_URL.';

const help = (lines: readonly string[]): string => `${examples(lines)}\n${EXIT_CODES}`;
