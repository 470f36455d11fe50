import { Command, CommanderError } from 'commander';
import { RequestRefused, SystemUnreachable } from '#client';
import type { EventDefinitions, ServiceName } from '#contracts';
import type { Projection } from '#read-models';
import {
  type CommandFactory as CommandOf,
  EXIT,
  EXIT_CODES,
  type ExitCode,
  examples,
  serviceOption,
  wholeNumberFrom,
} from './command.js';
import { type Terminal, writeLine } from './console/terminal.js';
import { type DeadLettersDependencies, deadLettersCommand } from './dead-letters/dead-letters.command.js';
import { type OpenLog, type OpenLogFunction, withLog } from './log/open-log.js';
import { type MigrateStoreDependencies, migrateStoreCommand } from './migrate-store/migrate-store.command.js';
import { parkedCommand } from './parked/parked.command.js';
import type { OpenShop } from './replay/channels.js';
import type { StartSystem } from './system/system.js';
import { UsageError } from './usage-error.js';
import type { ChannelCheck } from './verify/channel-check.js';

// A command loads its own code, and the services, only when it is called: `replay` beside a running system takes a
// third of the memory that way.

/** What the command line works with; `main.ts` binds it to the real thing. */
export interface OpsDependencies extends MigrateStoreDependencies, DeadLettersDependencies {
  /** Where the installation keeps its data. */
  readonly dataDir: string;
  /** Folder of the column mappings `replay` chooses from. */
  readonly mappingsFolder: string;
  readonly startSystem: StartSystem;
  readonly openShop: OpenShop;
  readonly openLog: OpenLogFunction;
  /** The views of a service, or of every one. */
  readonly projections: (service?: ServiceName) => Promise<readonly Projection[]>;
  readonly definitions: () => Promise<EventDefinitions>;
  /** Reaches the channels, given the open log to look up what is registered and what is available. */
  readonly channelCheck: (log: OpenLog) => Promise<ChannelCheck>;
  readonly terminal: Terminal;
  /** Aborts when the user wants to stop. */
  readonly signal: AbortSignal;
}

/** Runs one command line (without `node` and the script) and answers its exit code. Never throws. */
export async function runOps(args: readonly string[], dependencies: OpsDependencies): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = programOf(dependencies, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, dependencies);
  }
}

function exitCodeOf(error: unknown, { terminal, signal }: OpsDependencies): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  terminal.err.write(`${signal.aborted ? 'Stopped.' : sentenceOf(error)}\n`);
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

