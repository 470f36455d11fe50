import { type AppendResult as ClientResult, NO_STREAM, WrongExpectedVersionError } from '@eventstore/db-client';
import {
  type AppendResult,
  AtomicAppendUnsupported,
  type RecordedEvent,
  RevisionConflict,
  type StreamAppend,
} from '#event-sourcing';
import { type Connection, LEADER_ONLY } from './connection.js';
import { isTransient } from './errors.js';
import { Gate } from './gate.js';
import { afterCommit } from './positions.js';
import { type EncodedAppend, type EncodedEvent, encode } from './stored-event.js';
import type { StreamReader } from './stream-reader.js';

/** Appends to single streams, many at a time, each as often as it takes to know that it is stored once. */
export class Appender {
  readonly #gate = new Gate({ concurrent: CONCURRENT_APPENDS, waitingBytes: WAITING_BYTES_MAX });

  constructor(
    private readonly connection: Connection,
    private readonly reader: StreamReader,
  ) {}

  async append(appends: readonly StreamAppend[]): Promise<AppendResult> {
    const [only, ...others] = appends;
    if (!only) return { position: 0, revisions: [] };
    if (others.length > 0) throw new AtomicAppendUnsupported(appends.map(({ stream }) => stream));
    const encoded = encode(only);
    if (only.events.length === 0) return this.#checkOnly(only);
    if (only.expected === 'any') return this.#appendAnywhere(only, encoded);
    return this.#appendAt(only, only.expected === 'no-stream' ? -1 : only.expected, encoded);
  }

  /**
   * The server's own memory of event ids has an end where the expected revision is 'any', and it looks at the first id
   * alone. So we look at the end of the stream ourselves and append right there; who was faster makes us look again.
   */
  async #appendAnywhere(append: StreamAppend, encoded: EncodedAppend): Promise<AppendResult> {
    for (let attempt = 1; ; attempt += 1) {
      const recent = await this.reader.read(append.stream, { direction: 'backwards', limit: REPEAT_WINDOW_EVENTS });
      const repeated = resultOfRecent(append.stream, encoded.events, recent);
      if (repeated) return repeated;
      try {
        return await this.#appendAt(append, recent[0]?.revision ?? -1, encoded);
      } catch (error) {
        if (!(error instanceof RevisionConflict) || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }

  async #appendAt(append: StreamAppend, revision: number, encoded: EncodedAppend): Promise<AppendResult> {
    try {
      const result = await this.#gate.run(encoded.bytes, () => this.#write(append.stream, revision, encoded));
      const last = Number(result.nextExpectedRevision);
      return { position: positionIn(result) ?? (await this.#positionOf(append.stream, last)), revisions: [last] };
    } catch (error) {
      if (!(error instanceof WrongExpectedVersionError)) throw error;
      return (
        (await this.#resultOfRepeat(append.stream, encoded.events, revision)) ??
        this.#conflict(append, error.actualVersion)
      );
    }
  }

  /** The same ids at the same revision are the same append to the server, so an append of unknown outcome is sent again. */
  #write(stream: string, revision: number, { events, bytes }: EncodedAppend): Promise<ClientResult> {
    const expectedRevision = revision < 0 ? NO_STREAM : BigInt(revision);
    const sizeMs = events.length * MS_PER_EVENT + bytes * MS_PER_BYTE;
    return this.connection.withRetry(async ({ client, answerTimeoutMs }) => {
      try {
        return await client.appendToStream(stream, [...events], {
          expectedRevision,
          deadline: answerTimeoutMs + sizeMs,
          ...LEADER_ONLY,
        });
      } catch (error) {
        if (isTransient(error)) this.#gate.cool();
        throw error;
      }
    });
  }

  async #checkOnly(append: StreamAppend): Promise<AppendResult> {
    const [last] = await this.reader.read(append.stream, { direction: 'backwards', limit: 1 });
    const revision = last?.revision ?? -1;
    const expected = append.expected === 'no-stream' ? -1 : append.expected;
    if (expected !== 'any' && expected !== revision) this.#conflict(append, last ? BigInt(revision) : NO_STREAM);
    return { position: last?.position ?? 0, revisions: [revision] };
  }

  async #positionOf(stream: string, revision: number): Promise<number> {
    const [event] = await this.reader.read(stream, { from: revision, limit: 1 });
    return event?.position ?? 0;
  }

  async #resultOfRepeat(
    stream: string,
    events: readonly EncodedEvent[],
    revision: number,
  ): Promise<AppendResult | undefined> {
    const there = await this.reader.read(stream, { from: revision + 1, limit: events.length });
    return resultWhenSame(events, there);
  }

  #conflict({ stream, expected }: StreamAppend, actual: bigint | string): never {
    throw new RevisionConflict([stream], `Not as expected: ${stream} (expected ${expected}, is at ${actual}).`);
  }
}

/** Our choice, and no limit of the server: more at once would win nothing, as it writes one after the other. */
const CONCURRENT_APPENDS = 128;
/** Every event is a message of its own; so much more time a large append has. */
const MS_PER_EVENT = 2;
const MS_PER_BYTE = 1 / 1_024;
const WAITING_BYTES_MAX = 64 * 1_048_576;
const REPEAT_WINDOW_EVENTS = 1_000;
/** Each lost attempt means that another writer's append was stored. */
const ATTEMPTS_MAX = 100;

/** What the last events, newest first, say of an append with 'any': repeated, undefined when new, a conflict when mixed. */
function resultOfRecent(
  stream: string,
  events: readonly EncodedEvent[],
  recent: readonly RecordedEvent[],
): AppendResult | undefined {
  const ids = new Set(events.map(({ id }) => id));
  const oldest = recent.findLastIndex(({ id }) => ids.has(id));
  if (oldest < 0) return undefined;
  const there = recent.slice(Math.max(0, oldest + 1 - events.length), oldest + 1).reverse();
  const repeated = resultWhenSame(events, there);
  if (repeated) return repeated;
  throw new RevisionConflict([stream], `Not as expected: ${stream} holds some of these events as another append.`);
}

function resultWhenSame(events: readonly EncodedEvent[], there: readonly RecordedEvent[]): AppendResult | undefined {
  const last = there.at(-1);
  const isSame = there.length === events.length && there.every(({ id }, index) => id === events[index]?.id);
  return isSame && last ? { position: last.position, revisions: [last.revision] } : undefined;
}

/** A repeat may be answered without a position, or with the greatest number there is. */
function positionIn({ position }: ClientResult): number | undefined {
  return position && position.commit < BigInt(Number.MAX_SAFE_INTEGER) ? afterCommit(position.commit) : undefined;
}
