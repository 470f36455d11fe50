import { type EventStore, type RecordedEvent, workOnPage } from '#event-sourcing';
import { describeAnalystViews } from './analyst-view.js';
import { applyWhatCanBe } from './apply-what-can-be.js';
import {
  advanceCheckpoint,
  type Checkpoint,
  type CheckpointKey,
  CheckpointMoved,
  readCheckpoint,
} from './checkpoints.js';
import { isOutage } from './outages.js';
import { deleteParked, type ParkedEvent, type SetAside } from './parked.js';
import { checkpointKeyOf, createProjection, type Projection, schemaOf } from './projection.js';
import type { ReadModels, Tx } from './read-models.js';
import { rebuild } from './rebuild.js';
import { Runner, type RunnerTiming } from './runner.js';

export interface ProjectionRunnerOptions extends RunnerTiming {
  /** Instead of what the projection says. */
  readonly pageSize?: number;
  /** Instead of what the projection says. */
  readonly paceMs?: number;
}

/**
 * Keeps one view up to date. Rows and checkpoint commit together, so a page has its effect once whatever dies when.
 *
 * An event that cannot be applied is parked in `read_models.parked`, and so are later events of its stream, so that its rows
 * stay as they were before it; all others are applied. Where nothing works at all it is not the events: then nothing is
 * parked and the page is tried again, with growing pauses.
 */
export class ProjectionRunner extends Runner {
  protected readonly version: number;
  protected readonly types: readonly string[];
  protected readonly pageSize: number;
  protected readonly pageBytes: number;
  protected override readonly paceMs: number;
  readonly #projection: Projection;
  readonly #schema: string;
  readonly #transaction: Transaction = (work) =>
    this.readModels.transaction(work, { schema: this.#schema, byKey: true });

  constructor(
    readModels: ReadModels,
    projection: Projection,
    store: EventStore,
    {
      pageSize = projection.pageSize ?? 5_000,
      paceMs = projection.paceMs ?? 50,
      ...timing
    }: ProjectionRunnerOptions = {},
  ) {
    super(readModels, checkpointKeyOf(projection), store, timing);
    this.#projection = projection;
    this.#schema = schemaOf(projection.name);
    this.version = projection.version;
    this.types = projection.types;
    this.pageSize = pageSize;
    this.pageBytes = projection.pageBytes ?? 3_145_728;
    this.paceMs = paceMs;
  }

  /** Makes the empty tables of a view that is new here, so that queries find them before the first event does. */
  async prepare(): Promise<void> {
    if (!(await readCheckpoint(this.readModels, this.key))) await createProjection(this.readModels, this.#projection);
  }

  protected async open(signal: AbortSignal): Promise<number> {
    const stored = await readCheckpoint(this.readModels, this.key);
    if (!stored) {
      await createProjection(this.readModels, this.#projection);
      return 0;
    }
    if (stored.version > this.version) {
      throw new Error(
        `View ${this.key.name} is stored in version ${stored.version} and this process knows version ${this.version}. Update it, or rebuild the view to go back.`,
      );
    }
    if (stored.version === this.version) {
      await describeAnalystViews(this.readModels, this.#projection.analystViews ?? []);
      return stored.position;
    }
    this.state = 'rebuilding';
    const { position } = await rebuild(this.readModels, this.#projection, this.store, { signal });
    return position;
  }

  protected async handle(events: readonly RecordedEvent[], from: number, to: number): Promise<void> {
    const { free, waiting } = this.parking.divide(events);
    const setAside = await workOnPage(free, { name: `view ${this.key.name}`, kind: 'internal' }, async (page) => {
      const step = { key: this.key, from: this.checkpointAt(from), to, events: events.length };
      const commit = (apply: (tx: Tx) => Promise<readonly SetAside[]>) =>
        commitPage(this.#transaction, step, async (tx) => {
          const parked = [...waiting, ...(await apply(tx))];
          await this.parking.park(tx, parked);
          return parked;
        });
      try {
        return await commit(async (tx) => {
          if (page.length > 0) await this.#projection.apply(page, tx);
          return [];
        });
      } catch (error) {
        if (page.length === 0 || isOutage(error) || error instanceof CheckpointMoved) throw error;
        const doubts = { hasWorked: this.status().events > 0, isPersistent: this.failures >= ATTEMPTS };
        return await commit((tx) => applyWhatCanBe(this.#projection, page, tx, doubts));
      }
    });
    this.parking.parked(setAside);
  }

  protected handleParked(event: RecordedEvent, parked: ParkedEvent): Promise<void> {
    return this.#transaction(async (tx) => {
      await advanceCheckpoint(tx, this.key, this.stored, this.stored.position, 0);
      if (!(await deleteParked(tx, parked))) return;
      await this.#projection.apply([event], tx);
      await this.#projection.appliedLate?.(event, this.stored.position, tx);
    });
  }
}

/** Runs work in one transaction. */
export type Transaction = <Result>(work: (tx: Tx) => Promise<Result>) => Promise<Result>;

/** How a page moves the checkpoint of its view. */
export interface CheckpointStep {
  readonly key: CheckpointKey;
  readonly from: Checkpoint;
  readonly to: number;
  readonly events: number;
}

/** Commits the rows of a page together with its checkpoint. */
export function commitPage(
  transaction: Transaction,
  { key, from, to, events }: CheckpointStep,
  writeRows: (tx: Tx) => Promise<readonly SetAside[]>,
): Promise<readonly SetAside[]> {
  return transaction(async (tx) => {
    await advanceCheckpoint(tx, key, from, to, events);
    return writeRows(tx);
  });
}

/** Failed attempts after which the only event of a page is believed to be at fault. */
const ATTEMPTS = 8;
