import { type EventStore, type RecordedEvent, type SpanOptions, workOnPage } from '#event-sourcing';
import { advanceCheckpoint, insertCheckpoint, readCheckpoint } from './checkpoints.js';
import { deleteParked, insertParked, keepParked, type ParkedEvent, parkedStreams, parkedToRetry } from './parked.js';
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
  /** Bytes of JSON handed over at once, 256 KiB where nothing is said: each of 3,500 lines in them may be a command. */
  readonly pageBytes?: number;
  /**
   * Sends the commands that follow from these events (in log order) and resolves when all have been answered. May get
   * the same events again, so the commands must be idempotent. Rejects when any of it should be tried again.
   */
  react(events: readonly RecordedEvent[]): Promise<void>;
}

/** How heavy a page of a reaction is, in bytes of JSON. */
export const pageBytesOf = ({ pageBytes = 262_144 }: Reaction): number => pageBytes;

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
  #parkedStreams = new Map<string, number>();
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

  protected override get parked(): number {
    return this.#parkedStreams.values().reduce((sum, events) => sum + events, 0);
  }

  protected async open(): Promise<number> {
    await insertCheckpoint(this.readModels, this.key, { version: this.version, position: 0 });
    this.#parkedStreams = await parkedStreams(this.readModels, this.key.name);
    return (await readCheckpoint(this.readModels, this.key))?.position ?? 0;
  }

  protected async handle(events: readonly RecordedEvent[], from: number, to: number): Promise<void> {
    const failures = await this.#react(events);
    this.#failedAttempts = 0;
    if (failures.length === 0) {
      await advanceCheckpoint(this.readModels, this.key, this.checkpointAt(from), to, events.length);
      return;
    }
    await this.readModels.transaction(async (tx) => {
      await advanceCheckpoint(tx, this.key, this.checkpointAt(from), to, events.length);
      await insertParked(
        tx,
        this.key.name,
        failures.map(({ event, error, attempts }) => ({ ...placeOf(event), error, attempts })),
      );
    });
    for (const { event } of failures)
      this.#parkedStreams.set(event.stream, (this.#parkedStreams.get(event.stream) ?? 0) + 1);
    this.log.warn({ runner: this.key.name, parked: this.parked, events: failures.length }, 'events were parked');
  }

  /** Retries what was unparked, in log order, until one of a stream fails again. */
  protected override async tick(): Promise<void> {
    if (this.#parkedStreams.size === 0) return;
    const failed = new Set<string>();
    for (const parked of await parkedToRetry(this.readModels, this.key.name, this.pageSize)) {
      if (!failed.has(parked.stream) && !(await this.#retry(parked))) failed.add(parked.stream);
    }
    this.#parkedStreams = await parkedStreams(this.readModels, this.key.name);
  }

  async #react(events: readonly RecordedEvent[]): Promise<readonly Failure[]> {
    if (this.#failedAttempts >= this.#attempts) return this.#reactOneByOne(events);
    const free = events.filter(({ stream }) => !this.#parkedStreams.has(stream));
    try {
      if (free.length > 0) await this.#reactTo(free);
    } catch (error) {
      this.#failedAttempts += 1;
      throw error;
    }
    return events.filter(({ stream }) => this.#parkedStreams.has(stream)).map(waitingBehind);
  }

  #reactTo(events: readonly RecordedEvent[]): Promise<void> {
    return workOnPage(events, this.#span, (page) => this.#reaction.react(page));
  }

  async #reactOneByOne(events: readonly RecordedEvent[]): Promise<readonly Failure[]> {
    const failures: Failure[] = [];
    const failedStreams = new Map<string, unknown>();
    let succeeded = 0;
    for (const event of events) {
      if (this.#parkedStreams.has(event.stream) || failedStreams.has(event.stream)) {
        failures.push(waitingBehind(event));
        continue;
      }
      try {
        await this.#reactTo([event]);
        succeeded += 1;
      } catch (error) {
        failedStreams.set(event.stream, error);
        failures.push({ event, error: messageOf(error), attempts: this.#failedAttempts + 1 });
      }
    }
    if (succeeded === 0 && failedStreams.size > 1) {
      this.#failedAttempts = 0;
      throw failedStreams.values().next().value;
    }
    return failures;
  }

  async #retry(parked: ParkedEvent): Promise<boolean> {
    const { events } = await this.store.readAll({
      after: parked.position - 1,
      limit: 1,
      filter: { types: [parked.type] },
    });
    try {
      if (events[0]?.position !== parked.position) throw new Error('The event is not in the log.');
      await this.#reactTo(events);
      await deleteParked(this.readModels, parked);
      return true;
    } catch (error) {
      await keepParked(this.readModels, parked, messageOf(error));
      return false;
    }
  }
}

interface Failure {
  readonly event: RecordedEvent;
  readonly error: string;
  readonly attempts: number;
}

const waitingBehind = (event: RecordedEvent): Failure => ({
  event,
  error: 'waits behind an earlier event of its stream',
  attempts: 0,
});
const placeOf = ({ position, stream, type }: RecordedEvent) => ({ position, stream, type });
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
