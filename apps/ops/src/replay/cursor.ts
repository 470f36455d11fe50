import { hash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** How far a replay has come. */
export interface Progress {
  readonly file: string;
  /** Rows of the whole file without its header. */
  readonly rows: number;
  /** Whether catalogue, location, supply and opening stock stand. */
  readonly setUp: boolean;
  /** Steps that were acknowledged, counted from the first without a gap. */
  readonly steps: number;
  readonly rowsRead: number;
  readonly done: boolean;
  /** End of the log when this was written, or earlier. */
  readonly head: number;
  /** What the system answered to them, by outcome. */
  readonly answers: Readonly<Record<string, number>>;
}

/**
 * The durable place of one replay, in the data directory so that it goes when the data goes. A new state is written
 * aside, forced to disk and put in place of the old one at once.
 */
export class Cursor {
  private constructor(
    readonly path: string,
    private current: Progress | undefined,
  ) {}

  /** The cursor of one file content under one mapping; what cannot be read counts as never begun. */
  static async open(dataDir: string, fileId: string, mapping: object): Promise<Cursor> {
    const name = hash('sha256', JSON.stringify([PLAN_VERSION, fileId, mapping]), 'hex');
    const path = join(dataDir, 'replay', `${name}.json`);
    return new Cursor(path, await read(path));
  }

  get progress(): Progress | undefined {
    return this.current;
  }

  async save(progress: Progress): Promise<void> {
    const folder = dirname(this.path);
    await mkdir(folder, { recursive: true });
    await writeDurably(`${this.path}.new`, `${JSON.stringify(progress, undefined, 2)}\n`);
    await rename(`${this.path}.new`, this.path);
    await syncFolder(folder);
    this.current = progress;
  }
}

/** Raise it when the same file is cut into other steps than before: old cursors then begin again, which changes nothing twice. */
const PLAN_VERSION = 1;

const progressSchema = z.object({
  file: z.string(),
  rows: z.int().min(0),
  setUp: z.boolean(),
  steps: z.int().min(0),
  rowsRead: z.int().min(0),
  done: z.boolean(),
  head: z.int().min(0),
  answers: z.record(z.string(), z.int().min(0)),
});

async function read(path: string): Promise<Progress | undefined> {
  try {
    return progressSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // A folder cannot be opened there, and a rename is journalled.
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
