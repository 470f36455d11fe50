import {
  type AllStreamResolvedEvent,
  BACKWARDS,
  END,
  type EventStoreDBClient,
  FORWARDS,
  type Position,
  START,
  type StreamingRead,
} from '@eventstore/db-client';
import { PositionAheadOfLog } from '#event-sourcing';
import { Cluster, type Node } from './cluster.js';
import {
  backOff,
  EndedByServer,
  explained,
  isBusy,
  isTransient,
  SilentServer,
  StoreClosed,
  unavailable,
} from './errors.js';
import { afterCommit, commitOf, isAfterRecord, placeOf } from './positions.js';

export interface ConnectionOptions {
  /** How long an append or a read waits for a server that is away before its caller is refused. */
  readonly patienceMs?: number;
  /** How long one answer may take at most before it is asked for again; see {@link Attempt.answerTimeoutMs}. */
  readonly answerTimeoutMs?: number;
}

/** One try of a call. */
export interface Attempt {
  readonly client: EventStoreDBClient;
  /**
   * How long to wait for an answer: short at first, as a frozen node must not hold up all work, and twice as
   * long each time, so that a node that is only slow gets its time.
   */
  readonly answerTimeoutMs: number;
}

/** All calls go to the leader: a follower may lack the newest events, and what it lacks would look like the end of the log. */
export const LEADER_ONLY = { requiresLeader: true };

/** The leader of the cluster and its client, with the faults kept away that README.md lists. */
export class Connection {
  readonly #cluster: Cluster;
  readonly #answerTimeoutMs: number;
  readonly #patienceMs: number;
  readonly #closing = new AbortController();

