import { Command } from 'commander';
import { type CommandFactory, EXIT, EXIT_CODES, examples } from '../command.js';
import type { Terminal } from '../console/terminal.js';
import { UsageError } from '../usage-error.js';
import type { SourceLog } from './source-log.js';
import type { TargetLog } from './target-log.js';

export interface MigrateStoreDependencies {
  /** The log of the data directory or of DATABASE_URL. */
  readonly openSource: () => Promise<SourceLog>;
  readonly openTarget: (url: string) => Promise<TargetLog>;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

export const migrateStoreCommand: CommandFactory<MigrateStoreDependencies> = (dependencies, exitWith) =>
  new Command('migrate-store')
    .description(
      'Copies the log of a standalone system to EventStoreDB or to another PostgreSQL, and compares every event.',
    )
    .option(
      '--to <url>',
      'esdb://… or postgres://…, an empty log or one that this command began (default: EVENTSTOREDB_URL)',
    )
    .addHelpText(
      'after',
      `\nEvents keep id, stream, revision, type, data, metadata and time. On PostgreSQL they keep their positions; EventStoreDB
gives them new ones in the same order. The same command again goes on where it was stopped, and changes nothing where all
is there. While the system runs it copies what there is; it ends with 0 only when the system is stopped, all that was
acknowledged is in the log, and no event differs. How to go on from there: docs/operations.md.
${examples(['migrate-store --to "esdb://user:password@node1:2113,node2:2113,node3:2113"', 'migrate-store --to postgres://einklang@db:5432/einklang'])}\n${EXIT_CODES}`,
    )
    .action(async ({ to = process.env.EVENTSTOREDB_URL }: { to?: string }) => {
      if (!to) throw new UsageError('Say where to: --to esdb://… or postgres://…, or set EVENTSTOREDB_URL.');
      exitWith((await migrate(dependencies, to)) ? EXIT.ok : EXIT.failed);
    });

async function migrate({ openSource, openTarget, terminal, signal }: MigrateStoreDependencies, to: string) {
  const { migrateStore } = await import('./migrate-store.js');
  const source = await openSource();
  try {
    const target = await openTarget(to);
    try {
      return await migrateStore({ source, target, terminal, signal });
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
