import { ownerOf, topicOfEvents } from '#contracts';
import type { EventStore, RecordedEvent } from '#event-sourcing';
import {
  type Checkpoint,
  checkpointKeyOf,
  createProjection,
  lockCheckpoint,
  type Projection,
  pageBytesOf,
  type Reaction,
  type ReadModels,
  readCheckpoint,
  rebuild,
  replaceCheckpoint,
  schemaOf,
  type Tx,
} from '#read-models';
import { floorOf } from './checkpoints.js';

/** What a consumer is for: which messages it wants, and what becomes of a page of them. */
export interface Subscription {
  /** Consumer group in Kafka, and owner of the checkpoints. Another name reads everything from the start. */
  readonly name: string;
  readonly topics: readonly string[];
  /** Names of the events it wants; others pass by. */
  readonly types: readonly string[];
  /** Messages per transaction at most, 5,000 where nothing is said. */
  readonly pageSize?: number;
  /** Weight of the messages of a transaction, 1 MiB where nothing is said. */
  readonly pageBytes?: number;
  /** Pages of so many partitions may be at work at once in one process, 4 where nothing is said. */
  readonly concurrency?: number;
  /** PostgreSQL schema in which `handle` finds unqualified names. */
  readonly schema?: string;
  /** For a compacted topic: a repeat is handled again, because positions say nothing about its order. */
  readonly latestWins?: boolean;
  /**
   * `handle` runs before the transaction that moves the checkpoint, and gets the database instead of it: for work that takes
   * long or needs connections of its own, and may be done again.
   */
  readonly outsideTransaction?: boolean;
  /** Makes what `handle` needs. Runs before the first page. */
  prepare?(readModels: ReadModels): Promise<void>;
  /** First thing in the transaction of a page: the position up to which everything has had its effect by other ways. */
  begin?(tx: Tx): Promise<number>;
  /**
   * Gives events of one partition, in its order, their effect, in the transaction that moves the checkpoint: each once.
   * What it does outside `tx` may be done again after a crash. Pages of several partitions run at the same time.
   */
  handle(page: readonly RecordedEvent[], tx: Tx): Promise<void>;
}

export interface SubscriptionOptions {
  /** Begins the name of every consumer group, so that installations on one cluster do not meet. */
  readonly groupPrefix?: string;
  /** Topic that carries events of a name: that of the service which stores them, where nothing is said. */
  readonly topicOf?: (type: string) => string;
}

export interface ProjectionSubscriptionOptions extends SubscriptionOptions {
  /** Where a view whose version was raised is rebuilt from. Without it such a view waits for `ops rebuild`. */
  readonly store?: EventStore;
}

/**
 * Feeds a view from Kafka instead of the store. Its pages come partition by partition: the order within a stream is that
 * of the log, the order between streams is not. Pages of one view wait for each other, in all processes, so `apply` may
 * read rows and write them back. The checkpoint of the view itself is the greatest position of any partition.
 *
 * A rebuild from the store may go on at the same time: what it has folded is not applied again.
 */
export function projectionSubscription(
  projection: Projection,
  { groupPrefix = GROUP_PREFIX, topicOf = topicOfOwner, store }: ProjectionSubscriptionOptions = {},
): Subscription {
  const key = checkpointKeyOf(projection);
  const name = `${groupPrefix}${projection.name}`;
  const lock = async (tx: Tx): Promise<Checkpoint> => {
    const stored = await lockCheckpoint(tx, key);
    if (stored?.version === projection.version) return stored;
    throw new Error(
      `View ${projection.name} is stored in version ${stored?.version} and this process knows version ${projection.version}.`,
    );
  };
  return {
    name,
    topics: topicsOf(projection.types, topicOf),
    types: projection.types,
    // They wait for each other anyway, and would do so with a connection in hand.
    concurrency: 1,
    schema: schemaOf(projection.name),
    ...(projection.pageSize !== undefined && { pageSize: projection.pageSize }),
    ...(projection.pageBytes !== undefined && { pageBytes: projection.pageBytes }),
    prepare: async (readModels) => {
      const stored = await readCheckpoint(readModels, key);
      if (!stored) await createProjection(readModels, projection);
      else if (store && stored.version < projection.version) await rebuild(readModels, projection, store);
    },
    begin: async (tx) => floorOf(tx, name, (await lock(tx)).position),
    handle: async (page, tx) => {
      await projection.apply(page, tx);
      const { position } = await lock(tx);
      const reached = Math.max(position, page.at(-1)?.position ?? 0);
      await replaceCheckpoint(tx, key, { version: projection.version, position: reached });
    },
  };
}

/** Feeds a reaction from Kafka instead of the store. Its commands are sent before the checkpoint moves: at least once. */
export function reactionSubscription(
  reaction: Reaction,
  { groupPrefix = GROUP_PREFIX, topicOf = topicOfOwner }: SubscriptionOptions = {},
): Subscription {
  return {
    name: `${groupPrefix}${reaction.name}`,
    topics: topicsOf(reaction.types, topicOf),
    types: reaction.types,
    pageSize: reaction.pageSize ?? 500,
    pageBytes: pageBytesOf(reaction),
    outsideTransaction: true,
    handle: (page) => reaction.react(page),
  };
}

const topicOfOwner = (type: string): string => topicOfEvents(ownerOf(type));

const topicsOf = (types: readonly string[], topicOf: (type: string) => string): string[] => [
  ...new Set(types.map(topicOf)),
];

const GROUP_PREFIX = 'einklang.';