  constructor(url: string, { patienceMs = 30_000, answerTimeoutMs = 10_000 }: ConnectionOptions) {
    this.#cluster = new Cluster(url);
    this.#patienceMs = patienceMs;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  /** Aborted when the store is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Repeats what may be repeated over lost connections, busy servers and elections until it answers or the time is up. */
  async withRetry<T>(run: (attempt: Attempt) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#patienceMs;
    for (let [tries, runs] = [0, 0]; ; tries += 1) {
      this.#refuseWhenClosed();
      try {
        const node = await this.#cluster.leader();
        runs += 1;
        return await this.#onNode(node, () => run(this.#attempt(node, runs)));
      } catch (error) {
        if (!isTransient(error)) throw explained(error);
        if (performance.now() > deadline) throw unavailable(this.#patienceMs, error);
        await backOff(tries, this.closing);
      }
    }
  }

  /** Throws LeaderMissing while there is none. */
  leader(): Promise<Node> {
    this.#refuseWhenClosed();
    return this.#cluster.leader();
  }

  /** A call to the node failed: the next one asks first which node leads. */
  lost(node: Node, error: unknown): void {
    if (isTransient(error) && !isBusy(error)) this.#cluster.lost(node, error);
  }

  /**
   * The events of one read, no faster than they are taken. Ends the call when the caller stops early or the server falls
   * silent: the client would do neither.
   */
  async *events<Event>(read: () => StreamingRead<Event>, answerTimeoutMs: number): AsyncGenerator<Event> {
    const stream = read();
    // An error after the last event was taken would have no listener and end the process.
    stream.on('error', () => {});
    const silence = new Silence(answerTimeoutMs, () => stream.destroy(new SilentServer(answerTimeoutMs)));
    const closed = (): unknown => stream.destroy(new StoreClosed());
    this.closing.addEventListener('abort', closed);
    try {
      for await (const event of stream) {
        silence.broken();
        yield event;
        silence.listen();
      }
    } finally {
      silence.end();
      this.closing.removeEventListener('abort', closed);
      stream.cancel().catch(() => {});
    }
  }

  /** Every event of the log, those of the server included, from a place on. */
  all(
    { client, answerTimeoutMs }: Attempt,
    options: Parameters<EventStoreDBClient['readAll']>[0],
  ): AsyncGenerator<AllStreamResolvedEvent> {
    return this.events(() => client.readAll({ ...options, ...LEADER_ONLY }), answerTimeoutMs);
  }

  /**
   * Where a subscription to `$all` on this node begins that is to give everything after a position. It begins after the record
   * at its place; whether that is so before a record as well depends on the version, so there it begins after the one before.
   * The node has to have everything up to `known`: one that does not know yet that it leads no more may lack the newest events.
   * Throws {@link PositionAheadOfLog}; PositionNotInLog for one inside a record.
   */
  async startAfter(node: Node, position: number, known = 0): Promise<Position | typeof START> {
    const attempt = this.#attempt(node, 1);
    if (known > position && (await this.#endAt(attempt)) < known) throw new EndedByServer('The node is behind.');
    const fromPosition = placeOf(position);
    if (fromPosition === START) return START;
    const [next] = await collect(this.all(attempt, { direction: FORWARDS, fromPosition, maxCount: 1 }));
    if (!next) {
      await this.refuseAhead(position);
      // It was the node that lacked the events.
      throw new EndedByServer();
    }
    if (isAfterRecord(position)) return fromPosition;
    const commit = commitOf(position);
    const here = { commit, prepare: commit };
    const before = await collect(this.all(attempt, { direction: BACKWARDS, fromPosition: here, maxCount: 2 }));
    return before.find(({ event }) => event?.position && event.position.commit < commit)?.event?.position ?? START;
  }

  /** Throws {@link PositionAheadOfLog} for a position past the last record, when a second leader asked says so too. */
  async refuseAhead(position: number): Promise<void> {
    if (position <= (await this.#end())) return;
    const node = await this.withRetry(() => this.leader());
    this.#cluster.lost(node, undefined);
    const end = await this.#end();
    if (position > end) throw new PositionAheadOfLog(position, end);
  }

  /** Ends what runs and closes the channels. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#cluster.close();
  }

  /** Position of the last record, of any writer. */
  #end(): Promise<number> {
    return this.withRetry((attempt) => this.#endAt(attempt));
  }

  async #endAt(attempt: Attempt): Promise<number> {
    const [last] = await collect(this.all(attempt, { direction: BACKWARDS, fromPosition: END, maxCount: 1 }));
    return last?.event?.position ? afterCommit(last.event.position.commit) : 0;
  }

  async #onNode<T>(node: Node, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.lost(node, error);
      throw error;
    }
  }

  #attempt({ client }: Node, runs: number): Attempt {
    return { client, answerTimeoutMs: Math.min(this.#answerTimeoutMs, FIRST_ANSWER_MS * 2 ** (runs - 1)) };
  }

  #refuseWhenClosed(): void {
    if (this.closing.aborted) throw new StoreClosed();
  }
}

/** Notices when nothing is heard while there is a listener. What came while this process was busy is heard first. */
class Silence {
  readonly #timer: NodeJS.Timeout;
  /** Changes with everything that is heard; 0 while there is no listener. */
  #heard = 1;
  #count = 1;

  constructor(limitMs: number, ended: () => void) {
    this.#timer = setTimeout(() => {
      const heard = this.#heard;
      this.#timer.refresh();
      if (heard === 0) return;
      setImmediate(() => setImmediate(() => heard === this.#heard && ended()));
    }, limitMs);
  }

  /** Something was heard, and the listener is busy with it. */
  broken(): void {
    this.#heard = 0;
  }

  listen(): void {
    this.#count += 1;
    this.#heard = this.#count;
    this.#timer.refresh();
  }

  end(): void {
    this.#heard = 0;
    clearTimeout(this.#timer);
  }
}

async function collect<Event>(reading: AsyncIterable<Event>): Promise<Event[]> {
  const all: Event[] = [];
  for await (const event of reading) all.push(event);
  return all;
}

/** A sound leader answers within milliseconds, so within this time it is known to be away, and another can be asked for. */
const FIRST_ANSWER_MS = 1_500;
