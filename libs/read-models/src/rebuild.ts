import { setTimeout as delay } from 'node:timers/promises';
import type { EventStore, Page, RecordedEvent } from '#event-sourcing';
import { createAnalystViews } from './analyst-view.js';
import { applyWhatCanBe } from './apply-what-can-be.js';
import { lockCheckpoint, readCheckpoint, replaceCheckpoint } from './checkpoints.js';
import { DatabaseError } from './database-error.js';
import { isOutage } from './outages.js';
import { replaceParked, type SetAside, skippedPositions } from './parked.js';
import { divide, PARKED_MAX } from './parking.js';
import { checkpointKeyOf, createProjection, type Projection, recreateSchema, schemaOf } from './projection.js';
import type { ReadModels, TransactionOptions, Tx } from './read-models.js';

export interface RebuildProgress {
  /** Events of this view's types applied so far. */
  readonly events: number;
  readonly position: number;
  /** Position of the last event of the log as of the start. */
  readonly head: number;
  readonly eventsPerSecond: number;
}

export interface RebuildOptions {
  /** After every page. */
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Events per page and transaction, 20,000 where nothing is said: the more, the fewer times a row is written. */
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
}

export interface RebuildResult {
  readonly events: number;
  /** The checkpoint of the new tables. */
  readonly position: number;
  readonly durationMs: number;
  readonly eventsPerSecond: number;
  /** Events that could not be applied or wait behind such an event of their stream; `read_models.parked` has them. */
  readonly parked: number;
  /** Events a person decided to do without. */
  readonly skipped: number;
}

/**
 * Builds the view again beside the live one and puts it in its place, from any process, while the system runs. Readers
 * always find `view_x`: the switch renames schemas, which waits for no reader. Stopped half-way it leaves the live view as
 * it was; the next call starts afresh. Throws when another rebuild or comparison of the same view is running.
 */
export async function rebuild(
  readModels: ReadModels,
  projection: Projection,
  store: EventStore,
  options: RebuildOptions = {},
): Promise<RebuildResult> {
  return withRebuildLock(readModels, projection, options, async (signal) => {
    if (!(await readCheckpoint(readModels, checkpointKeyOf(projection))))
      await createProjection(readModels, projection);
    const scratch = `${schemaOf(projection.name)}_next`;
    const dropOld = () => retryOnLockTimeout(() => dropSchema(readModels, `${schemaOf(projection.name)}_old`), signal);
    await dropOld();
    const build = await ScratchBuild.start(readModels, projection, store, scratch, { ...options, signal });
    await build.fill();
    await build.complete();
    await retryOnLockTimeout(async () => {
      await build.fill();
      await switchOver(readModels, projection, store, build, scratch);
    }, signal);
    // The view is switched; what is left over goes with the next rebuild at the latest.
    await dropOld().catch((error: unknown) =>
      readModels.log.warn({ err: error, view: projection.name }, 'old tables are still being read'),
    );
    return build.result();
  });
}

/** A rebuild and a comparison of the same view exclude each other: the one must not switch tables under the other. */
export async function withRebuildLock<T>(
  readModels: ReadModels,
  projection: Projection,
  { signal }: RebuildOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lease = await readModels.leases.tryAcquire(`workbench.${projection.name}`);
  if (!lease) throw new Error(`View ${projection.name} is being rebuilt or compared already.`);
  try {
    return await work(signal ? AbortSignal.any([signal, lease.lost]) : lease.lost);
  } finally {
    await lease.release();
  }
}

/** Tables in a schema of their own, filled from the start of the log. */
export class ScratchBuild {
  #position = 0;
  #events = 0;
  #head = 0;
  #schemaOid = 0;
  #skipped: ReadonlySet<number> = new Set();
  #skippedEvents = 0;
  #setAside: readonly SetAside[] = [];
  readonly #startedAt = performance.now();

  private constructor(
    private readonly readModels: ReadModels,
    private readonly projection: Projection,
    private readonly store: EventStore,
    private readonly schema: string,
    private readonly options: RebuildOptions,
  ) {}

  static async start(
    readModels: ReadModels,
    projection: Projection,
    store: EventStore,
    schema: string,
    options: RebuildOptions,
  ): Promise<ScratchBuild> {
    const build = new ScratchBuild(readModels, projection, store, schema, options);
    await readModels.transaction(
      async (tx) => {
        await recreateSchema(tx, projection, schema, { unlogged: true });
        build.#schemaOid = await oidOf(tx, schema);
      },
      { schema },
    );
    build.#head = await store.head();
    build.#skipped = await skippedPositions(readModels, projection.name);
    return build;
  }

