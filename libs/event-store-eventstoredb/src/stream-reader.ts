import { BACKWARDS, END, FORWARDS, type ResolvedEvent, START, StreamNotFoundError } from '@eventstore/db-client';
import type { RecordedEvent } from '#event-sourcing';
import { type Attempt, type Connection, LEADER_ONLY } from './connection.js';
import { Gate } from './gate.js';
import { decode } from './stored-event.js';

export interface ReadStreamOptions {
  readonly from?: number;
  readonly limit?: number;
  readonly direction?: 'forwards' | 'backwards';
}

/** Reads single streams, many at a time. */
export class StreamReader {
  readonly #gate = new Gate({ concurrent: CONCURRENT_READS, waitingBytes: Number.POSITIVE_INFINITY });

  constructor(private readonly connection: Connection) {}

  async read(stream: string, options: ReadStreamOptions = {}): Promise<readonly RecordedEvent[]> {
    if (options.limit !== undefined && options.limit <= 0) return [];
    const events = await this.readRaw(stream, await this.#withinStream(stream, options));
    return events.map((event) => decode(event, refuse)).filter((event) => event !== undefined);
  }

  /** The same for any stream, events as the client gives them. */
  async readRaw(stream: string, { from, limit, direction }: ReadStreamOptions): Promise<readonly ResolvedEvent[]> {
    const backwards = direction === 'backwards';
    const options = {
      direction: backwards ? BACKWARDS : FORWARDS,
      fromRevision: from === undefined ? (backwards ? END : START) : BigInt(Math.max(from, 0)),
      maxCount: limit ?? Number.MAX_SAFE_INTEGER,
      ...LEADER_ONLY,
    } as const;
    return this.#gate.run(0, () => this.connection.withRetry((attempt) => this.#collect(attempt, stream, options)));
  }

  async #collect(
    { client, answerTimeoutMs }: Attempt,
    stream: string,
    options: Parameters<Attempt['client']['readStream']>[1],
  ): Promise<ResolvedEvent[]> {
    const events: ResolvedEvent[] = [];
    try {
      const reading = this.connection.events(() => client.readStream(stream, options), answerTimeoutMs);
      for await (const event of reading) events.push(event);
      return events;
    } catch (error) {
      if (error instanceof StreamNotFoundError) return [];
      throw error;
    }
  }

  /** The server reads backwards from a revision after the end as if events were there. */
  async #withinStream(stream: string, options: ReadStreamOptions): Promise<ReadStreamOptions> {
    if (options.direction !== 'backwards' || options.from === undefined) return options;
    const [last] = await this.readRaw(stream, { direction: 'backwards', limit: 1 });
    return { ...options, from: Math.min(options.from, Number(last?.event?.revision ?? 0)) };
  }
}

const CONCURRENT_READS = 64;

/** A stream with a part that was left out would be another history. */
function refuse(stream: string, id: string): never {
  throw new Error(
    `Event ${id} in ${stream} was not written by this application: it is not JSON with our metadata. Give this application an EventStoreDB of its own.`,
  );
}
