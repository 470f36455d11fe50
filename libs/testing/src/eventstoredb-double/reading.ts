import { randomUUID } from 'node:crypto';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { DoubleLog, LogRecord } from './double-log.js';
import { type DoubleFilter, filterOf } from './filter.js';
import {
  caughtUp,
  checkpoint,
  confirmation,
  errors,
  fellBehind,
  nameOf,
  type Place,
  readEvent,
  streamNotFound,
} from './messages.js';
import { admit, asCallError, checkStream, type DoubleNode } from './node.js';
import { Sender } from './sender.js';

type Options = ReadReq.Options;
type StreamOptions = ReadReq.Options.StreamOptions;
type AllOptions = ReadReq.Options.AllOptions;

/** Answers `Streams/Read`: streams and `$all`, forwards and backwards, once or as a subscription. */
export async function read(node: DoubleNode, call: ServerWritableStream<ReadReq, ReadResp>): Promise<void> {
  const sender = new Sender<ReadResp>(call, () => {
    node.faults.readAnswers += 1;
  });
  try {
    await admit(node, 'read', call.metadata);
    const options = call.request.getOptions();
    if (!options) throw errors.invalidArgument('options are missing');
    await answer(node, sender, options);
    call.end();
  } catch (error) {
    if (sender.isOpen) call.emit('error', asCallError(error));
  }
}

async function answer(node: DoubleNode, sender: Sender<ReadResp>, options: Options): Promise<void> {
  const all = options.getAll();
  const stream = options.getStream();
  if (!options.hasSubscription() && Number(options.getCount()) === 0) throw errors.thrownByHandler('no events to read');
  if (all && options.hasSubscription()) return subscribeToAll(node, sender, options, all);
  if (all) return readAll(node, sender, options, all);
  if (!stream) throw errors.invalidArgument('neither a stream nor $all');
  checkStream(node, nameOf(stream.getStreamIdentifier()));
  if (options.hasSubscription()) return subscribeToStream(node, sender, stream);
  return readStream(node, sender, options, stream);
}

async function readStream(
  { log }: DoubleNode,
  sender: Sender<ReadResp>,
  options: Options,
  stream: StreamOptions,
): Promise<void> {
  const name = nameOf(stream.getStreamIdentifier());
  if (log.isTombstoned(name)) throw errors.streamDeleted(name);
  const records = log.visible(name);
  if (records.length === 0) {
    await sender.send(streamNotFound(name));
    return;
  }
  const backwards = options.getReadDirection() === 1;
  const from = fromRevision(stream, backwards);
  const wanted = records.filter(({ revision }) => (backwards ? revision <= from : revision >= from));
  if (backwards) wanted.reverse();
  for (const record of wanted.slice(0, Number(options.getCount()))) await sender.send(readEvent(record));
}

async function readAll(
  { log, version }: DoubleNode,
  sender: Sender<ReadResp>,
  options: Options,
  all: AllOptions,
): Promise<void> {
  const { matches } = filterIn(options);
  let left = Number(options.getCount());
  const backwards = options.getReadDirection() === 1;
  // A page is read at a time; what is appended meanwhile is not seen.
  const end = log.records.length;
  const step = backwards ? -1 : 1;
  if (all.hasPosition() && log.isInsideRecord(positionIn(all).commit)) throw errors.insideRecord(version, 'read');
  const first = firstIndex(log, all, backwards);
  for (let index = first; index >= 0 && index < end && left > 0; index += step) {
    const record = log.records[index];
    if (!record || !matches(record)) continue;
    left -= 1;
    await sender.send(readEvent(record));
  }
}

/** As the server does it: pages of the search window until the end is reached, then live. */
async function subscribeToAll(
  node: DoubleNode,
  sender: Sender<ReadResp>,
  options: Options,
  all: AllOptions,
): Promise<void> {
  const { log, faults, version } = node;
  if (all.hasPosition() && log.isInsideRecord(positionIn(all).commit))
    throw errors.insideRecord(version, 'subscription');
  const cursor = new AllCursor(node, sender, filterIn(options), all);
  await sender.send(confirmation(randomUUID()));
  await cursor.catchUp();
  for (;;) {
    await faults.live();
    const state = await cursor.goLive();
    if (state === 'too slow') {
      if (version === '23.10.8') throw errors.consumerTooSlow();
      await sender.send(fellBehind());
      await cursor.catchUp();
    }
    if (state === 'nothing new') await sender.appended(log);
  }
}

/** Of a live subscription; one whose client takes them slower than they come does not stay live. */
const LIVE_RECORDS_MAX = 32;

/** Where a subscription to `$all` stands. */
class AllCursor {
  readonly #log: DoubleLog;
  readonly #isOld: boolean;
  readonly #isWanted: (record: LogRecord) => boolean;
  #index: number;
  #considered = 0;
  /** What the next checkpoint says: the last record that was let through, or how far a page without one reached. */
  #reached: Place;

