import type { RecordedEvent } from '#event-sourcing';
import { type AnalystView, createAnalystViews } from './analyst-view.js';
import type { CheckpointKey } from './checkpoints.js';
import { insertCheckpoint } from './checkpoints.js';
import { replaceParked } from './parked.js';
import type { ReadModels, Tx } from './read-models.js';
import type { ViewTable } from './view-table.js';

/** A view: which events it is made of, its tables, and how a page of events becomes rows. */
export interface Projection {
  /** Kebab-case, at most 48 characters. Its tables live in the PostgreSQL schema {@link schemaOf} gives. */
  readonly name: string;
  /** Raise it when `tables`, `types`, `apply` or `analystViews` change: the next start rebuilds the view. */
  readonly version: number;
  /** `apply` finds rows by their primary key: indexes are for readers, and are missing while the view is rebuilt. */
  readonly tables: readonly ViewTable[];
  /** Stored names of the events it handles. */
  readonly types: readonly string[];
  /** Events per transaction at most, 5,000 where nothing is said. */
  readonly pageSize?: number;
  /** Weight of the events of a transaction, 3 MiB of JSON where nothing is said. */
  readonly pageBytes?: number;
  /**
   * While events keep coming, one page in so many milliseconds at most: 50 where nothing is said. So much later than its
   * event a row may be; the first event after a silence, and one that a caller waits for, is taken in at once.
   */
  readonly paceMs?: number;
  /**
   * Folds a page of events (in log order) in memory and writes the rows, with unqualified table names. Runs in the
   * transaction that moves the checkpoint, so it sees each event once. Keeps nothing between calls: the same function
   * fills the live tables, a rebuild and a comparison. Never rejects a fact: it copes.
   */
  apply(page: readonly RecordedEvent[], tx: Tx): Promise<void>;
  /**
   * For a view whose rows carry positions that others follow: an event that was parked has just been applied, when the view
   * stood at `position` already. Rows that say the position of the event have to be found by those who are past it.
   */
  appliedLate?(event: RecordedEvent, position: number, tx: Tx): Promise<void>;
  /** Published to analysts in the schema `analytics`. */
  readonly analystViews?: readonly AnalystView[];
  /** Fields per table that legitimately differ between two builds, such as a wall-clock time. Never a key column. */
  readonly ignoreInComparison?: Readonly<Record<string, readonly string[]>>;
}

/** `stock-by-channel` lives in `view_stock_by_channel`. Throws when the name is not kebab-case. */
export function schemaOf(name: string): string {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 48) {
    throw new TypeError(`A projection is named in kebab-case with at most 48 characters, not "${name}".`);
  }
  return `view_${name.replaceAll('-', '_')}`;
}

export const checkpointKeyOf = (projection: Projection): CheckpointKey => ({
  kind: 'projection',
  name: projection.name,
});

/** Makes the empty live tables and the checkpoint at 0. What stood there without a checkpoint is dropped. */
export async function createProjection(readModels: ReadModels, projection: Projection): Promise<void> {
  const schema = schemaOf(projection.name);
  await readModels.transaction(
    async (tx) => {
      // First the checkpoint: the second process waits here, and must not touch the tables of the first.
      if (!(await insertCheckpoint(tx, checkpointKeyOf(projection), { version: projection.version, position: 0 })))
        return;
      await replaceParked(tx, projection.name, []);
      await recreateSchema(tx, projection, schema);
      await createAnalystViews(tx, projection.analystViews ?? []);
    },
    { schema },
  );
}

/** The tables of the projection, empty, in `schema`, which must be the search path of the transaction. */
export async function recreateSchema(
  tx: Tx,
  { tables }: Projection,
  schema: string,
  { unlogged = false } = {},
): Promise<void> {
  const statements = tables.flatMap((table) => [
    table.createTable({ unlogged }),
    // With every update of a row the others are written as well, and they serve no reader before the end.
    ...(unlogged ? [] : table.createIndexes()),
  ]);
  await tx.execute([`drop schema if exists "${schema}" cascade`, `create schema "${schema}"`, ...statements].join(';'));
}
