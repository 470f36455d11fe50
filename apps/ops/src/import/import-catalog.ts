import { basename, join } from 'node:path';
import { JsonClient } from '#client';
import { formatNumber, startProgress, type Terminal, writeLine } from '../console/terminal.js';
import { type CsvRow, csvPages, openUnpacked } from '../csv/csv-rows.js';
import { ResultFile } from '../csv/result-file.js';
import { isProblem, postBulk } from '../system/bulk-result.js';
import type { StartSystem } from '../system/system.js';
import { useSystem } from '../system/use-system.js';
import { UsageError } from '../usage-error.js';
import { type CatalogRow, catalogReader } from './catalog-rows.js';

export interface ImportOptions {
  readonly dataDir: string;
  readonly file: string;
  readonly startSystem: StartSystem;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

export interface ImportResult {
  readonly rows: number;
  /** Rows per outcome, as the system names them. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Rows that could not be read, or that the system refused; all of them are in the result file. */
  readonly rejected: number;
}

/** Sends the rows of a catalogue CSV through the REST API. A row is taken whole or not at all; a repeat changes nothing. */
export async function importCatalog(options: ImportOptions): Promise<ImportResult> {
  const rows = await countRows(options.file);
  const system = await useSystem(options.dataDir, options.startSystem);
  const rejected = new ResultFile(join(options.dataDir, 'import', `${basename(options.file)}.rejected.csv`), false);
  const bar = startProgress(options.terminal, 'Importing', rows);
  const outcomes: Record<string, number> = {};
  try {
    const api = new JsonClient(system.httpUrl);
    let sent = 0;
    for await (const batch of batchesOf(options.file)) {
      options.signal.throwIfAborted();
      await sendBatch(api, batch, outcomes, rejected);
      sent += batch.length;
      bar.update(sent);
    }
  } finally {
    bar.end();
    await rejected.close();
    await system.stop();
  }
  const { terminal } = options;
  writeLine(
    terminal,
    `${formatNumber(rows)} rows: ${[...Object.entries(outcomes), ['rejected', rejected.written] as const].map(([outcome, count]) => `${formatNumber(count)} ${outcome}`).join(', ')}.`,
  );
  if (rejected.written > 0) writeLine(terminal, `Rejected rows with line and reason: ${rejected.path}`);
  return { rows, outcomes, rejected: rejected.written };
}

const ROWS_PER_REQUEST = 500;

interface ReadRow {
  readonly row: CsvRow;
  /** What it says, or why it says nothing. */
  readonly content: CatalogRow | string;
}

async function* batchesOf(file: string): AsyncGenerator<readonly ReadRow[]> {
  let read: ReturnType<typeof catalogReader> | undefined;
  let batch: ReadRow[] = [];
  for await (const page of csvPages(await openUnpacked(file), ',')) {
    for (const row of page) {
      if (!read) read = catalogReader(row.fields);
      else
        batch.push({
          row,
          content: row.problem ?? (row.text.includes('\uFFFD') ? 'it is not valid UTF-8' : read(row.fields)),
        });
      if (batch.length < ROWS_PER_REQUEST) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

async function sendBatch(
  api: JsonClient,
  batch: readonly ReadRow[],
  outcomes: Record<string, number>,
  rejected: ResultFile,
): Promise<void> {
  const good = batch.filter(
    (entry): entry is ReadRow & { readonly content: CatalogRow } => typeof entry.content !== 'string',
  );
  const results = await postBulk(
    api,
    '/v1/catalog/import',
    'rows',
    good.map(({ content }) => JSON.stringify(content)),
  );
  const reasons = new Map(good.map(({ row }, index) => [row, results[index]]));
  const bad = batch.flatMap(({ row, content }) => {
    const result = reasons.get(row);
    if (typeof content === 'string') return [{ line: row.line, reason: content, text: row.text }];
    if (result && isProblem(result))
      return [{ line: row.line, reason: `${result.problem.code}: ${result.problem.detail}`, text: row.text }];
    const outcome = result?.status ?? 'imported';
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    return [];
  });
  await rejected.add(bad);
}

async function countRows(file: string): Promise<number> {
  let rows = -1;
  try {
    for await (const page of csvPages(await openUnpacked(file), ',')) rows += page.length;
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    });
  }
  if (rows < 0) throw new UsageError(`${file} is empty.`);
  return rows;
}
