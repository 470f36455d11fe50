import { jsonEvent, NO_STREAM, WrongExpectedVersionError } from '@eventstore/db-client';
import type { Snapshot } from '#event-sourcing';
import { type Connection, LEADER_ONLY } from './connection.js';
import { SNAPSHOT_PREFIX } from './stored-event.js';
import type { StreamReader } from './stream-reader.js';

export type StreamSnapshot = Snapshot & { readonly stream: string };

/** Snapshots in a stream per stream and version, of which the server keeps the last event only. */
export class SnapshotStore {
  constructor(
    private readonly connection: Connection,
    private readonly reader: StreamReader,
  ) {}

  async newest(stream: string, version: number): Promise<Snapshot | undefined> {
    return (await this.#last(stream, version))?.snapshot;
  }

  /** Several of one stream and version are stored one after the other, so that the newest wins. */
  async save(snapshots: readonly StreamSnapshot[]): Promise<void> {
    const groups = Map.groupBy(snapshots, ({ stream, version }) => streamOf(stream, version));
    await Promise.all(
      [...groups.values()].map(async (group) => {
        for (const snapshot of group) await this.#save(snapshot);
      }),
    );
  }

  async #save(snapshot: StreamSnapshot): Promise<void> {
    for (;;) {
      const last = await this.#last(snapshot.stream, snapshot.version);
      if (last && last.snapshot.revision >= snapshot.revision) return;
      try {
        if (!last) await this.#keepLastOnly(streamOf(snapshot.stream, snapshot.version));
        return await this.#write(snapshot, last?.place ?? NO_STREAM);
      } catch (error) {
        if (!(error instanceof WrongExpectedVersionError)) throw error;
      }
    }
  }

  async #write({ stream, ...data }: StreamSnapshot, expectedRevision: bigint | typeof NO_STREAM): Promise<void> {
    const event = jsonEvent({ type: 'Snapshot', data });
    await this.connection.withRetry(({ client, answerTimeoutMs: deadline }) =>
      client.appendToStream(streamOf(stream, data.version), event, { expectedRevision, deadline, ...LEADER_ONLY }),
    );
  }

  async #keepLastOnly(stream: string): Promise<void> {
    await this.connection.withRetry(({ client, answerTimeoutMs: deadline }) =>
      client.setStreamMetadata(stream, { maxCount: 1 }, { deadline, ...LEADER_ONLY }),
    );
  }

  async #last(stream: string, version: number): Promise<{ snapshot: Snapshot; place: bigint } | undefined> {
    const [last] = await this.reader.readRaw(streamOf(stream, version), { direction: 'backwards', limit: 1 });
    const snapshot = last?.event?.data;
    if (!last?.event || !isSnapshot(snapshot)) return undefined;
    return { snapshot, place: last.event.revision };
  }
}

const streamOf = (stream: string, version: number): string => `${SNAPSHOT_PREFIX}v${version}-${stream}`;

const isSnapshot = (data: unknown): data is Snapshot =>
  typeof data === 'object' && data !== null && 'revision' in data && 'version' in data && 'state' in data;
