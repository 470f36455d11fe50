import type { EventStore } from '#event-sourcing';
import { Backlog } from './backlog.js';
import type { Projection } from './projection.js';
import { ProjectionRunner } from './projection-runner.js';
import { type Reaction, ReactionRunner } from './reaction-runner.js';
import type { ReadModels } from './read-models.js';
import { Runner, type RunnerStatus } from './runner.js';

/** Token of the {@link ReadModels} provider. */
export const READ_MODELS = 'READ_MODELS';

/** Something that works by itself from `start` to `stop`. */
export interface BackgroundWork {
  start(): void;
  stop(): Promise<void>;
}

export interface RunnersOptions {
  /** False for a process that answers requests only: views are followed, and the work is left to others. */
  readonly works?: boolean;
  /** Feeds a reaction to events that do not come from the store; undefined for one whose events do. */
  readonly elsewhere?: (reaction: Reaction) => BackgroundWork | undefined;
  /** Whether events of a stored name do not come from the store. */
  readonly isElsewhere?: (type: string) => boolean;
}

/** Every view and process of this program. Services add theirs while they are put together; then all are started. */
export class Runners {
  private readonly projections = new Map<string, ProjectionRunner>();
  private readonly reactions = new Map<string, BackgroundWork>();
  /** Whether this process does what goes on by itself. */
  readonly works: boolean;
  /** What the doors have let in and the processes have yet to do. */
  readonly backlog: Backlog;
  private readonly elsewhere: NonNullable<RunnersOptions['elsewhere']>;
  /** Whether events of a stored name do not come from the store. No reaction has such events and others. */
  readonly isElsewhere: NonNullable<RunnersOptions['isElsewhere']>;

  constructor(
    private readonly readModels: ReadModels,
    private readonly store: EventStore,
    { works = true, elsewhere = () => undefined, isElsewhere = () => false }: RunnersOptions = {},
  ) {
    readModels.outages.add(() => store.head());
    this.works = works;
    this.backlog = new Backlog(store);
    this.elsewhere = elsewhere;
    this.isElsewhere = isElsewhere;
  }

  /** Keeps a view up to date from {@link start} on. */
  addProjection(projection: Projection): ProjectionRunner {
    const timing = { staysInStandby: !this.works };
    const runner = new ProjectionRunner(this.readModels, projection, this.store, timing);
    return this.add(this.projections, projection.name, runner);
  }

  addReaction(reaction: Reaction): BackgroundWork {
    return this.add(this.reactions, reaction.name, this.workOn(reaction));
  }

  /** A runner that was made elsewhere. */
  addRunner(runner: Runner): void {
    this.add(this.reactions, runner.status().name, runner);
  }

  /** Other work that goes on by itself, started and stopped with the processes. */
  addWork(name: string, work: BackgroundWork): void {
    this.add(this.reactions, name, work);
  }

  /** Hands a reaction its events from `start` to `stop`: for one that is not to run whenever this process does. */
  workOn(reaction: Reaction): BackgroundWork {
    return this.elsewhere(reaction) ?? new ReactionRunner(this.readModels, reaction, this.store);
  }

  /** The runner of a view, to wait for a position. Throws for an unknown view. */
  projection(name: string): ProjectionRunner {
    const runner = this.projections.get(name);
    if (!runner) throw new Error(`There is no view called ${name} in this process.`);
    return runner;
  }

  /** Resolves when what the log holds now has had its effect on a view, also by way of a reaction. Throws `NotCaughtUp`. */
  async settled(view: string, reaction: string, timeoutMs: number): Promise<void> {
    const work = this.reactions.get(reaction);
    if (work && isRunner(work)) await work.waitFor(await this.store.head(), timeoutMs);
    await this.projection(view).waitFor(await this.store.head(), timeoutMs);
  }

  /** Makes the tables of all views, empty where they are new. */
  async prepare(): Promise<void> {
    for (const runner of this.projections.values()) await runner.prepare();
  }

  start(): void {
    for (const work of this.all()) work.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.all()].map((work) => work.stop()));
  }

  /** Of those that read the store. */
  status(): RunnerStatus[] {
    return [...this.all()].filter((work) => isRunner(work)).map((runner) => runner.status());
  }

  /** One name for one runner, of whatever kind: what it has parked is found by it. */
  private add<Work extends BackgroundWork>(works: Map<string, Work>, name: string, work: Work): Work {
    if (this.projections.has(name) || this.reactions.has(name))
      throw new Error(`There are two runners called ${name}.`);
    works.set(name, work);
    return work;
  }

  private *all(): Iterable<BackgroundWork> {
    yield* this.projections.values();
    if (this.works) yield* this.reactions.values();
  }
}

const isRunner = (work: BackgroundWork): work is Runner => work instanceof Runner;
