import type { EventStore } from '#event-sourcing';
import { readCheckpoint } from './checkpoints.js';
import { columnNameOf } from './columns.js';
import { parkedStreams } from './parked.js';
import { checkpointKeyOf, type Projection, schemaOf } from './projection.js';
import type { ReadModels, Tx } from './read-models.js';
import { dropSchema, type RebuildOptions, ScratchBuild, withRebuildLock } from './rebuild.js';
import type { ViewTable } from './view-table.js';

/** A key with another row (or none) in one of the two builds; ignored columns are left out. */
export interface RowDifference {
  readonly live: Readonly<Record<string, unknown>> | null;
  readonly rebuilt: Readonly<Record<string, unknown>> | null;
}

export interface TableComparison {
  readonly table: string;
  /** Rows in the live table. */
  readonly rows: number;
  /** Keys that differ. */
  readonly differences: number;
  /** The first 20 of them. */
  readonly examples: readonly RowDifference[];
}

export interface ProjectionComparison {
  readonly projection: string;
  /** Both builds hold the events up to here. */
  readonly position: number;
  readonly equal: boolean;
  /** Events that one of the builds had to set aside: their facts are in neither or in one of them. */
  readonly parked: number;
  /** Events a person decided to do without, which both builds left out. */
  readonly skipped: number;
  readonly tables: readonly TableComparison[];
}

/**
 * Folds the log again and compares every row with the live view, which goes on working. Both are looked at in one
 * snapshot, at the live checkpoint of that snapshot. Throws when the view was never built, when the stored version is
 * another one, or when it is being rebuilt.
 */
export async function compareProjection(
  readModels: ReadModels,
  projection: Projection,
  store: EventStore,
  options: RebuildOptions = {},
): Promise<ProjectionComparison> {
  return withRebuildLock(readModels, projection, options, async (signal) => {
    const live = schemaOf(projection.name);
    const scratch = `${live}_verify`;
    const checkpoint = await checkpointOf(readModels, projection);
    const build = await ScratchBuild.start(readModels, projection, store, scratch, { ...options, signal });
    try {
      await build.fill(checkpoint.position);
      return await readModels.transaction(
        async (tx) => {
          const { position } = await checkpointOf(tx, projection);
          // These rows are seen by this transaction, so the rebuilt tables stand exactly where the snapshot's live ones do.
          build.advanceTo(await build.catchUp(tx, position));
          const tables = await compareTables(tx, live, scratch, projection);
          return {
            projection: projection.name,
            position,
            parked: Math.max(build.result().parked, await parkedCount(tx, projection)),
            skipped: build.result().skipped,
            equal: tables.every(({ differences }) => differences === 0),
            tables,
          };
        },
        { schema: scratch, repeatableRead: true },
      );
    } finally {
      await dropSchema(readModels, scratch);
    }
  });
}

async function parkedCount(tx: Tx, projection: Projection): Promise<number> {
  return (await parkedStreams(tx, projection.name)).values().reduce((sum, events) => sum + events, 0);
}

async function checkpointOf(db: Tx, projection: Projection) {
  const checkpoint = await readCheckpoint(db, checkpointKeyOf(projection));
  if (!checkpoint) throw new Error(`View ${projection.name} was never built.`);
  if (checkpoint.version !== projection.version) {
    throw new Error(
      `View ${projection.name} is stored in version ${checkpoint.version}, not in version ${projection.version}.`,
    );
  }
  return checkpoint;
}

async function compareTables(
  tx: Tx,
  live: string,
  scratch: string,
  projection: Projection,
): Promise<TableComparison[]> {
  const comparisons: TableComparison[] = [];
  for (const table of projection.tables) {
    const ignored = projection.ignoreInComparison?.[table.name] ?? [];
    comparisons.push(await compareTable(tx, live, scratch, table, ignored.map(columnNameOf)));
  }
  return comparisons;
}

async function compareTable(
  tx: Tx,
  live: string,
  scratch: string,
  { name: table, key }: ViewTable,
  ignored: readonly string[],
): Promise<TableComparison> {
  const names = key.map((field) => `"${columnNameOf(field)}"`).join(', ');
  const examples = await tx.query<RowDifference & { differences: number }>(
    `select to_jsonb(l) - $1::text[] as live, to_jsonb(r) - $1::text[] as rebuilt, count(*) over () as differences
       from "${live}"."${table}" l full join "${scratch}"."${table}" r using (${names})
      where (to_jsonb(l) - $1::text[]) is distinct from (to_jsonb(r) - $1::text[])
      order by ${names} limit 20`,
    [ignored],
  );
  const [count] = await tx.query<{ rows: number }>(`select count(*) as rows from "${live}"."${table}"`);
  return {
    table,
    rows: count?.rows ?? 0,
    differences: examples[0]?.differences ?? 0,
    examples: examples.map(({ live: liveRow, rebuilt }) => ({ live: liveRow, rebuilt })),
  };
}
