import { EventEmitter } from 'node:events';

/** What a writer expects: a revision, or one of the three words of the protocol. */
export type Expected = number | 'any' | 'no-stream' | 'stream-exists';

export interface ProposedRecord {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface LogRecord extends ProposedRecord {
  readonly stream: string;
  readonly revision: number;
  /** Byte offset in the log, both commit and prepare position. */
  readonly position: number;
  /** Offset after the record. */
  readonly end: number;
  readonly createdAtMs: number;
}

export type WriteOutcome =
  | { readonly result: 'written'; readonly revision: number; readonly position: number }
  | { readonly result: 'wrong-expected-version'; readonly currentRevision: number | undefined }
  | { readonly result: 'stream-deleted' };

interface Stream {
  /** All records ever, by revision. */
  readonly records: LogRecord[];
  tombstoned: boolean;
}

/** Where the first record lies: a real log begins with records of its own. */
const FIRST_POSITION = 1_024;
const RECORD_OVERHEAD_BYTES = 120;

/**
 * One transaction log in memory with the rules of EventStoreDB: positions are byte offsets, expected revisions with the
 * server's idempotency, soft deletes, tombstones and stream metadata.
 */
export class DoubleLog {
  readonly records: LogRecord[] = [];
  readonly #streams = new Map<string, Stream>();
  /** For writes with expected revision "any". A server's memory of ids has an end too, but a far one. */
  readonly #ids = new Map<string, LogRecord>();
  readonly #appended = new EventEmitter().setMaxListeners(0);
  #end = FIRST_POSITION;

  /** Offset after the last record. */
  get end(): number {
    return this.#end;
  }

  append(stream: string, expected: Expected, proposed: readonly ProposedRecord[]): WriteOutcome {
    const known = this.#streams.get(stream);
    if (known?.tombstoned) return { result: 'stream-deleted' };
    const decision = this.#check(stream, expected, proposed);
    if (decision) return decision;
    return this.#write(stream, proposed);
  }

  /** A soft delete hides what is there; a tombstone closes the stream for good. */
  delete(stream: string, expected: Expected, tombstone: boolean): WriteOutcome {
    const known = this.#streams.get(stream);
    if (known?.tombstoned) return { result: 'stream-deleted' };
    const last = this.lastRevision(stream);
    if (!isAsExpected(expected, last)) return wrong(last);
    if (tombstone) {
      const written = this.#write(stream, [systemRecord('$streamDeleted', {})]);
      this.#streamOf(stream).tombstoned = true;
      return written;
    }
    return this.#write(`$$${stream}`, [systemRecord('$metadata', { ...this.metadataOf(stream), $tb: last + 1 })]);
  }

  isTombstoned(stream: string): boolean {
    return this.#streams.get(stream)?.tombstoned ?? false;
  }