  get position(): number {
    return this.#position;
  }

  /** Applies the log from where it stands up to `until`, or to its end. The next page is read while one is written. */
  async fill(until = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.#position >= until) return;
    let next = this.#read(this.#position);
    for (;;) {
      this.options.signal?.throwIfAborted();
      const page = cutAt(await next, until);
      if (!page.caughtUp) {
        next = this.#read(page.position);
        next.catch(() => {});
      }
      const setAside = await this.#apply(page.events, this.#setAside, (work) => this.#transaction(work, FILLING));
      this.#advance(page, setAside);
      if (page.caughtUp) return;
    }
  }

  /**
   * Gives the tables what they were filled without, and the planner figures about them: without those the first queries
   * after the switch would be planned blindly.
   */
  async complete(): Promise<void> {
    const statements = this.projection.tables.flatMap((table) => [
      `alter table "${table.name}" set logged`,
      ...table.createIndexes(),
    ]);
    await this.#transaction((tx) => tx.execute(statements.join(';')));
    await this.readModels.execute(`analyze ${this.#tables}`);
  }

  /** The same within the caller's transaction; counted by {@link advanceTo} once that has committed. */
  async catchUp(tx: Tx, until: number): Promise<Reached> {
    await this.#hold(tx);
    let position = this.#position;
    let events = 0;
    let setAside = this.#setAside;
    while (position < until) {
      const page = cutAt(await this.#read(position), until);
      if (page.caughtUp && page.position < until) {
        throw new Error(
          `The log ends at ${page.position}, before the checkpoint of view ${this.projection.name} at ${until}.`,
        );
      }
      setAside = await this.#apply(page.events, setAside, (work) => withSavepoint(tx, work));
      position = page.position;
      events += page.events.length;
    }
    return { position, events, setAside };
  }

  advanceTo({ position, events, setAside }: Reached): void {
    this.#position = position;
    this.#events += events;
    this.#setAside = setAside;
  }

  /** Applies what can be, and answers what was set aside from the start to here. `within` undoes what fails. */
  async #apply(
    events: readonly RecordedEvent[],
    before: readonly SetAside[],
    within: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
  ): Promise<readonly SetAside[]> {
    const wanted = this.#skipped.size === 0 ? events : events.filter(({ position }) => !this.#skipped.has(position));
    this.#skippedEvents += events.length - wanted.length;
    const parked = new Set(before.map(({ event }) => event.stream));
    const { free, waiting } =
      parked.size === 0 ? { free: wanted, waiting: [] } : divide(wanted, (one) => parked.has(one));
    if (free.length === 0) return [...before, ...waiting];
    try {
      await within((tx) => this.projection.apply(free, tx));
      return waiting.length === 0 ? before : [...before, ...waiting];
    } catch (error) {
      this.options.signal?.throwIfAborted();
      if (isOutage(error)) throw error;
      const doubts = { hasWorked: this.#events > 0, isPersistent: true };
      const setAside = [...before, ...waiting];
      setAside.push(...(await within((tx) => applyWhatCanBe(this.projection, free, tx, doubts))));
      if (setAside.length > PARKED_MAX)
        throw new Error(`More than ${PARKED_MAX} events of ${this.projection.name} would be parked.`, { cause: error });
      return setAside;
    }
  }

  result(): RebuildResult {
    const durationMs = performance.now() - this.#startedAt;
    return {
      events: this.#events,
      position: this.#position,
      durationMs,
      eventsPerSecond: (this.#events * 1_000) / durationMs,
      parked: this.#setAside.length,
      skipped: this.#skippedEvents,
    };
  }

  #transaction<T>(work: (tx: Tx) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const holding = async (tx: Tx) => {
      await this.#hold(tx);
      return work(tx);
    };
    return this.readModels.transaction(holding, { ...options, schema: this.schema });
  }

