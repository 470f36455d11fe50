import {
  DataSource,
  type Logger,
  Migration,
  MigrationExecutor,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';
import { DatabaseError } from './database-error.js';
import type { Tx } from './tx.js';

/** One change of tables that are not made of events, and so cannot be built again. It is never edited once it has been released. */
export interface TableChange {
  /** In kebab-case, unique in its schema. */
  readonly name: string;
  /** Day on which it was written: they are carried out in this order. */
  readonly on: `${number}-${number}-${number}`;
  /** The program before this one still works with what it leaves: it may be running. */
  readonly sql: string;
}

/** The tables of one owner, as they came to be. */
export interface TableHistory {
  /** PostgreSQL schema, which belongs to this owner alone; `<schema>.migrations` says what was carried out. */
  readonly schema: string;
  readonly changes: readonly TableChange[];
}

/** Whether every change was carried out, which most starts find. */
export async function isUpToDate(db: Tx, { schema, changes }: TableHistory): Promise<boolean> {
  try {
    const executed = await db.query<{ name: string }>(`select name from "${schema}".migrations`);
    const names = new Set(executed.map(({ name }) => name));
    return changes.every((change) => names.has(nameOf(change)));
  } catch (error) {
    if (error instanceof DatabaseError && (error.code === UNDEFINED_TABLE || error.code === UNDEFINED_SCHEMA))
      return false;
    throw error;
  }
}

/** Carries out, in the transaction of a runner and by TypeORM, what is missing. Processes that start together wait for each other. */
export async function carryOut(
  source: DataSource,
  runner: QueryRunner,
  { schema, changes }: TableHistory,
): Promise<void> {
  await runner.query(`select pg_advisory_xact_lock(hashtextextended('einklang.${schema}.tables', 0))`);
  // A session that asked for the schema before it waited may still take it for missing: "if not exists" is a guess of its cache.
  await runner.query(`
    do $do$ begin
      create schema "${schema}";
    exception when duplicate_schema or unique_violation then null;
    end $do$`);
  const executor = new SchemaMigrations(source, runner, schema, changes.map(migrationOf));
  executor.transaction = 'none';
  await executor.executePendingMigrations();
}

class SchemaMigrations extends MigrationExecutor {
  constructor(
    source: DataSource,
    runner: QueryRunner,
    schema: string,
    private readonly migrations: readonly Migration[],
  ) {
    const { options } = source;
    if (options.type !== 'postgres') throw new TypeError('Read models are on PostgreSQL.');
    // This source never connects: it says where the list of migrations is, and the runner does the work.
    super(new DataSource({ ...options, schema, logger: SILENT }), runner);
  }

  protected override getMigrations(): Migration[] {
    return this.migrations.toSorted((one, other) => one.timestamp - other.timestamp);
  }
}

function migrationOf(change: TableChange): Migration {
  const name = nameOf(change);
  const instance: MigrationInterface = {
    name,
    up: (runner) => runner.query(change.sql),
    down: () => Promise.reject(new Error(`${name} is taken back by a later change.`)),
  };
  return new Migration(undefined, Date.parse(change.on), name, instance);
}

/** TypeORM wants a time at the end. */
const nameOf = ({ name, on }: TableChange): string => `${name}-${Date.parse(on)}`;

const UNDEFINED_TABLE = '42P01';
const UNDEFINED_SCHEMA = '3F000';

const quiet = (): void => {};
/** What fails is thrown, and logged by those who started it. */
const SILENT: Logger = {
  log: quiet,
  logMigration: quiet,
  logQuery: quiet,
  logQueryError: quiet,
  logQuerySlow: quiet,
  logSchemaBuild: quiet,
};
