import { AtomicAppendUnsupported, type StreamAppend } from '#event-sourcing';
import { InMemoryEventStore } from './in-memory-event-store.js';

/** The event store in memory with less to offer, as EventStoreDB: an append names one stream, and others append as well. */
export class OneStreamEventStore extends InMemoryEventStore {
  override readonly atomicAcrossStreams = false;
  override readonly singleWriter = false;

  override async append(appends: readonly StreamAppend[]) {
    if (appends.length > 1) throw new AtomicAppendUnsupported(appends.map(({ stream }) => stream));
    return super.append(appends);
  }
}
