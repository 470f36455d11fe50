import { setTimeout as delay } from 'node:timers/promises';
import { type EventStore, type Page, PositionGate, PositionNotInLog, type RecordedEvent } from '#event-sourcing';
import { advanceCheckpoint, type Checkpoint, type CheckpointKey, readCheckpoint } from './checkpoints.js';
import { Retries, type RetryTiming } from './failures.js';
import type { ParkedEvent } from './parked.js';
import { Parking } from './parking.js';
import type { Log, ReadModels } from './read-models.js';
import { superviseLoop } from './supervise-loop.js';

/**
 * - `starting`: not run yet, or just started
 * - `standby`: another process does the work; this one takes over when that dies
 * - `rebuilding`: the version changed, the view is being built again
 * - `running`
 * - `retrying`: failed, waits and tries again
 * - `stopped`
 */
export type RunnerState = 'starting' | 'standby' | 'rebuilding' | 'running' | 'retrying' | 'stopped';

/** For health checks, metrics and the operator. */
export interface RunnerStatus extends CheckpointKey {
  readonly version: number;
  readonly state: RunnerState;
  /** False while starting, rebuilding, retrying or stopped. */
  readonly ready: boolean;
  /** Whether the end of the log had been reached at the last page. Always false in standby. */
  readonly caughtUp: boolean;
  readonly position: number;
  /** Events handled by this process. */
  readonly events: number;
  /** Failed attempts in a row. */
  readonly failures: number;
  /** Message of the last failure, until the next success. */
  readonly error?: string;
  /** Events set aside: they could not be handled, or wait behind one of their stream. */
  readonly parked: number;
  /** The first of them with its stream, position and error. */
  readonly firstParked?: string;
}

export interface RunnerTiming extends RetryTiming {
  /** How often a process in standby asks for the lease. */
  readonly standbyMs?: number;
  /** True for a process that never works, and only follows how far others are. */
  readonly staysInStandby?: boolean;
}

/** The wait was over before the checkpoint got there. */
export class NotCaughtUp extends Error {
  override readonly name = 'NotCaughtUp';
  constructor(name: string, position: number, wanted: number) {
    super(`${name} has reached position ${position}, not yet ${wanted}.`);
  }
}

/**
 * The loop under projections and reactions: hold the lease, read on from the checkpoint, hand over pages, back off after
 * errors. Pages come by pull, so while one is written the next one gathers and small pages merge by themselves. Where even
 * that makes many small ones, {@link Runner.paceMs} lets more gather.
 */
export abstract class Runner {
  protected abstract readonly version: number;
  protected abstract readonly types: readonly string[];
  protected abstract readonly pageSize: number;
  /** Weight of a page, in bytes of JSON: one sale may be as heavy as a thousand others. */
  protected abstract readonly pageBytes: number;
  /** From the start of one page to the start of the next at least, in milliseconds, once the end of the log is reached. */
  protected readonly paceMs: number = 0;
  readonly #timing: Required<Pick<RunnerTiming, 'standbyMs' | 'staysInStandby'>>;
  readonly #retries: Retries;
  protected readonly parking: Parking;
  readonly #gate = new PositionGate();
  /** How many wait and make haste. */
  #hurried = 0;
  #stopping = new AbortController();
  #loop: Promise<void> | undefined;
  #state: RunnerState = 'starting';
  #storedPosition = 0;
  #caughtUp = false;
  #events = 0;
  #lastTickMs = 0;
  #resting: AbortController | undefined;

  constructor(
    protected readonly readModels: ReadModels,
    protected readonly key: CheckpointKey,
    protected readonly store: EventStore,
    { standbyMs = 250, staysInStandby = false, ...timing }: RunnerTiming,
  ) {
    this.#timing = { standbyMs, staysInStandby };
    this.parking = new Parking(readModels, key.name, store);
    this.#retries = new Retries(readModels, { runner: key.name, kind: key.kind }, timing);
  }

  /** Makes what is needed and answers the position to read on from. */
  protected abstract open(signal: AbortSignal): Promise<number>;
  /** Gives the events their effect and moves the checkpoint. */
  protected abstract handle(events: readonly RecordedEvent[], from: number, to: number): Promise<void>;
  /** Gives an event its effect that was parked and is to be tried again. */
  protected abstract handleParked(event: RecordedEvent, parked: ParkedEvent): Promise<void>;

