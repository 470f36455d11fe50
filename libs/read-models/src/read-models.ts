import pg from 'pg';
import { DataSource, QueryFailedError, type QueryRunner } from 'typeorm';
import { DatabaseError } from './database-error.js';
import { Leases } from './leases.js';
import { carryOut, isUpToDate, type TableHistory } from './migrations.js';
import { Outages } from './outages.js';
import { readModelTables } from './tables.js';
import type { Tx } from './tx.js';

export type { Tx };

export interface TransactionOptions {
  /** PostgreSQL schema in which unqualified names are looked up. */
  readonly schema?: string;
  /** One snapshot for the whole transaction. */
  readonly repeatableRead?: boolean;
  /** Do not wait for the disk at commit: for rows that are thrown away and built again after a crash. */
  readonly asyncCommit?: boolean;
  /** Give up when a lock is not had after this long. */
  readonly lockTimeoutMs?: number;
  /**
   * Look rows up by their keys one after the other. Left to itself the planner may read a whole table and hash it for a few
   * hundred keys, at 50 times the cost. As the plans do not depend on the size of tables then, each connection makes them
   * once: to plan a statement about a few keys takes longer than to carry it out.
   */
  readonly byKey?: boolean;
}

/** The database of the read models. `query` and `execute` run outside any transaction. */
export interface ReadModels extends Tx {
  readonly log: Log;
  readonly leases: Leases;
  /** Where to pause after a failure. */
  readonly outages: Outages;
  /** Commits when `work` resolves, rolls back when it rejects. */
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Brings tables that cannot be built again to the form this program knows: all that is missing, or nothing. */
  migrate(history: TableHistory): Promise<void>;
  /** Stop the runners first. */
  close(): Promise<void>;
}

/** A logger in the manner of pino. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ReadModelsOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** Connections at most, one of which holds the locks of the runners. */
  readonly poolSize?: number;
  readonly log?: Log;
}

/** Connects and makes the tables of this library where they are missing. Throws when the database cannot be reached. */
export async function openReadModels({ url, poolSize = 16, log = silent }: ReadModelsOptions): Promise<ReadModels> {
  const source = await connect(url, poolSize, log);
  const leases = new Leases(() => source.createQueryRunner());
  const readModels = new PooledReadModels(source, log, leases);
  await readModels.migrate(readModelTables);
  return readModels;
}

class PooledReadModels implements ReadModels {
  readonly outages = new Outages(() => this.query('select 1'));

  constructor(
    private readonly source: DataSource,
    readonly log: Log,
    readonly leases: Leases,
  ) {}

  query<Row extends object>(sql: string, params?: readonly unknown[]): Promise<Row[]> {
    return this.#withConnection((tx) => tx.query<Row>(sql, params));
  }

  execute(sql: string, params?: readonly unknown[]): Promise<number> {
    return this.#withConnection((tx) => tx.execute(sql, params));
  }

  transaction<T>(work: (tx: Tx) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.#transaction(work, options);
  }

  async migrate(history: TableHistory): Promise<void> {
    if (await isUpToDate(this, history)) return;
    await this.#transaction((tx) => tx.migrate(this.source, history), {});
  }

  #transaction<T>(work: (tx: Connection) => Promise<T>, options: TransactionOptions): Promise<T> {
    return this.#withConnection(async (tx) => {
      await tx.execute(beginStatement(options));
      tx.keepsPlans = options.byKey ?? false;
      try {
        const result = await work(tx);
        await tx.execute('commit');
        return result;
      } catch (error) {
        await tx.execute('rollback').catch((failure: unknown) => this.log.warn({ err: failure }, 'rollback failed'));
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    await this.leases.close();
    await this.source.destroy();
  }

  async #withConnection<T>(work: (tx: Connection) => Promise<T>): Promise<T> {
    const runner = this.source.createQueryRunner();
    try {
      return await work(new Connection(runner));
    } finally {
      await runner.release();
    }
  }
}

class Connection implements Tx {
  /** Whether what is planned for a statement with parameters is kept for the next time. */
  keepsPlans = false;

  constructor(private readonly runner: QueryRunner) {}