  /** Last revision ever written; -1 for none. */
  lastRevision(stream: string): number {
    return (this.#streams.get(stream)?.records.length ?? 0) - 1;
  }

  /** What a reader of the stream sees: metadata hides what is too old. */
  visible(stream: string): readonly LogRecord[] {
    const records = this.#streams.get(stream)?.records ?? [];
    if (stream.startsWith('$$')) return records.slice(-1);
    const { $maxCount, $tb, $maxAge } = this.metadataOf(stream);
    const oldestMs = $maxAge === undefined ? Number.NEGATIVE_INFINITY : Date.now() - $maxAge * 1_000;
    return records.slice($maxCount === undefined ? 0 : -$maxCount).filter(({ revision, createdAtMs }) => {
      return revision >= ($tb ?? 0) && createdAtMs >= oldestMs;
    });
  }

  metadataOf(stream: string): { $maxCount?: number; $tb?: number; $maxAge?: number } {
    const last = this.#streams.get(`$$${stream}`)?.records.at(-1);
    return last ? JSON.parse(Buffer.from(last.data).toString()) : {};
  }

  /** Index of the first record at or after a position. */
  indexOf(position: number): number {
    let [low, high] = [0, this.records.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.records[middle]?.position ?? 0) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A reader may not begin inside a record. Past the end there is none, and a server takes such a position. */
  isInsideRecord(position: number): boolean {
    if (position === 0 || position >= this.#end) return false;
    return this.records[this.indexOf(position)]?.position !== position;
  }

  onAppended(listener: () => void): () => void {
    this.#appended.on('appended', listener);
    return () => this.#appended.off('appended', listener);
  }

  #write(stream: string, proposed: readonly ProposedRecord[]): WriteOutcome {
    const { records } = this.#streamOf(stream);
    for (const record of proposed) {
      const bytes = RECORD_OVERHEAD_BYTES + stream.length + record.data.length + record.metadata.length;
      const stored = {
        ...record,
        stream,
        revision: records.length,
        position: this.#end,
        end: this.#end + bytes,
        createdAtMs: Date.now(),
      };
      records.push(stored);
      this.records.push(stored);
      this.#ids.set(stored.id, stored);
      this.#end = stored.end;
    }
    this.#appended.emit('appended');
    const last = records.at(-1);
    const position = proposed.length > 0 ? last?.position : this.#end;
    return { result: 'written', revision: last?.revision ?? -1, position: position ?? this.#end };
  }

  #streamOf(stream: string): Stream {
    const known = this.#streams.get(stream) ?? { records: [], tombstoned: false };
    this.#streams.set(stream, known);
    return known;
  }

  /** Undefined when the records are to be written. The order of the rules is the server's. */
  #check(stream: string, expected: Expected, proposed: readonly ProposedRecord[]): WriteOutcome | undefined {
    const last = this.lastRevision(stream);
    if (expected === 'stream-exists' && last < 0) return wrong(last);
    if (expected === 'any' || expected === 'stream-exists') return this.#checkKnown(stream, proposed, last);
    const revision = expected === 'no-stream' ? -1 : expected;
    if (revision > last) return wrong(last);
    if (revision === last) return undefined;
    const softDeleted = (this.metadataOf(stream).$tb ?? 0) > last;
    if (expected === 'no-stream' && softDeleted) return undefined;
    const there = this.#streams.get(stream)?.records.slice(revision + 1, revision + 1 + proposed.length) ?? [];
    return isRepeat(there, proposed) ? repeated(there) : wrong(last);
  }

  #checkKnown(stream: string, proposed: readonly ProposedRecord[], last: number): WriteOutcome | undefined {
    const there = proposed.map(({ id }) => this.#ids.get(id)).map((record) => record?.stream === stream && record);
    if (!there[0]) return undefined;
    const stored = there.filter((record) => record !== false && record !== undefined);
    return stored.length === proposed.length ? repeated(stored as LogRecord[]) : wrong(last);
  }
}

const isAsExpected = (expected: Expected, last: number): boolean => {
  if (expected === 'any') return true;
  if (expected === 'stream-exists') return last >= 0;
  return last === (expected === 'no-stream' ? -1 : expected);
};

const isRepeat = (there: readonly LogRecord[], proposed: readonly ProposedRecord[]): boolean =>
  there.length > 0 && there.length === proposed.length && there.every(({ id }, index) => id === proposed[index]?.id);

const repeated = (there: readonly LogRecord[]): WriteOutcome => {
  const last = there.at(-1);
  return { result: 'written', revision: last?.revision ?? -1, position: last?.position ?? 0 };
};

const wrong = (last: number): WriteOutcome => ({
  result: 'wrong-expected-version',
  currentRevision: last < 0 ? undefined : last,
});

const systemRecord = (type: string, data: object): ProposedRecord => ({
  id: crypto.randomUUID(),
  type,
  contentType: 'application/json',
  data: Buffer.from(JSON.stringify(data)),
  metadata: new Uint8Array(),
});