  constructor(
    { log, version }: DoubleNode,
    private readonly sender: Sender<ReadResp>,
    private readonly filter: DoubleFilter,
    all: AllOptions,
  ) {
    this.#log = log;
    this.#isOld = version === '23.10.8';
    const from = all.hasPosition() ? positionIn(all) : undefined;
    this.#reached = from ?? 'start';
    this.#index = from ? log.indexOf(from.commit) : all.hasEnd() ? log.records.length : 0;
    this.#isWanted = (record) => (!from || this.#liesAfter(record, from)) && filter.matches(record);
  }

  async catchUp(): Promise<void> {
    while (this.#index < this.#log.records.length) {
      const start = this.#index;
      const page = this.#log.records.slice(start, start + this.filter.maxSearchWindow);
      for (const record of page) await this.#consider(record);
      if (this.#considered >= this.filter.checkpointInterval) {
        // The checkpoint of a page in which nothing matched is where the page began: nothing before it is left.
        const [first] = page;
        if (first && first.position > this.#reachedCommit) this.#reached = { commit: first.position, prepare: 0 };
        await this.#checkpoint();
      }
    }
    if (!this.#isOld || this.#reachedCommit > 0) await this.#checkpoint();
    await this.sender.send(caughtUp());
  }

  /** Sends the next record. */
  async goLive(): Promise<'live' | 'too slow' | 'nothing new'> {
    const record = this.#log.records[this.#index];
    if (!record) return 'nothing new';
    const waited = await this.#consider(record);
    if (this.#considered >= this.filter.checkpointInterval) {
      this.#reached = { commit: record.position, prepare: record.position };
      await this.#checkpoint();
    }
    return waited && this.#log.records.length - this.#index > LIVE_RECORDS_MAX ? 'too slow' : 'live';
  }

  /** True when the client let it wait. */
  async #consider(record: LogRecord): Promise<boolean> {
    this.#index += 1;
    this.#considered += 1;
    if (!this.#isWanted(record)) return false;
    this.#reached = { commit: record.position, prepare: record.position };
    return this.sender.send(readEvent(record));
  }

  /** 23.10 leaves the record at a commit position out whatever the prepare position; 24.2 sends it where that is smaller. */
  #liesAfter({ position }: LogRecord, { commit, prepare }: { commit: number; prepare: number }): boolean {
    return position > commit || (position === commit && prepare < commit && !this.#isOld);
  }

  get #reachedCommit(): number {
    return this.#reached === 'start' ? 0 : this.#reached.commit;
  }

  async #checkpoint(): Promise<void> {
    this.#considered = 0;
    if (this.filter.checkpointInterval !== Number.POSITIVE_INFINITY) await this.sender.send(checkpoint(this.#reached));
  }
}

async function subscribeToStream({ log }: DoubleNode, sender: Sender<ReadResp>, stream: StreamOptions): Promise<void> {
  const name = nameOf(stream.getStreamIdentifier());
  let next = stream.hasEnd() ? log.lastRevision(name) + 1 : stream.hasRevision() ? Number(stream.getRevision()) + 1 : 0;
  await sender.send(confirmation(randomUUID()));
  for (let live = false; ; ) {
    if (log.isTombstoned(name)) throw errors.streamDeleted(name);
    const records = log.visible(name).filter(({ revision }) => revision >= next);
    for (const record of records) await sender.send(readEvent(record));
    next = (records.at(-1)?.revision ?? next - 1) + 1;
    if (records.length > 0) continue;
    if (!live) await sender.send(caughtUp());
    live = true;
    await sender.appended(log);
  }
}

const everything: DoubleFilter = {
  matches: () => true,
  maxSearchWindow: 32,
  checkpointInterval: Number.POSITIVE_INFINITY,
};

const filterIn = (options: Options): DoubleFilter => {
  const filter = options.getFilter();
  return filter ? filterOf(filter) : everything;
};

const fromRevision = (stream: StreamOptions, backwards: boolean): number => {
  if (stream.hasRevision()) return Number(stream.getRevision());
  if (stream.hasEnd()) return backwards ? Number.POSITIVE_INFINITY : Number.MAX_SAFE_INTEGER;
  return 0;
};

/** A read forwards begins with the record at its position, one backwards with the record before. */
function firstIndex(log: DoubleLog, all: AllOptions, backwards: boolean): number {
  if (all.hasStart()) return backwards ? -1 : 0;
  if (all.hasEnd()) return backwards ? log.records.length - 1 : log.records.length;
  const index = log.indexOf(positionIn(all).commit);
  return backwards ? index - 1 : index;
}

function positionIn(all: AllOptions): { commit: number; prepare: number } {
  const position = all.getPosition();
  const commit = Number(position?.getCommitPosition());
  const prepare = Number(position?.getPreparePosition());
  if (prepare > commit) throw errors.invalidArgument('The commit position cannot be less than the prepare position');
  return { commit, prepare };
}
