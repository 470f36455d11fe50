import { type CommandRunner, type EventMetadata, processDecider, processIdOf } from '#event-sourcing';
import { type Clock, idFrom, toIso } from '#kernel';
import { FailingItems, Retries } from '../failures.js';
import { isOutage } from '../outages.js';
import { schemaOf } from '../projection.js';
import type { ReadModels } from '../read-models.js';
import type { BackgroundWork, Runners } from '../runners.js';
import { superviseLoop, waitForView } from '../supervise-loop.js';
import { processesProjection } from './processes.projection.js';

const VIEW = schemaOf(processesProjection.name);
const NAME = 'process-timer';
const LOOK_EVERY_MS = 500;
/** Although nothing is due and the view has not moved: the clock may have jumped. */
const LOOK_EVERY_MS_MAX = 300_000;
const DUE_AT_ONCE = 500;

interface Due {
  readonly name: string;
  readonly instance: string;
  readonly step: string;
  readonly dueAt: string;
  readonly correlationId: string;
}

/**
 * The one timer of all processes: delivers its time-out to each that waits past its time. What becomes of it is decided by the
 * process. A second timer does the same work again and changes nothing.
 */
export class ProcessTimer implements BackgroundWork {
  readonly #retries: Retries;
  readonly #failing: FailingItems;
  #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(
    private readonly readModels: ReadModels,
    private readonly runners: Runners,
    private readonly commands: CommandRunner,
    private readonly clock: Clock,
    /** Names of the processes of this program. */
    private readonly names: () => readonly string[],
  ) {
    this.#retries = new Retries(readModels, { process: NAME });
    this.#failing = new FailingItems(
      readModels.log,
      (process) => ({ process }),
      () => clock.now(),
    );
  }

  start(): void {
    if (this.#loop) return;
    this.#stopping = new AbortController();
    this.#loop = this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    this.#loop = undefined;
  }

  /** Delivers what is due by now. True when there may be more. */
  async deliverDue(): Promise<boolean> {
    const due = await this.readModels.query<Due>(
      `select name, instance, step, due_at as "dueAt", correlation_id as "correlationId" from ${VIEW}.instances
        where due_at <= $1 and state = 'waiting' and name = any($2) and name || ':' || instance <> all($3)
        order by due_at limit $4`,
      [toIso(this.clock.now()), this.names(), this.#failing.pausing, DUE_AT_ONCE],
    );
    await Promise.all(due.map((one) => this.#deliver(one)));
    return due.length === DUE_AT_ONCE;
  }

  /** Looks until it is stopped: when the first time is up, and when the view has moved. */
  #run(signal: AbortSignal): Promise<void> {
    const view = this.runners.projection(processesProjection.name);
    return superviseLoop(signal, {
      retries: this.#retries,
      failed: 'time-outs were not delivered, will retry',
      turn: () => this.#turn(),
      wait: waitForView(view, LOOK_EVERY_MS),
    });
  }

  /** In how many milliseconds to look again unless the view moves; 0 for at once. */
  async #turn(): Promise<number> {
    const [first] = await this.readModels.query<{ due: string | null }>(
      `select min(due_at) as due from ${VIEW}.instances
        where due_at is not null and state = 'waiting' and name = any($1) and name || ':' || instance <> all($2)`,
      [this.names(), this.#failing.pausing],
    );
    const dueInMs = first?.due ? Date.parse(first.due) - this.clock.now() : LOOK_EVERY_MS_MAX;
    if (dueInMs > 0) return Math.min(dueInMs, LOOK_EVERY_MS_MAX);
    return (await this.deliverDue()) ? 0 : LOOK_EVERY_MS;
  }

  /** One process that fails stops no others. An outage is the fault of none. */
  async #deliver({ name, instance, step, dueAt, correlationId }: Due): Promise<void> {
    const id = processIdOf(name, instance);
    const until = toIso(Date.parse(dueAt));
    const now = toIso(this.clock.now());
    const metadata: EventMetadata = {
      commandId: idFrom(`${id}/${step}/${until}`),
      correlationId,
      actor: `process:${NAME}`,
      occurredAt: now,
      receivedAt: now,
    };
    try {
      await this.commands.execute({ on: processDecider, id, command: { type: 'TimeOutStep', step, until }, metadata });
      this.#failing.succeeded(id);
    } catch (error) {
      if (isOutage(error) || !(await this.readModels.outages.isOver())) throw error;
      this.#failing.failed(id, error, 'a time-out was not delivered, will retry');
    }
  }
}
