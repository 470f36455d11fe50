import { type EventStore, type RecordedEvent, workOnPage } from '#event-sourcing';
import { advanceCheckpoint, readCheckpoint } from './checkpoints.js';
import { checkpointKeyOf, createProjection, type Projection, schemaOf } from './projection.js';
import type { ReadModels } from './read-models.js';
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
 * A page that fails is tried again for ever, and {@link status} says so: a view with a hole would be worse than a late one.
 */
export class ProjectionRunner extends Runner {
  protected readonly version: number;
  protected readonly types: readonly string[];
  protected readonly pageSize: number;
  protected readonly pageBytes: number;
  protected override readonly paceMs: number;
  readonly #projection: Projection;
  readonly #schema: string;

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
    this.pageBytes = projection.pageBytes ?? 1_048_576;
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
    if (stored.version === this.version) return stored.position;
    this.state = 'rebuilding';
    const { position } = await rebuild(this.readModels, this.#projection, this.store, { signal });
    return position;
  }

  protected handle(events: readonly RecordedEvent[], from: number, to: number): Promise<void> {
    return workOnPage(events, { name: `view ${this.key.name}`, kind: 'internal' }, (page) =>
      this.readModels.transaction(
        async (tx) => {
          await advanceCheckpoint(tx, this.key, this.checkpointAt(from), to, events.length);
          await this.#projection.apply(page, tx);
        },
        { schema: this.#schema, byKey: true },
      ),
    );
  }
}
