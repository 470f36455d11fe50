import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A CSV file of things that could not be used: line, reason, and the thing itself. Made when there is something to write. */
export class ResultFile {
  #file: FileHandle | undefined;
  #written = 0;

  /** `append` goes on with a file that is there already. */
  constructor(
    readonly path: string,
    private readonly append: boolean,
  ) {}

  /** Rows written by this object. */
  get written(): number {
    return this.#written;
  }

  async add(rows: readonly { readonly line: number; readonly reason: string; readonly text: string }[]): Promise<void> {
    if (rows.length === 0) return;
    this.#file ??= await this.#open();
    await this.#file.appendFile(
      rows.map(({ line, reason, text }) => `${line},${quoted(reason)},${quoted(text)}\n`).join(''),
    );
    this.#written += rows.length;
  }

  async close(): Promise<void> {
    await this.#file?.sync();
    await this.#file?.close();
    this.#file = undefined;
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.path), { recursive: true });
    const file = await open(this.path, this.append ? 'a' : 'w');
    if ((await file.stat()).size === 0) await file.appendFile('line,reason,text\n');
    return file;
  }
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