/** What an operator can do something about is one sentence; anything else is a fault, and its stack helps to find it. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isForTheOperator =
    ['StartupError', 'EventStoreUnavailable', 'WriterFenced'].includes(error.name) ||
    [UsageError, RequestRefused, SystemUnreachable].some((kind) => error instanceof kind);
  return isForTheOperator ? error.message : (error.stack ?? error.message);
}

function programOf(dependencies: OpsDependencies, exitWith: (code: ExitCode) => void): Command {
  const { terminal } = dependencies;
  const program = new Command('ops')
    .description(
      'Works on one data directory (EINKLANG_DATA_DIR, else .data in the project), whether the system runs on it or not.',
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out.write(text), writeErr: (text) => terminal.err.write(text) })
    .showHelpAfterError('Say --help after a command to see what it takes.')
    .addHelpText(
      'after',
      `\n${EXIT_CODES}${examples(['replay sales.csv.zst', 'verify', 'rebuild stock', 'show stock-85123A --last 5'])}`,
    );
  const commands = [
    replayCommand,
    importCommand,
    showCommand,
    rebuildCommand,
    verifyCommand,
    prepareCommand,
    topicsCommand,
    deadLettersCommand,
    parkedCommand,
    migrateStoreCommand,
  ];
  for (const command of commands) addTo(program, command(dependencies, exitWith));
  return program;
}

function addTo(parent: Command, command: Command): void {
  parent.addCommand(command.copyInheritedSettings(parent));
  for (const part of command.commands) part.copyInheritedSettings(command);
}

type CommandFactory = CommandOf<OpsDependencies>;

const replayCommand: CommandFactory = (
  { dataDir, mappingsFolder, startSystem, openShop, terminal, signal },
  exitWith,
) =>
  new Command('replay')
    .description(
      'Sends a sales CSV (plain, gzip or zstd) through the system: invoices become sales on five channels, returns and corrections stock movements.',
    )
    .argument('<file>', 'sales CSV with a header')
    .option('--mapping <file>', 'column mapping (JSON); without it the one in apps/ops/mappings that fits the header')
    .option('--no-channels', 'record the sales only: no channel is registered and told its numbers')
    .option('--again', 'send a file that was replayed before once more, to see that it changes nothing', false)
    .addHelpText(
      'after',
      `\nIt goes on where an earlier run stopped; Ctrl-C stops it after the requests in flight. Rows that cannot be used go to
<data directory>/replay/<name>.rejected.csv with line and reason, what the system refuses to <name>.refused.csv.
${examples(['replay ../shared/data/uci-online-retail/online-retail.csv.zst', 'replay sales.csv --mapping my-shop.json', 'replay sales.csv --again'])}\n${EXIT_CODES}`,
    )
    .action(async (file: string, options: { mapping?: string; again: boolean; channels: boolean }) => {
      const { replay } = await import('./replay/replay.js');
      const result = await replay({
        dataDir,
        mappingsFolder,
        file,
        mapping: options.mapping,
        again: options.again,
        channels: options.channels,
        openShop,
        startSystem,
        terminal,
        signal,
      });
      exitWith(
        result.outcome === 'stopped' || result.outcome === 'changed' || result.refused > 0 ? EXIT.failed : EXIT.ok,
      );
    });

const importCommand: CommandFactory = ({ dataDir, startSystem, terminal, signal }, exitWith) =>
  new Command('import')
    .description('Sends products, variants, prices and listings of a CSV (plain, gzip or zstd) to the catalogue.')
    .argument('<csv>', 'catalogue CSV; a sample is apps/ops/samples/catalogue.csv')
    .addHelpText(
      'after',
      `\nColumns: product_id, product_title, sku, title (all needed), and as many as wanted of attribute:<name>,
price:<channel>:<currency> and listing:<channel>. A row is taken whole or not at all; the same row again changes nothing.
Rows that were not taken go to <data directory>/import/<name>.rejected.csv with line and reason.
${examples(['import apps/ops/samples/catalogue.csv'])}\n${EXIT_CODES}`,
    )
    .action(async (file: string) => {
      const { importCatalog } = await import('./import/import-catalog.js');
      const { rejected } = await importCatalog({ dataDir, file, startSystem, terminal, signal });
      exitWith(rejected > 0 ? EXIT.failed : EXIT.ok);
    });

interface ShowFlags {
  readonly streams: boolean;
  readonly from: number;
  readonly limit: number;
  readonly last?: number;
  readonly json: boolean;
}

const showCommand: CommandFactory = ({ openLog, terminal }, exitWith) =>
  new Command('show')
    .description('Prints the events of a stream: revision, position in the log, time, type, data.')
    .argument('<stream>', 'such as stock-85123A, or with --streams the beginning of a name')
    .option('--from <revision>', 'first revision to show', wholeNumberFrom(0), 0)
    .option('--limit <count>', 'show at most this many', wholeNumberFrom(1), 100)
    .option('--last <count>', 'show this many from the end instead', wholeNumberFrom(1))
    .option('--streams', 'list the streams whose name begins with <stream>', false)
    .option('--json', 'one JSON object per line', false)
    .addHelpText(
      'after',
      `${examples(['show stock-85123A --last 5', 'show order-amazon.536365 --json', 'show --streams order-ebay. --limit 20'])}\n${EXIT_CODES}`,
    )
    .action(async (stream: string, flags: ShowFlags) => {
      const { showStream, showStreams } = await import('./show/show-stream.js');
      const shown = await withLog(openLog, (log) =>
        flags.streams ? showStreams(log, stream, flags, terminal) : showStream(log.store, stream, flags, terminal),
      );
      if (shown === 0)
        terminal.err.write(
          flags.streams ? `No stream begins with "${stream}".\n` : `There is no such event in a stream "${stream}".\n`,
        );
      exitWith(shown === 0 ? EXIT.failed : EXIT.ok);
    });

const rebuildCommand: CommandFactory = ({ openLog, projections, terminal, signal }) =>
  new Command('rebuild')
    .description('Fills a view from the start of the log, beside the live one, and puts it in its place.')
    .argument('[view]', 'name of the view')
    .option('--list', 'list the views', false)
    .addOption(serviceOption())
    .addHelpText('after', `${examples(['rebuild --list', 'rebuild stock'])}\n${EXIT_CODES}`)
    .action(async (view: string | undefined, { list, service }: { list: boolean; service?: ServiceName }) => {
      if (list) {
        for (const { name, version } of await projections(service)) writeLine(terminal, `${name} (version ${version})`);
        return;
      }
      if (view === undefined) throw new UsageError('Say which view to rebuild; --list shows them.');
      const { projectionNamed, rebuildView } = await import('./rebuild/rebuild-view.js');
      const projection = projectionNamed(await projections(service), view);
      await withLog(openLog, (log) => rebuildView(log, projection, signal, terminal));
    });

const verifyCommand: CommandFactory = (
  { openLog, projections, definitions, channelCheck, terminal, signal },
  exitWith,
) =>
  new Command('verify')
    .description(
      'Checks the log, folds it again and compares every view with it, and compares what every registered channel shows with what is available.',
    )
    .option('--skip-channels', 'do not ask the channels', false)
    .addOption(serviceOption())
    .addHelpText(
      'after',
      `\nWhere the simulated shop of the data directory does not run, it is started for the check, with the numbers it had.
A channel that cannot be reached counts as a difference unless --skip-channels is given. Of single services, inventory
is the one that can tell what channels should show.\n${examples(['verify', 'verify --skip-channels'])}\n${EXIT_CODES}`,
    )
    .action(async ({ skipChannels, service }: { skipChannels: boolean; service?: ServiceName }) => {
      const asksChannels = !skipChannels && (service === undefined || service === 'inventory');
      const { verify } = await import('./verify/verify.js');
      const isFine = await withLog(openLog, async (log) =>
        verify({
          log,
          definitions: await definitions(),
          projections: await projections(service),
          channels: asksChannels ? await channelCheck(log) : undefined,
          signal,
          terminal,
        }),
      );
      exitWith(isFine ? EXIT.ok : EXIT.failed);
    });

const prepareCommand: CommandFactory = ({ openLog, projections, terminal }) =>
  new Command('prepare')
    .description('Makes the tables of views that have none yet, before a service is started for the first time.')
    .addOption(serviceOption())
    .addHelpText('after', `${examples(['prepare', 'prepare --service inventory'])}\n${EXIT_CODES}`)
    .action(async ({ service }: { service?: ServiceName }) => {
      const { prepare } = await import('./prepare/prepare.js');
      await withLog(openLog, async (log) => prepare(log, await projections(service), terminal));
    });

const topicsCommand: CommandFactory = ({ terminal }, exitWith) =>
  new Command('topics')
    .description('Compares the topics of Kafka with deploy/kafka/topics.json, and with --apply makes them so.')
    .option('--apply', 'create what is missing and set settings that differ', false)
    .option('--file <file>', 'another description than deploy/kafka/topics.json')
    .option('--replication <count>', 'at most so many copies, for a cluster with fewer brokers', wholeNumberFrom(1))
    .addHelpText(
      'after',
      `\nKafka is where KAFKA_BROKERS says, with KAFKA_TLS… and KAFKA_SASL… as the services take them. The number of
partitions and copies of a topic that is there is not changed.\n${examples(['topics', 'topics --apply', 'topics --apply --replication 1'])}\n${EXIT_CODES}`,
    )
    .action(async (flags: { apply: boolean; file?: string; replication?: number }) => {
      const { DESCRIPTION, topics } = await import('./topics/topics.js');
      const { apply, file = DESCRIPTION, replication: replicationMax } = flags;
      const isFine = await topics({ file, apply, replicationMax, environment: process.env, terminal });
      exitWith(isFine ? EXIT.ok : EXIT.failed);
    });
