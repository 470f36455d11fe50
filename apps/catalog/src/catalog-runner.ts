import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, CommandRunner, EVENT_STORE, type EventStore } from '#event-sourcing';
import type { Clock } from '#kernel';
import { type CatalogCommand, type CatalogEvent, type CatalogState, catalogDecider } from './catalog.decider.js';

/** Runs the commands of the catalogue. The ids it takes are whole stream names. */
@Injectable()
export class CatalogRunner extends CommandRunner<CatalogCommand, CatalogEvent, CatalogState> {
  constructor(@Inject(EVENT_STORE) store: EventStore, @Inject(CLOCK) clock: Clock) {
    super(catalogDecider, withoutCategory(store), { clock, rememberedCommands: 64 });
  }
}

const PREFIX = `${catalogDecider.category}-`;
const nameWithin = (stream: string): string => stream.slice(PREFIX.length);

/** The runner puts its category before every id; here the id is the name already, so it is taken off on the way. */
function withoutCategory(store: EventStore): EventStore {
  return {
    atomicAcrossStreams: store.atomicAcrossStreams,
    singleWriter: store.singleWriter,
    densePositions: store.densePositions,
    append: (appends) => store.append(appends.map((append) => ({ ...append, stream: nameWithin(append.stream) }))),
    load: async (streams, snapshotVersion) => {
      const histories = await store.load(streams.map(nameWithin), snapshotVersion);
      return histories.map((history) => ({ ...history, stream: `${PREFIX}${history.stream}` }));
    },
    saveSnapshots: (snapshots) =>
      store.saveSnapshots(snapshots.map((snapshot) => ({ ...snapshot, stream: nameWithin(snapshot.stream) }))),
    readStream: (stream, options) => store.readStream(nameWithin(stream), options),
    readAll: (options) => store.readAll(options),
    subscribe: (options) => store.subscribe(options),
    head: () => store.head(),
    close: () => store.close(),
  };
}
