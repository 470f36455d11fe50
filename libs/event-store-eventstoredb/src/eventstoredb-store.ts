import type {
  AppendResult,
  EventStore,
  Page,
  RecordedEvent,
  Snapshot,
  StreamAppend,
  StreamHistory,
} from '#event-sourcing';
import { Appender } from './appender.js';
import { Connection, type ConnectionOptions } from './connection.js';
import { ForeignEvents } from './foreign-events.js';
import { LogReader, type ReadAllOptions, type SubscribeOptions } from './log-reader.js';
import { SnapshotStore } from './snapshot-store.js';
import { type ReadStreamOptions, StreamReader } from './stream-reader.js';

export interface EventStoreDbStoreOptions extends ConnectionOptions {
  /** Connection string, `esdb://…` or `esdb+discover://…`, with user, TLS and hosts of a cluster as README.md shows. */
  readonly url: string;
  /** Says what an operator should know: of streams that are passed over. */
  readonly log?: (message: string) => void;
}

/** The event store on EventStoreDB (KurrentDB). Any number of processes may append. See README.md. */
export class EventStoreDbStore implements EventStore {
  readonly atomicAcrossStreams = false;
  readonly singleWriter = false;
  readonly densePositions = false;
  readonly #connection: Connection;
  readonly #streams: StreamReader;
  readonly #appender: Appender;
  readonly #snapshots: SnapshotStore;
  readonly #log: LogReader;
  #appending = 0;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  readonly #foreign: ForeignEvents;

  private constructor(connection: Connection, log: (message: string) => void) {
    this.#connection = connection;
    this.#streams = new StreamReader(connection);
    this.#appender = new Appender(connection, this.#streams);
    this.#snapshots = new SnapshotStore(connection, this.#streams);
    this.#foreign = new ForeignEvents(log);
    this.#log = new LogReader(connection, this.#foreign);
  }

  /** Connects. Throws EventStoreUnavailable when the server does not answer in time, Error when it refuses the user. */
  static async open({ url, log = () => {}, ...options }: EventStoreDbStoreOptions): Promise<EventStoreDbStore> {
    const store = new EventStoreDbStore(new Connection(url, options), log);
    try {
      await store.head();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  get foreignEvents(): number {
    return this.#foreign.count;
  }

  async append(appends: readonly StreamAppend[]): Promise<AppendResult> {
    this.#refuseWhenClosed();
    this.#appending += 1;
    try {
      const result = await this.#appender.append(appends);
      this.#log.expect(result.position);
      return result;
    } finally {
      this.#appending -= 1;
      if (this.#appending === 0) this.#idle?.();
    }
  }

  async readStream(stream: string, options?: ReadStreamOptions): Promise<readonly RecordedEvent[]> {
    return this.#streams.read(stream, options);
  }

  load(streams: readonly string[], snapshotVersion?: number): Promise<readonly StreamHistory[]> {
    return Promise.all(streams.map((stream) => this.#history(stream, snapshotVersion)));
  }

  readAll(options: ReadAllOptions): Promise<Page> {
    return this.#log.page(options);
  }

  subscribe(options: SubscribeOptions): AsyncIterable<Page> {
    return this.#log.subscribe(options);
  }

  head(): Promise<number> {
    return this.#log.head();
  }

  async saveSnapshots(snapshots: readonly (Snapshot & { readonly stream: string })[]): Promise<void> {
    this.#refuseWhenClosed();
    await this.#snapshots.save(snapshots);
  }

  /** Stores what was accepted, ends subscriptions, disconnects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #history(stream: string, snapshotVersion: number | undefined): Promise<StreamHistory> {
    const snapshot = snapshotVersion === undefined ? undefined : await this.#snapshots.newest(stream, snapshotVersion);
    const events = await this.#streams.read(stream, { from: (snapshot?.revision ?? -1) + 1 });
    return snapshot ? { stream, snapshot, events } : { stream, events };
  }

  async #close(): Promise<void> {
    if (this.#appending > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await this.#connection.close();
  }

  #refuseWhenClosed(): void {
    if (this.#closing) throw new Error('The event store is closed.');
  }
}