  /**
   * Keeps the tables as they are for the rest of a transaction, once they are known to be ours: a process that starts when our lease
   * was lost makes them again, and must not find our rows among its own, nor we switch to its.
   */
  async #hold(tx: Tx): Promise<void> {
    await tx.execute(`lock table ${this.#tables} in row exclusive mode`);
    if ((await oidOf(tx, this.schema)) !== this.#schemaOid)
      throw new Error(
        `Another rebuild of view ${this.projection.name} has begun, and this one has ended; start it again.`,
      );
  }

  get #tables(): string {
    return this.projection.tables.map(({ name }) => `"${this.schema}"."${name}"`).join(', ');
  }

  #read(after: number): Promise<Page> {
    return this.store.readAll({
      after,
      limit: this.options.pageSize ?? 20_000,
      maxBytes: PAGE_BYTES,
      filter: { types: this.projection.types },
    });
  }

  #advance(page: Page, setAside: readonly SetAside[]): void {
    this.advanceTo({ position: page.position, events: page.events.length, setAside });
    const { events, position, eventsPerSecond } = this.result();
    this.options.onProgress?.({ events, position, head: this.#head, eventsPerSecond });
  }
}

/**
 * The row lock on the checkpoint is the fence: the live runner cannot commit until we do, and then finds the new tables.
 * Where it is ahead of us we catch up; where we are ahead (it lags, or no process runs it), or where it is ahead of the log itself,
 * the checkpoint moves to us.
 */
async function switchOver(
  readModels: ReadModels,
  projection: Projection,
  store: EventStore,
  build: ScratchBuild,
  scratch: string,
): Promise<void> {
  const live = schemaOf(projection.name);
  const caughtUp = await readModels.transaction(
    async (tx) => {
      const checkpoint = await lockCheckpoint(tx, checkpointKeyOf(projection));
      const reached = await build.catchUp(tx, Math.min(checkpoint?.position ?? 0, await store.head()));
      await tx.execute(`
        alter schema "${live}" rename to "${live}_old";
        alter schema "${scratch}" rename to "${live}";
        set local search_path to "${live}"`);
      await createAnalystViews(tx, projection.analystViews ?? []);
      await replaceCheckpoint(tx, checkpointKeyOf(projection), {
        version: projection.version,
        position: reached.position,
      });
      await replaceParked(tx, projection.name, reached.setAside);
      return reached;
    },
    { schema: scratch, lockTimeoutMs: LOCK_TIMEOUT_MS },
  );
  build.advanceTo(caughtUp);
}

/** Waits for those who still read the old tables, and only so long that no reader queues behind us for more than a moment. */
export async function dropSchema(readModels: ReadModels, schema: string): Promise<void> {
  await readModels.transaction((tx) => tx.execute(`drop schema if exists "${schema}" cascade`), {
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  });
}

async function oidOf(tx: Tx, schema: string): Promise<number> {
  const [found] = await tx.query<{ oid: number }>('select to_regnamespace($1)::oid as oid', [schema]);
  return found?.oid ?? 0;
}

/** Tries again while a long query of another session holds a lock we need. */
export async function retryOnLockTimeout(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const lockNotHad =
        error instanceof DatabaseError && (error.code === LOCK_NOT_AVAILABLE || error.code === DEADLOCK_DETECTED);
      if (!lockNotHad || attempt === LOCK_ATTEMPTS) throw error;
      await delay(LOCK_PAUSE_MS, undefined, { signal });
    }
  }
}

/** How far a build is, and what it had to leave out on the way. */
interface Reached {
  readonly position: number;
  readonly events: number;
  readonly setAside: readonly SetAside[];
}

async function withSavepoint<T>(tx: Tx, work: (tx: Tx) => Promise<T>): Promise<T> {
  await tx.execute('savepoint page');
  try {
    return await work(tx);
  } catch (error) {
    if (!isOutage(error)) await tx.execute('rollback to savepoint page');
    throw error;
  }
}

/** A crash throws the scratch tables away anyway, so nothing waits for the disk until the switch. */
const FILLING = { asyncCommit: true };

/** The part of a page up to a position, which counts as the end. */
function cutAt(page: Page, until: number): Page {
  if (page.position < until) return page;
  return { events: page.events.filter((event) => event.position <= until), position: until, caughtUp: true };
}

/** Two pages are in memory, with what is made of them. */
const PAGE_BYTES = 8 * 1_048_576;
const LOCK_TIMEOUT_MS = 1_000;
const LOCK_PAUSE_MS = 500;
const LOCK_ATTEMPTS = 20;
const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK_DETECTED = '40P01';
