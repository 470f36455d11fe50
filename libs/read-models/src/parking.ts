import type { EventStore, RecordedEvent } from '#event-sourcing';
import { CheckpointMoved } from './checkpoints.js';
import { reasonOf } from './failures.js';
import { isOutage } from './outages.js';
import {
  firstParked,
  insertParked,
  keepParked,
  type ParkedEvent,
  parkedStreams,
  parkedToRetry,
  type SetAside,
  waitingBehind,
} from './parked.js';
import type { ReadModels, Tx } from './read-models.js';

/** What a page failed with, and the event it stumbled over. */
export class EventFailed extends Error {
  override readonly name = 'EventFailed';
  constructor(event: RecordedEvent, cause: unknown) {
    super(sentenceOf(event, cause), { cause });
  }
}

const sentenceOf = (
  { position, stream, type }: Pick<RecordedEvent, 'position' | 'stream' | 'type'>,
  error: unknown,
): string => `${type} of ${stream} at position ${position}: ${reasonOf(error)}`;

/** What one runner has set aside: events it could not handle, and later ones of their streams. */
export class Parking {
  #streams = new Map<string, number>();
  #first: string | undefined;

  constructor(
    private readonly readModels: ReadModels,
    private readonly runner: string,
    private readonly store: EventStore,
  ) {}

  /** Events that wait. */
  get events(): number {
    return this.#streams.values().reduce((sum, events) => sum + events, 0);
  }

  /** The first of them, and why. */
  get first(): string | undefined {
    return this.#first;
  }

  readonly has = (stream: string): boolean => this.#streams.has(stream);

  /** Reads what is parked, by whichever process. */
  async open(): Promise<void> {
    this.#streams = await parkedStreams(this.readModels, this.runner);
    const first = this.#streams.size > 0 ? await firstParked(this.readModels, this.runner) : undefined;
    this.#first = first && sentenceOf(first, first.error);
  }

  /** What is not held up by an earlier event of its stream, and what is. */
  divide(events: readonly RecordedEvent[]): { free: readonly RecordedEvent[]; waiting: readonly SetAside[] } {
    return this.#streams.size === 0 ? { free: events, waiting: [] } : divide(events, this.has);
  }

  /** Parks them in the transaction that moves the checkpoint past them. Throws when that would be too many. */
  async park(tx: Tx, setAside: readonly SetAside[]): Promise<void> {
    if (setAside.length > 0 && this.events + setAside.length > PARKED_MAX)
      throw new Error(`More than ${PARKED_MAX} events of ${this.runner} would be parked.`);
    await insertParked(tx, this.runner, setAside);
  }

  /** That transaction has committed. */
  parked(setAside: readonly SetAside[]): void {
    for (const { event } of setAside) this.#streams.set(event.stream, (this.#streams.get(event.stream) ?? 0) + 1);
    const failed = setAside.filter(({ attempts }) => attempts > 0);
    if (failed[0]) this.#first ??= sentenceOf(failed[0].event, failed[0].error);
    for (const { event, error } of failed.slice(0, LINES_MAX)) {
      const { position, stream, type } = event;
      this.readModels.log.error({ runner: this.runner, position, stream, type, err: error }, 'an event was parked');
    }
    if (failed.length > LINES_MAX)
      this.readModels.log.error({ runner: this.runner, events: failed.length }, 'events were parked');
  }

  /** Gives those their effect that are to be tried again, in log order, until one of a stream fails. True when some had it. */
  async retry(limit: number, work: (event: RecordedEvent, parked: ParkedEvent) => Promise<void>): Promise<boolean> {
    if (this.#streams.size === 0) return false;
    let hasWorked = false;
    const failed = new Set<string>();
    for (const parked of await parkedToRetry(this.readModels, this.runner, limit)) {
      if (failed.has(parked.stream)) continue;
      try {
        await work(await this.#eventOf(parked), parked);
        hasWorked = true;
      } catch (error) {
        if (isOutage(error) || error instanceof CheckpointMoved) throw error;
        failed.add(parked.stream);
        await keepParked(this.readModels, parked, error);
      }
    }
    await this.open();
    return hasWorked;
  }

  async #eventOf({ position, type }: ParkedEvent): Promise<RecordedEvent> {
    const { events } = await this.store.readAll({ after: position - 1, limit: 1, filter: { types: [type] } });
    const event = events[0];
    if (event?.position !== position) throw new Error('The event is not in the log.');
    return event;
  }
}

export function divide(events: readonly RecordedEvent[], isParked: (stream: string) => boolean) {
  return {
    free: events.filter(({ stream }) => !isParked(stream)),
    waiting: events.filter(({ stream }) => isParked(stream)).map(waitingBehind),
  };
}

/** Where more fail it is not the events: the runner waits, and says so. */
export const PARKED_MAX = 10_000;
const LINES_MAX = 5;
