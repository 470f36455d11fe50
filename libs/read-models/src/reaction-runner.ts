import { type EventStore, type RecordedEvent, type SpanOptions, workOnPage } from '#event-sourcing';
import { advanceCheckpoint, insertCheckpoint, readCheckpoint } from './checkpoints.js';
import { deleteParked, type ParkedEvent, type SetAside, waitingBehind } from './parked.js';
import { EventFailed } from './parking.js';
import type { ReadModels } from './read-models.js';
import { Runner, type RunnerTiming } from './runner.js';

/** A process without state of its own: facts come in, commands go out. */
export interface Reaction {
  /** A sentence in kebab-case, such as `when-order-paid-ship-it`. */
  readonly name: string;
  /** Stored names of the events it reacts to. */
  readonly types: readonly string[];
  /** Events handed over at once at most, 500 where nothing is said. Greater where few of many events lead to a command. */
  readonly pageSize?: number;
  /** Bytes of JSON handed over at once, 2 MiB where nothing is said: some 25,000 lines, each of which may be a command. */
  readonly pageBytes?: number;
  /**
   * Sends the commands that follow from these events (in log order) and resolves when all have been answered. May get
   * the same events again, so the commands must be idempotent. Rejects when any of it should be tried again.
   */
  react(events: readonly RecordedEvent[]): Promise<void>;
}

/** How heavy a page of a reaction is, in bytes of JSON. */
export const pageBytesOf = ({ pageBytes = 2_097_152 }: Reaction): number => pageBytes;

export interface ReactionRunnerOptions extends RunnerTiming {
  /** Instead of what the reaction says. */
  readonly pageSize?: number;
  /** Failed attempts of a page after which its events are tried one by one. */
  readonly attempts?: number;
  /** What it is in a trace, `internal` where nothing is said. */
  readonly spanKind?: SpanOptions['kind'];
}

/**
 * Runs one reaction from its checkpoint. The checkpoint is stored after the commands were answered: at least once.
 *
 * A page that keeps failing is tried event by event. What fails then is parked in `read_models.parked`, and so are later
 * events of the same stream; other streams go on. When nothing of several streams succeeds, it is not the events that are
 * bad: then nothing is parked and the page is tried again, with growing pauses.
 */
export class ReactionRunner extends Runner {
  protected readonly version = 1;
  protected readonly types: readonly string[];
  protected readonly pageSize: number;
  protected readonly pageBytes: number;
  readonly #reaction: Reaction;
  readonly #attempts: number;
  readonly #span: SpanOptions;
  #failedAttempts = 0;

  constructor(
    readModels: ReadModels,
    reaction: Reaction,
    store: EventStore,
    { pageSize = reaction.pageSize ?? 500, attempts = 8, spanKind = 'internal', ...timing }: ReactionRunnerOptions = {},
  ) {
    super(readModels, { kind: 'reaction', name: reaction.name }, store, timing);
    this.#reaction = reaction;
    this.types = reaction.types;
    this.pageSize = pageSize;
    this.pageBytes = pageBytesOf(reaction);
    this.#attempts = attempts;
    this.#span = { name: `process ${reaction.name}`, kind: spanKind };
  }

  protected async open(): Promise<number> {
    await insertCheckpoint(this.readModels, this.key, { version: this.version, position: 0 });
    return (await readCheckpoint(this.readModels, this.key))?.position ?? 0;
  }

  protected async handle(events: readonly RecordedEvent[], from: number, to: number): Promise<void> {
    const setAside = await this.#react(events);
    this.#failedAttempts = 0;
    if (setAside.length === 0) {
      await advanceCheckpoint(this.readModels, this.key, this.checkpointAt(from), to, events.length);
      return;
    }
    await this.readModels.transaction(async (tx) => {
      await advanceCheckpoint(tx, this.key, this.checkpointAt(from), to, events.length);
      await this.parking.park(tx, setAside);
    });
    this.parking.parked(setAside);
  }

  protected async handleParked(event: RecordedEvent, parked: ParkedEvent): Promise<void> {
    await react(this.#reaction, [event], this.#span);
    await deleteParked(this.readModels, parked);
  }

  async #react(events: readonly RecordedEvent[]): Promise<readonly SetAside[]> {
    const { free, waiting } = this.parking.divide(events);
    if (this.#failedAttempts >= this.#attempts) return [...waiting, ...(await this.#reactOneByOne(free))];
    try {
      if (free.length > 0) await react(this.#reaction, free, this.#span);
    } catch (error) {
      this.#failedAttempts += 1;
      throw error;
    }
    return waiting;
  }

  async #reactOneByOne(events: readonly RecordedEvent[]): Promise<readonly SetAside[]> {
    const setAside: SetAside[] = [];
    const failed = new Map<string, EventFailed>();
    let succeeded = 0;
    for (const event of events) {
      if (failed.has(event.stream)) {
        setAside.push(waitingBehind(event));
        continue;
      }
      const error = await this.#failureOf(event);
      if (error === undefined) {
        succeeded += 1;
      } else {
        failed.set(event.stream, new EventFailed(event, error));
        setAside.push({ event, error, attempts: this.#failedAttempts + 1 });
      }
    }
    const [first] = failed.values();
    if (first && succeeded === 0 && failed.size > 1) {
      this.#failedAttempts = 0;
      throw first;
    }
    return setAside;
  }

  /** What it fails with twice while database and event store answer: what an outage interrupts is no fault of an event. */
  async #failureOf(event: RecordedEvent): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await react(this.#reaction, [event], this.#span);
        return undefined;
      } catch (error) {
        if (!(await this.readModels.outages.isOver())) throw new EventFailed(event, error);
        if (attempt === 2) return error ?? new Error('The reaction failed without saying why.');
      }
    }
  }
}

/** Resolves once the commands that follow from the events have been answered. */
export function react(reaction: Reaction, events: readonly RecordedEvent[], span: SpanOptions): Promise<void> {
  return workOnPage(events, span, (page) => reaction.react(page));
}
