import type { EventDefinitions } from '#contracts';
import type { EventStore, RecordedEvent } from '#event-sourcing';

/** What is wrong with the log; all zero for a sound one. */
export interface LogFindings {
  readonly events: number;
  /** Positions that do not follow the one before; where the store has gaps by nature, those that do not increase. */
  readonly positionGaps: number;
  /** Events whose revision does not follow the one before in their stream. */
  readonly revisionGaps: number;
  /** Unknown events, by name. */
  readonly unknownTypes: ReadonlyMap<string, number>;
  /** Events whose data does not have the shape of their type, by type. */
  readonly invalidData: ReadonlyMap<string, number>;
  /** The first findings in words. */
  readonly examples: readonly string[];
}

/**
 * Reads the whole log and checks each event: its place, the revision of its stream, its name, and its data against the
 * schema of its type. Keeps one number per stream in memory (about 100 bytes each).
 */
export async function verifyLog(
  store: EventStore,
  definitions: EventDefinitions,
  options: { readonly onProgress?: (position: number) => void; readonly signal?: AbortSignal } = {},
): Promise<LogFindings> {
  const check = new LogCheck(definitions, store.densePositions);
  for (let after = 0; ; ) {
    options.signal?.throwIfAborted();
    const page = await store.readAll({ after, limit: PAGE_SIZE });
    for (const event of page.events) check.add(event);
    after = page.position;
    options.onProgress?.(after);
    if (page.caughtUp) return check;
  }
}

export const isSound = ({ positionGaps, revisionGaps, unknownTypes, invalidData }: LogFindings): boolean =>
  positionGaps === 0 && revisionGaps === 0 && unknownTypes.size === 0 && invalidData.size === 0;

const PAGE_SIZE = 4_000;
const MAX_EXAMPLES = 20;

class LogCheck implements LogFindings {
  events = 0;
  positionGaps = 0;
  revisionGaps = 0;
  readonly unknownTypes = new Map<string, number>();
  readonly invalidData = new Map<string, number>();
  readonly examples: string[] = [];
  readonly #revisions = new Map<string, number>();
  #position = 0;

  constructor(
    private readonly definitions: EventDefinitions,
    private readonly densePositions: boolean,
  ) {}

  add(event: RecordedEvent): void {
    this.events += 1;
    this.#checkPlace(event);
    this.#checkData(event);
  }

  #checkPlace({ position, stream, revision }: RecordedEvent): void {
    if (this.densePositions ? position !== this.#position + 1 : position <= this.#position) {
      this.positionGaps += 1;
      this.#example(`Position ${position} follows ${this.#position}.`);
    }
    this.#position = position;
    const before = this.#revisions.get(stream) ?? -1;
    if (revision !== before + 1) {
      this.revisionGaps += 1;
      this.#example(`At ${position}: revision ${revision} of ${stream} follows ${before}.`);
    }
    this.#revisions.set(stream, revision);
  }

  #checkData({ position, type, data }: RecordedEvent): void {
    const definition = this.definitions[type];
    if (!definition) {
      count(this.unknownTypes, type);
      this.#example(`At ${position}: unknown event ${type}.`);
      return;
    }
    const parsed = definition.data.safeParse(data);
    if (parsed.success) return;
    count(this.invalidData, type);
    const [issue] = parsed.error.issues;
    this.#example(`At ${position}: ${type} has invalid data at "${issue?.path.join('.')}": ${issue?.message}.`);
  }

  #example(sentence: string): void {
    if (this.examples.length < MAX_EXAMPLES) this.examples.push(sentence);
  }
}

const count = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};
