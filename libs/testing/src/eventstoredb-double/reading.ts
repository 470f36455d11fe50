import { randomUUID } from 'node:crypto';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { DoubleLog, LogRecord } from './double-log.js';
import { type DoubleFilter, filterOf } from './filter.js';
import { caughtUp, checkpoint, confirmation, errors, nameOf, readEvent, streamNotFound } from './messages.js';
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
  if (records.length === 0) return sender.send(streamNotFound(name));
  const backwards = options.getReadDirection() === 1;
  const from = fromRevision(stream, backwards);
  const wanted = records.filter(({ revision }) => (backwards ? revision <= from : revision >= from));
  if (backwards) wanted.reverse();
  for (const record of wanted.slice(0, Number(options.getCount()))) await sender.send(readEvent(record));
}

async function readAll(
  { log }: DoubleNode,
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
  { log }: DoubleNode,
  sender: Sender<ReadResp>,
  options: Options,
  all: AllOptions,
): Promise<void> {
  const filter = filterIn(options);
  const cursor = new AllCursor(log, sender, filter, afterPosition(log, all));
  await sender.send(confirmation(randomUUID()));
  await cursor.catchUp();
  for (;;) {
    if (!(await cursor.goLive())) await sender.appended(log);
  }
}

/** Where a subscription to `$all` stands. */
class AllCursor {
  #index: number;
  #considered = 0;
  #sent = { commit: 0, prepare: 0 };

  constructor(
    private readonly log: DoubleLog,
    private readonly sender: Sender<ReadResp>,
    private readonly filter: DoubleFilter,
    firstIndex: number,
  ) {
    this.#index = firstIndex;
  }

  async catchUp(): Promise<void> {
    while (this.#index < this.log.records.length) {
      const start = this.#index;
      const page = this.log.records.slice(start, start + this.filter.maxSearchWindow);
      for (const record of page) await this.#consider(record);
      // A checkpoint of a page in which nothing matched is where the page began: nothing before it is left.
      const [first] = page;
      if (first && first.position > this.#sent.commit) this.#sent = { commit: first.position, prepare: 0 };
      if (this.#considered >= this.filter.checkpointInterval) await this.#checkpoint();
    }
    if (this.#sent.commit > 0) await this.#checkpoint();
    await this.sender.send(caughtUp());
  }

  /** False when there is nothing new. */
  async goLive(): Promise<boolean> {
    const record = this.log.records[this.#index];
    if (!record) return false;
    await this.#consider(record);
    if (this.#considered >= this.filter.checkpointInterval) {
      this.#sent = { commit: record.position, prepare: record.position };
      await this.#checkpoint();
    }
    return true;
  }

  async #consider(record: LogRecord): Promise<void> {
    this.#index += 1;
    this.#considered += 1;
    if (!this.filter.matches(record)) return;
    this.#sent = { commit: record.position, prepare: record.position };
    await this.sender.send(readEvent(record));
  }

  async #checkpoint(): Promise<void> {
    this.#considered = 0;
    if (this.filter.checkpointInterval !== Number.POSITIVE_INFINITY) await this.sender.send(checkpoint(this.#sent));
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
  const index = log.indexOf(positionIn(log, all).commit);
  return backwards ? index - 1 : index;
}

/** A subscription begins after its position. What lies at a commit whose prepare is 0 comes after that position. */
function afterPosition(log: DoubleLog, all: AllOptions): number {
  if (all.hasStart()) return 0;
  if (all.hasEnd()) return log.records.length;
  const { commit, prepare } = positionIn(log, all);
  return log.indexOf(prepare < commit ? commit : commit + 1);
}

function positionIn(log: DoubleLog, all: AllOptions): { commit: number; prepare: number } {
  const position = all.getPosition();
  const commit = Number(position?.getCommitPosition());
  const prepare = Number(position?.getPreparePosition());
  if (prepare > commit) throw errors.invalidArgument('The commit position cannot be less than the prepare position');
  if (!log.isBoundary(commit)) throw errors.invalidPosition();
  return { commit, prepare };
}
