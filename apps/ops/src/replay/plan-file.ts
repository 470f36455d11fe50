import { createHash } from 'node:crypto';
import { csvPages, openUnpacked } from '../csv/csv-rows.js';
import { UsageError } from '../usage-error.js';
import type { Mapping } from './mapping.js';
import { fits } from './mapping.js';
import { OpeningStock } from './opening-stock.js';
import { PlanTotals } from './plan-totals.js';
import { Planner, type PlanSink } from './planner.js';
import { type Step, StepPacker } from './steps.js';

/** A sales file and how it is read. */
export interface SalesFile {
  readonly path: string;
  /** SHA-256 of the unpacked content: the same for a packed and an unpacked copy. */
  readonly fileId: string;
  readonly mapping: Mapping;
}

/** The SHA-256 of the unpacked bytes of a file. Throws {@link UsageError} when it cannot be read or unpacked. */
export async function fileIdOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of await openUnpacked(path)) hash.update(chunk);
  } catch (error) {
    throw unreadable(path, error);
  }
  return hash.digest('hex');
}

/** The column names of a file whose delimiter is yet to be known. Throws {@link UsageError}. */
export async function headerOf(path: string, delimiter = ','): Promise<readonly string[]> {
  try {
    for await (const [header] of csvPages(await openUnpacked(path), delimiter)) if (header) return header.fields;
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new UsageError(`${path} is empty.`);
}

/** One pass over the file that keeps sums only: what it adds up to, and what stock it needs at the start. */
export async function surveyFile(
  file: SalesFile,
): Promise<{ readonly rows: number; readonly totals: PlanTotals; readonly opening: OpeningStock }> {
  const totals = new PlanTotals();
  const opening = new OpeningStock();
  let rows = 0;
  for await (const rowsRead of plannedPages(file, {
    sale: (sale) => {
      totals.sale(sale);
      opening.sale(sale);
    },
    movement: (movement) => {
      totals.movement(movement);
      opening.movement(movement);
    },
    other: (label) => totals.other(label),
    rejected: (row, reason) => totals.rejected(row, reason),
  })) {
    rows = rowsRead;
  }
  totals.assertAccountsFor(rows);
  return { rows, totals, opening };
}

/** The steps of a file in order, made while they are asked for, each with the rows read until then. */
export async function* stepsOf(file: SalesFile): AsyncGenerator<{ readonly step: Step; readonly rowsRead: number }> {
  const packer = new StepPacker(file.mapping, file.fileId);
  let rowsRead = 0;
  for await (rowsRead of plannedPages(file, packer)) for (const step of packer.take()) yield { step, rowsRead };
  for (const step of packer.end()) yield { step, rowsRead };
}

/** Plans a file page by page; yields the number of rows planned, the last time after the end of the plan. */
async function* plannedPages({ path, mapping }: SalesFile, sink: PlanSink): AsyncGenerator<number> {
  let planner: Planner | undefined;
  for await (const page of csvPages(await openUnpacked(path), mapping.delimiter)) {
    for (const row of page) {
      if (planner) planner.add(row);
      else planner = new Planner(mapping, headerFor(mapping, row.fields, path), sink);
    }
    if (planner) yield planner.rows;
  }
  if (!planner) throw new UsageError(`${path} is empty.`);
  planner.end();
  yield planner.rows;
}

function headerFor(mapping: Mapping, fields: readonly string[], path: string): readonly string[] {
  if (fits(mapping, fields)) return fields;
  throw new UsageError(
    `${path} lacks a column of the mapping ${mapping.name} (${Object.values(mapping.columns).join(', ')}).`,
  );
}

function unreadable(path: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  return new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, {
    cause: error,
  });
}