  /** Starts working in the background; errors show in the log and in {@link status}. */
  start(): void {
    if (this.#loop !== undefined) return;
    this.#state = 'starting';
    this.#stopping = new AbortController();
    this.#loop = this.#run(this.#stopping.signal);
  }

  /** Resolves when the page in hand is done and the lease is free. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    this.#loop = undefined;
    this.#state = 'stopped';
  }

  /** Every event up to here has had its effect. */
  get position(): number {
    return this.#gate.position;
  }

  /** How many positions of the log lie ahead (events of other types included). */
  async lag(): Promise<number> {
    return Math.max(0, (await this.store.head()) - this.position);
  }

  /**
   * Resolves when {@link position} is at least `position`, and makes haste, without a pace. Throws
   * {@link NotCaughtUp} after `timeoutMs`.
   */
  async waitFor(position: number, timeoutMs: number): Promise<void> {
    if (this.position >= position) return;
    this.#hurried += 1;
    this.#resting?.abort();
    try {
      if (!(await this.#gate.waitFor(position, { timeoutMs })))
        throw new NotCaughtUp(this.key.name, this.position, position);
    } finally {
      this.#hurried -= 1;
    }
  }

  /**
   * For one that takes what comes, as it comes: resolves when {@link position} is greater than `position`, when a parked event had
   * its effect, after `timeoutMs`, or when the signal aborts. In standby the position is that of the process that works, as read
   * every `standbyMs`.
   */
  async waitUntilPast(position: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    await this.#gate.waitUntilPast(position, { timeoutMs, signal });
  }

  status(): RunnerStatus {
    return {
      ...this.key,
      version: this.version,
      state: this.#state,
      ready: this.#state === 'running' || this.#state === 'standby',
      caughtUp: this.#caughtUp,
      position: this.position,
      events: this.#events,
      failures: this.#retries.failures,
      ...(this.#retries.error === undefined ? {} : { error: this.#retries.error }),
      parked: this.parking.events,
      ...(this.parking.first === undefined ? {} : { firstParked: this.parking.first }),
    };
  }

  protected get log(): Log {
    return this.readModels.log;
  }

  protected set state(state: RunnerState) {
    this.#state = state;
  }

  /** Failed attempts in a row. */
  protected get failures(): number {
    return this.#retries.failures;
  }

  /** The stored checkpoint, as far as this process knows. */
  protected get stored(): Checkpoint {
    return this.checkpointAt(this.#storedPosition);
  }

  protected checkpointAt(position: number): Checkpoint {
    return { version: this.version, position };
  }

  #run(stopping: AbortSignal): Promise<void> {
    const { kind, name } = this.key;
    const { standbyMs, staysInStandby } = this.#timing;
    return superviseLoop(stopping, {
      retries: this.#retries,
      failed: `${kind} ${name} failed, will retry`,
      lease: {
        leases: this.readModels.leases,
        name: `${kind}.${name}`,
        standbyMs,
        wanted: !staysInStandby,
        onStandby: () => this.#standBy(),
      },
      turn: (signal) => this.#work(signal),
      onFailure: (error) => {
        this.#state = 'retrying';
        this.#caughtUp = false;
        return error instanceof PositionNotInLog ? this.#astray(error) : error;
      },
    });
  }

  async #standBy(): Promise<void> {
    this.#state = 'standby';
    this.#caughtUp = false;
    const checkpoint = await readCheckpoint(this.readModels, this.key);
    if (checkpoint) this.#gate.advance(checkpoint.position);
  }

  async #work(signal: AbortSignal): Promise<void> {
    this.#storedPosition = await this.open(signal);
    await this.parking.open();
    const reading = new AbortController();
    const pages = this.store
      .subscribe({
        after: this.#storedPosition,
        filter: { types: this.types },
        limit: this.pageSize,
        maxBytes: this.pageBytes,
        signal: AbortSignal.any([signal, reading.signal]),
      })
      [Symbol.asyncIterator]();
    const read = () => {
      const page = pages.next();
      // A reader that leaves the loop leaves a fetch behind, whose error is not handled then.
      page.catch(() => {});
      return page;
    };
    let next = read();
    try {
      // Not before the store has taken the position for one of its own.
      await next;
      this.#gate.reset();
      this.#gate.advance(this.#storedPosition);
      this.#state = 'running';
      while (!signal.aborted) {
        const result = this.#ticks ? await orTick(next) : await next;
        if (result === 'tick') {
          await this.#tickWhenDue();
          continue;
        }
        if (result.done) return;
        const startedAt = performance.now();
        const handled = await this.#take(result.value);
        if (handled > 0 && result.value.caughtUp) await this.#rest(startedAt + this.paceMs - performance.now(), signal);
        next = read();
        await this.#tickWhenDue();
      }
    } finally {
      reading.abort();
      await pages.return?.();
    }
  }

  /** Answers how many events of the page were ours. */
  async #take(page: Page): Promise<number> {
    const events = this.#unseen(page.events);
    if (events.length > 0) {
      await this.handle(events, this.#storedPosition, page.position);
      this.#storedPosition = page.position;
      this.#events += events.length;
    }
    this.#retries.succeeded();
    this.#caughtUp = page.caughtUp;
    this.#gate.advance(page.position);
    return events.length;
  }

  /** A page of one event costs nearly as much as one of fifty. After a silence longer than this nothing is held back. */
  async #rest(restMs: number, signal: AbortSignal): Promise<void> {
    if (restMs <= 0 || this.#hurried > 0) return;
    this.#resting = new AbortController();
    const ended = AbortSignal.any([signal, this.#resting.signal]);
    await delay(restMs, undefined, { signal: ended }).catch(() => {});
    this.#resting = undefined;
  }

  /** A store that reconnects may hand over events again. */
  #unseen(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
    const first = events[0];
    return first && first.position <= this.position
      ? events.filter(({ position }) => position > this.position)
      : events;
  }

  /** Whether there is anything to do but to wait for events. */
  get #ticks(): boolean {
    return this.position > this.#storedPosition || this.parking.events > 0;
  }

  async #tickWhenDue(): Promise<void> {
    if (!this.#ticks || Date.now() - this.#lastTickMs < TICK_MS) return;
    this.#lastTickMs = Date.now();
    if (this.position > this.#storedPosition) await this.#storeSkipped();
    const someWorked = await this.parking.retry(this.pageSize, (event, parked) => this.handleParked(event, parked));
    // Those who follow the view find something new although its position is the same.
    if (someWorked) this.#gate.stir();
  }

  /** Events of other types passed: nothing to write but how far we are, and that once a second is enough for a restart. */
  async #storeSkipped(): Promise<void> {
    await advanceCheckpoint(this.readModels, this.key, this.checkpointAt(this.#storedPosition), this.position, 0);
    this.#storedPosition = this.position;
  }

  /** A person has to decide what becomes of what was seen and is no more: to go on would pass over what comes next. */
  #astray(error: PositionNotInLog): Error {
    const { kind, name } = this.key;
    // Of this log nothing is known to have had its effect, so no waiter is let go and the lag is that of the whole log.
    this.#gate.reset();
    const whatToDo =
      kind === 'projection'
        ? `Rebuild the view: npm run ops -- rebuild ${name}.`
        : 'Drop the database of this service, as "Backup and restore" in docs/operations.md says.';
    return new Error(
      `The ${kind === 'projection' ? 'view' : 'process'} ${name} stands at position ${this.#storedPosition} and does not go on. ${error.message} ${whatToDo}`,
      { cause: error },
    );
  }
}

const TICK_MS = 1_000;

/** The promise's answer, or 'tick' when it takes longer than a second. */
async function orTick<T>(promise: Promise<T>): Promise<T | 'tick'> {
  let timer: NodeJS.Timeout | undefined;
  const tick = new Promise<'tick'>((resolve) => {
    timer = setTimeout(resolve, TICK_MS, 'tick');
  });
  try {
    return await Promise.race([promise, tick]);
  } finally {
    clearTimeout(timer);
  }
}
