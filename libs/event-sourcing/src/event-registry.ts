import type { EventFilter, EventStore, Page, RecordedEvent, StreamHistory } from './event-store.js';

/** Turns an event stored under an old name into the event that took its place. Adding a field needs none. */
export interface Upcaster {
  readonly from: string;
  readonly to: string;
  /** The data of the new event, from that of the old one. */
  upcast(data: object): object;
}

/** The one list of stored event names: which are current, and how older ones are read. */
export class EventRegistry {
  private readonly current: ReadonlySet<string>;
  private readonly upcasters: ReadonlyMap<string, Upcaster>;

  /** Throws when an upcaster leads nowhere, starts at a current name, or two start at the same. */
  constructor(currentTypes: Iterable<string>, upcasters: readonly Upcaster[] = []) {
    this.current = new Set(currentTypes);
    this.upcasters = new Map(upcasters.map((upcaster) => [upcaster.from, upcaster]));
    if (this.upcasters.size < upcasters.length) throw new Error('Two upcasters start at the same event name.');
    for (const { from, to } of upcasters) {
      if (this.current.has(from)) throw new Error(`Event ${from} is current and has an upcaster.`);
      if (!this.current.has(to) && !this.upcasters.has(to))
        throw new Error(`The upcaster from ${from} leads to unknown ${to}.`);
    }
  }

  /** The event as the code knows it today. An unknown one comes back as it is: views skip it, aggregates stop. */
  read<E extends RecordedEvent>(event: E): E {
    let result = event;
    for (let step = this.upcasters.get(event.type); step; step = this.upcasters.get(result.type)) {
      result = { ...result, type: step.to, data: step.upcast(result.data) };
    }
    return result;
  }

  /** What an event of this stored name is called today. */
  currentNameOf(type: string): string {
    let name = type;
    for (let step = this.upcasters.get(name); step; step = this.upcasters.get(name)) name = step.to;
    return name;
  }

  /** Every stored name that is read as one of `types`, those included. */
  storedNamesOf(types: readonly string[]): string[] {
    const names = new Set(types);
    let before: number;
    do {
      before = names.size;
      for (const { from, to } of this.upcasters.values()) if (names.has(to)) names.add(from);
    } while (names.size > before);
    return [...names];
  }

  isCurrent(type: string): boolean {
    return this.current.has(type);
  }
}

/** The store as the code sees it: every event read comes upcast, and filters by type find the older names as well. */
export function withRegistry(store: EventStore, registry: EventRegistry): EventStore {
  const readPage = (page: Page): Page => ({
    ...page,
    events: page.events.map((event) => readOrLater(registry, event)),
  });
  const widen = (filter: EventFilter): EventFilter => ({
    ...filter,
    ...(filter.types && { types: registry.storedNamesOf(filter.types) }),
  });
  return {
    atomicAcrossStreams: store.atomicAcrossStreams,
    singleWriter: store.singleWriter,
    densePositions: store.densePositions,
    get foreignEvents() {
      return store.foreignEvents;
    },
    append: (appends) => store.append(appends),
    head: () => store.head(),
    saveSnapshots: (snapshots) => store.saveSnapshots(snapshots),
    close: () => store.close(),
    readStream: async (stream, options) =>
      (await store.readStream(stream, options)).map((event) => registry.read(event)),
    load: async (streams, snapshotVersion) =>
      (await store.load(streams, snapshotVersion)).map(
        (history): StreamHistory => ({ ...history, events: history.events.map((event) => registry.read(event)) }),
      ),
    readAll: async ({ filter, ...options }) =>
      readPage(await store.readAll({ ...options, ...(filter && { filter: widen(filter) }) })),
    subscribe: ({ filter, ...options }) =>
      mapPages(store.subscribe({ ...options, ...(filter && { filter: widen(filter) }) }), readPage),
  };
}

/** An event that cannot be read stops the one who looks at its data, and not all who read a page it is on. */
function readOrLater(registry: EventRegistry, event: RecordedEvent): RecordedEvent {
  try {
    return registry.read(event);
  } catch (error) {
    return Object.defineProperty({ ...event, type: registry.currentNameOf(event.type) }, 'data', {
      enumerable: true,
      get: () => {
        throw error;
      },
    });
  }
}

async function* mapPages(pages: AsyncIterable<Page>, map: (page: Page) => Page): AsyncIterable<Page> {
  for await (const page of pages) yield map(page);
}