  async query<Row extends object>(sql: string, params?: readonly unknown[]): Promise<Row[]> {
    return (await this.#run<Row>(sql, params)).records ?? [];
  }

  async execute(sql: string, params?: readonly unknown[]): Promise<number> {
    return (await this.#run(sql, params)).affected ?? 0;
  }

  migrate(source: DataSource, history: TableHistory): Promise<void> {
    return asDatabaseError(() => carryOut(source, this.runner, history));
  }

  #run<Row extends object>(sql: string, params: readonly unknown[] | undefined): Promise<Answer<Row>> {
    return asDatabaseError(async () => {
      const name = this.keepsPlans && params ? nameOf(sql) : undefined;
      if (name === undefined || !params) return await this.runner.query(sql, params && [...params], true);
      const connection: DriverConnection = await this.runner.connect();
      const { rows, rowCount } = await connection.query<Row>({ name, text: sql, values: params });
      return { records: rows, affected: rowCount ?? 0 };
    });
  }
}

async function asDatabaseError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof QueryFailedError) throw new DatabaseError(error.driverError);
    throw error instanceof Error ? new DatabaseError(error) : error;
  }
}

interface Answer<Row> {
  readonly records?: Row[];
  readonly affected?: number;
}

/** What TypeORM's connections can do and TypeORM has no words for: statements with a name. */
interface DriverConnection {
  query<Row>(statement: {
    readonly name: string;
    readonly text: string;
    readonly values: readonly unknown[];
  }): Promise<{ readonly rows: Row[]; readonly rowCount: number | null }>;
}

/** The same name for the same statement; none beyond a number that only generated statements would reach. */
function nameOf(sql: string): string | undefined {
  const known = names.get(sql);
  if (known !== undefined || names.size >= NAMES_MAX) return known;
  const name = `kept-${names.size}`;
  names.set(sql, name);
  return name;
}

const NAMES_MAX = 200;
const names = new Map<string, string>();

/** Begin and its settings travel in one message, so the settings cost no round trip. */
function beginStatement({ schema, repeatableRead, asyncCommit, lockTimeoutMs, byKey }: TransactionOptions): string {
  return [
    repeatableRead ? 'begin isolation level repeatable read' : 'begin',
    ...(schema === undefined ? [] : [`set local search_path to "${schema}"`]),
    ...(asyncCommit ? ['set local synchronous_commit to off'] : []),
    ...(byKey ? KEY_LOOKUPS : []),
    ...(lockTimeoutMs === undefined ? [] : [`set local lock_timeout to ${Math.ceil(lockTimeoutMs)}`]),
  ].join(';');
}

/**
 * A table that is empty when the plan is made would be read as a whole from then on. By bitmap as well: a walk along a key
 * would gather and sort all that is left of the table for every chunk.
 */
const KEY_LOOKUPS = [
  'set local enable_hashjoin to off',
  'set local enable_mergejoin to off',
  'set local enable_seqscan to off',
  'set local enable_bitmapscan to off',
  'set local plan_cache_mode to force_generic_plan',
];

async function connect(url: string, poolSize: number, log: Log): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    // Left to itself TypeORM looks for it by name when a source is made, where no bundler sees it.
    driver: pg,
    url,
    poolSize,
    logging: false,
    installExtensions: false,
    applicationName: 'einklang read models',
    poolErrorHandler: (error: unknown) => log.warn({ err: error }, 'a pooled connection to PostgreSQL was lost'),
    extra: {
      // To compile a statement takes longer than these run, and the planner reckons many rows where few are meant.
      options: '-c TimeZone=UTC -c jit=off',
      // These stay open when nothing is done for a while: a caller that comes once a minute need not connect for it.
      min: Math.min(2, poolSize),
      types: { getTypeParser: parserOf },
      // The pool listens to connections that lie idle, and TypeORM to those it was given. A server that dies while it greets is
      // heard by neither, and an error without a listener ends the process; the first query on that connection fails anyway.
      onConnect: (client: pg.ClientBase) => void client.on('error', () => {}),
    },
  });
  return source.initialize();
}

type Parser = (text: string) => unknown;

/** Our readings of a few types, and the driver's own for the rest. */
const parserOf = (oid: number, format?: 'text' | 'binary'): Parser =>
  (format === 'binary' ? undefined : PARSERS.get(oid)) ?? pg.types.getTypeParser(oid, format);

const PARSERS: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [20, parseInt8],
  [
    1016,
    (text) =>
      text === '{}'
        ? []
        : text
            .slice(1, -1)
            .split(',')
            .map((part) => (part === 'NULL' ? null : parseInt8(part))),
  ],
  [1082, (text) => text],
  [1184, (text) => (text.endsWith('infinity') ? text : new Date(text).toISOString())],
]);

function parseInt8(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}

const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };
