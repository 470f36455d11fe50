import type { EventStore } from '#event-sourcing';
import type { Projection } from './projection.js';
import { ProjectionRunner } from './projection-runner.js';
import { type Reaction, ReactionRunner } from './reaction-runner.js';
import type { ReadModels } from './read-models.js';
import type { Runner, RunnerStatus } from './runner.js';

/** Token of the {@link ReadModels} provider. */
export const READ_MODELS = 'READ_MODELS';

/** Every view and process of this program. Services add theirs while they are put together; then all are started. */
export class Runners {
  private readonly projections = new Map<string, ProjectionRunner>();
  private readonly reactions = new Map<string, ReactionRunner>();

  constructor(
    private readonly readModels: ReadModels,
    private readonly store: EventStore,
  ) {}

  /** Keeps a view up to date from {@link start} on. */
  addProjection(projection: Projection): ProjectionRunner {
    return this.add(this.projections, projection.name, new ProjectionRunner(this.readModels, projection, this.store));
  }

  addReaction(reaction: Reaction): ReactionRunner {
    return this.add(this.reactions, reaction.name, new ReactionRunner(this.readModels, reaction, this.store));
  }

  /** The runner of a view, to wait for a position. Throws for a view nobody added. */
  projection(name: string): ProjectionRunner {
    const runner = this.projections.get(name);
    if (!runner) throw new Error(`There is no view called ${name} in this process.`);
    return runner;
  }

  /** Makes the tables of all views, empty where they are new. */
  async prepare(): Promise<void> {
    for (const runner of this.projections.values()) await runner.prepare();
  }

  start(): void {
    for (const runner of this.all()) runner.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.all()].map((runner) => runner.stop()));
  }

  status(): RunnerStatus[] {
    return [...this.all()].map((runner) => runner.status());
  }

  private *all(): Iterable<Runner> {
    yield* this.projections.values();
    yield* this.reactions.values();
  }

  private add<R extends Runner>(runners: Map<string, R>, name: string, runner: R): R {
    if (runners.has(name)) throw new Error(`There are two runners called ${name}.`);
    runners.set(name, runner);
    return runner;
  }
}
