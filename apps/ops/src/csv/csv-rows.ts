import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';

/** One record of a CSV file, or why it is none. */
export interface CsvRow {
  /** Of its first line in the file, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
  /** As it stands in the file. */
  readonly text: string;
  /** Present for a row that cannot be split into fields. */
  readonly problem?: string;
}

/** A quoted field may span this many lines; a quote that is still open then was a slip in its own line. */
const MAX_LINES_PER_RECORD = 50;
/** Characters of one record. Nothing longer is kept in memory. */
const MAX_RECORD_LENGTH = 65_536;

/**
 * The records of a file in pages of a few hundred, empty lines left out. Bytes that are not UTF-8 come as U+FFFD.
 *
 * A line without a quote is split here, which is several times faster than any parser that looks at every character and
 * is right by definition; records with quotes go through csv-parse. Lines are cut first, so that an unclosed
 * quote costs its own line and not the rest of the file.
 */
export async function* csvPages(
  source: AsyncIterable<Uint8Array>,
  delimiter: string,
): AsyncGenerator<readonly CsvRow[]> {
  const decoder = new TextDecoder();
  const records = new RecordSplitter(delimiter);
  for await (const chunk of source) {
    const page = records.add(decoder.decode(chunk, { stream: true }));
    if (page.length > 0) yield page;
  }
  const page = records.end(decoder.decode());
  if (page.length > 0) yield page;
}

/** The bytes of a file, unpacked when its first bytes say zstd or gzip. */
export async function openUnpacked(path: string): Promise<Readable> {
  const magic = await firstBytes(path, 4);
  const file = createReadStream(path);
  const unpack = magic.startsWith('28b52ffd')
    ? createZstdDecompress()
    : magic.startsWith('1f8b')
      ? createGunzip()
      : undefined;
  if (!unpack) return file;
  file.once('error', (error) => unpack.destroy(error));
  unpack.once('close', () => file.destroy());
  return file.pipe(unpack);
}

async function firstBytes(path: string, count: number): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead).toString('hex');
  } finally {
    await file.close();
  }
}

class RecordSplitter {
  /** What of the last chunk has no line end yet. */
  #rest = '';
  #line = 0;
  /** Set while a line that is too long to be one goes by. */
  #skipping = false;
  /** Lines of a record whose quote is open. */
  #open: string[] = [];
  #openLength = 0;
  #page: CsvRow[] = [];

  constructor(private readonly delimiter: string) {}

  add(text: string): readonly CsvRow[] {
    const all = this.#rest + text;
    let start = 0;
    for (let end = all.indexOf('\n'); end >= 0; end = all.indexOf('\n', start)) {
      this.#addLine(all.slice(start, all.charCodeAt(end - 1) === CARRIAGE_RETURN && end > start ? end - 1 : end));
      start = end + 1;
    }
    this.#rest = all.slice(start);
    if (this.#rest.length > MAX_RECORD_LENGTH) this.#dropLongLine();
    return this.#takePage();
  }

  end(text: string): readonly CsvRow[] {
    const page = [...this.add(text)];
    if (this.#rest !== '') this.#addLine(this.#rest.replace(/\r$/, ''));
    while (this.#open.length > 0) this.#giveUpOpenLine();
    return [...page, ...this.#takePage()];
  }

  #takePage(): readonly CsvRow[] {
    const page = this.#page;
    this.#page = [];
    return page;
  }

  #addLine(line: string): void {
    this.#line += 1;
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    this.#consider(line);
  }

  #consider(line: string): void {
    if (this.#open.length === 0 && line.indexOf('"') < 0) {
      if (line.length > MAX_RECORD_LENGTH) this.#reject(this.#line, line, TOO_LONG);
      else if (line !== '') this.#page.push({ line: this.#line, fields: line.split(this.delimiter), text: line });
      return;
    }
    const isOpen = endsInQuotes(line, this.#open.length > 0, this.delimiter);
    this.#open.push(line);
    this.#openLength += line.length + 1;
    const isTooMuch = this.#open.length >= MAX_LINES_PER_RECORD || this.#openLength > MAX_RECORD_LENGTH;
    if (isTooMuch && isOpen) this.#giveUpOpenLine();
    else if (!isOpen) this.#closeRecord();
  }

  #closeRecord(): void {
    const lines = this.#open;
    const row = parseRecord(this.#line - lines.length + 1, lines.join('\n'), this.delimiter);
    if (row.problem !== undefined && lines.length > 1) {
      this.#giveUpOpenLine();
      return;
    }
    this.#open = [];
    this.#openLength = 0;
    this.#page.push(row);
  }

  /** Rejects the line with the open quote and looks at those after it afresh. */
  #giveUpOpenLine(): void {
    const [culprit = '', ...others] = this.#open;
    const last = this.#line;
    this.#open = [];
    this.#openLength = 0;
    this.#line = last - others.length;
    this.#reject(this.#line, culprit, 'a quote is opened and never closed');
    for (const line of others) {
      this.#line += 1;
      this.#consider(line);
    }
  }

  #dropLongLine(): void {
    if (!this.#skipping) this.#reject(this.#line + 1, this.#rest, TOO_LONG);
    this.#skipping = true;
    this.#rest = '';
  }

  #reject(line: number, text: string, problem: string): void {
    this.#page.push({ line, fields: [], text: text.slice(0, 1_000), problem });
  }
}

const CARRIAGE_RETURN = 13;
const TOO_LONG = `the line is longer than ${MAX_RECORD_LENGTH} characters`;

/** Whether a quoted field is still open at the end of a line. A quote opens a field only where the field begins. */
function endsInQuotes(line: string, startsInQuotes: boolean, delimiter: string): boolean {
  let inQuotes = startsInQuotes;
  for (let at = 0; at <= line.length; ) {
    if (inQuotes) {
      const quote = line.indexOf('"', at);
      if (quote < 0) return true;
      const isEscaped = line[quote + 1] === '"';
      inQuotes = isEscaped;
      at = quote + (isEscaped ? 2 : 1);
    } else if (line[at] === '"' && (at === 0 || line[at - 1] === delimiter)) {
      inQuotes = true;
      at += 1;
    } else {
      const next = line.indexOf(delimiter, at);
      if (next < 0) return false;
      at = next + 1;
    }
  }
  return inQuotes;
}

function parseRecord(line: number, text: string, delimiter: string): CsvRow {
  try {
    const [fields = []] = parse(text, {
      delimiter,
      relax_column_count: true,
      relax_quotes: true,
      max_record_size: 2 * MAX_RECORD_LENGTH,
    });
    return { line, fields, text };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { line, fields: [], text, problem: 'its quotes are not placed as CSV has them' };
  }
}
