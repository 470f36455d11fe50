import {
  type CommandRunner,
  type EventMetadata,
  type EventStore,
  type Outcome,
  OWN_TYPES,
  type Process,
  ProcessDriver,
  type ProcessEvent,
  processDecider,
  processIdOf,
  processOf,
  type RecordedEvent,
} from '#event-sourcing';
import type { Clock } from '#kernel';
import { schemaOf } from '../projection.js';
import type { ReadModels } from '../read-models.js';
import type { Runners } from '../runners.js';
import { ProcessTimer } from './process-timer.js';
import { type ProcessInstanceState, processesProjection } from './processes.projection.js';

/** One instance of a process as it stands. */
export interface ProcessSummary {
  readonly name: string;
  readonly id: string;
  readonly state: ProcessInstanceState;
  /** Where it waits or is stuck; null elsewhere. */
  readonly step: string | null;
  /** Stored names of the events that would answer. */
  readonly waitsFor: readonly string[];
  readonly until: string | null;
  /** In its state since then. ISO 8601 in UTC. */
  readonly since: string;
  readonly startedAt: string;
  readonly reason: string | null;
}

/** What became of it so far, in its order. */
export interface ProcessHistoryEntry {
  readonly type: ProcessEvent['type'];
  readonly data: object;
  readonly recordedAt: string;
  readonly actor: string;
}

export interface ProcessFilter {
  readonly name?: string | undefined;
  readonly state?: ProcessInstanceState | undefined;
}

/** Where a page ended: what started last comes first. */
export type ProcessesCursor = readonly [startedAt: string, name: string, id: string];

/** The processes of this program. Services add theirs while they are put together. */
export class Processes {
  readonly #drivers = new Map<string, ProcessDriver>();

  constructor(
    private readonly core: {
      readonly store: EventStore;
      readonly readModels: ReadModels;
      readonly runners: Runners;
      readonly commands: CommandRunner;
      readonly clock: Clock;
    },
  ) {}

  /** Names of the processes, in the order they were added. */
  get names(): readonly string[] {
    return [...this.#drivers.keys()];
  }

  /** Runs a process from now on: hands it its events, and what time and people say to it. */
  add(process: Process): void {
    const { runners } = this.core;
    if (this.#drivers.size === 0) this.#addWhatAllShare();
    const driver = new ProcessDriver(process, this.core);
    this.#drivers.set(process.name, driver);
    const paged = process.pageSize === undefined ? {} : { pageSize: process.pageSize };
    const react = (events: readonly RecordedEvent[]) => driver.react(events);
    const [elsewhere = [], here = []] = [true, false].map((is) =>
      process.types.filter((type) => runners.isElsewhere(type) === is),
    );
    if (here.length > 0) runners.addReaction({ name: process.name, types: here, ...paged, react });
    const name = here.length > 0 ? `${process.name}--elsewhere` : process.name;
    if (elsewhere.length > 0) runners.addReaction({ name, types: elsewhere, ...paged, react });
  }

  /** Up to `limit` instances after the cursor, those that started last first. */
  list({ name, state }: ProcessFilter, after: ProcessesCursor | undefined, limit: number): Promise<ProcessSummary[]> {
    if (this.names.length === 0) return Promise.resolve([]);
    return this.#select(
      `name = any($1) and ($2::text is null or name = $2) and ($3::text is null or state = $3)
         and ($4::timestamptz is null or (started_at, name, instance) < ($4::timestamptz, $5, $6))
       order by started_at desc, name desc, instance desc limit $7`,
      [this.names, name, state, after?.[0], after?.[1] ?? '', after?.[2] ?? '', limit],
    );
  }

  /** One instance and what became of it; undefined when it is not there, or not in the view yet. */
  async byId(
    name: string,
    id: string,
  ): Promise<(ProcessSummary & { readonly history: readonly ProcessHistoryEntry[] }) | undefined> {
    if (!this.#drivers.has(name)) return undefined;
    const [summary] = await this.#select('name = $1 and instance = $2', [name, id]);
    if (!summary) return undefined;
    const events = await this.core.store.readStream(`${processDecider.category}-${processIdOf(name, id)}`);
    const history = (events as readonly RecordedEvent<ProcessEvent>[]).map(({ type, data, recordedAt, metadata }) => ({
      type,
      data,
      recordedAt,
      actor: metadata.actor,
    }));
    return { ...summary, history };
  }

  /** Has the step tried again that waits or is stuck. Throws `Rejected`. */
  retry(name: string, id: string, metadata: EventMetadata): Promise<Outcome<ProcessEvent>> {
    const command = { type: 'RetryStep' } as const;
    return this.core.commands.execute({ on: processDecider, id: processIdOf(name, id), command, metadata });
  }

  /** Ends an instance: as it stands, or by taking back what it did where it waits for an event. Throws `Rejected`. */
  end(
    name: string,
    id: string,
    { reason, takeBack }: { readonly reason: string; readonly takeBack: boolean },
    metadata: EventMetadata,
  ): Promise<Outcome<ProcessEvent>> {
    const command = { type: 'EndProcess', reason, takeBack } as const;
    return this.core.commands.execute({ on: processDecider, id: processIdOf(name, id), command, metadata });
  }

  /** How many instances of each process have not ended, by state. */
  async open(): Promise<readonly { readonly name: string; readonly state: string; readonly count: number }[]> {
    if (this.names.length === 0) return [];
    return this.core.readModels.query(
      `select name, state, count(*) as count from ${VIEW}.instances
        where state in ('running', 'waiting', 'stuck', 'undoing') and name = any($1) group by name, state`,
      [this.names],
    );
  }

  /** A SELECT of those that wait past their time or are stuck, for the list of exceptions. */
  get stuckCases(): string {
    const names = this.names.map((name) => `'${name}'`).join(', ');
    if (names === '') return NO_CASES;
    return `
      select name || ' ' || instance as subject, coalesce(due_at, since) as since,
             'Step ' || coalesce(step, '') || ' of ' || name || ' for ' || instance ||
               case when jsonb_array_length(waits_for) = 0 then ' is stuck: ' || coalesce(reason, '') || '.'
                    else ' waits past its time for ' || (select string_agg(type, ' or ') from jsonb_array_elements_text(waits_for) as w (type)) || '.'
               end as detail
        from ${VIEW}.instances
       where name in (${names}) and (state = 'stuck' or (state = 'waiting' and due_at < now() - interval '1 minute'))`;
  }

  #addWhatAllShare(): void {
    const { runners, readModels, commands, clock } = this.core;
    runners.addProjection(processesProjection);
    runners.addReaction({
      name: 'processes-go-on',
      types: OWN_TYPES,
      react: async (events) => {
        const byName = Map.groupBy(events, ({ stream }) => processOf(stream).name);
        await Promise.all([...byName].map(([name, its]) => this.#drivers.get(name)?.react(its)));
      },
    });
    runners.addWork('process-timer', new ProcessTimer(readModels, runners, commands, clock, () => this.names));
  }

  #select(where: string, parameters: readonly unknown[]): Promise<ProcessSummary[]> {
    return this.core.readModels.query<ProcessSummary>(
      `select name, instance as id, state, step, waits_for as "waitsFor", due_at as until, since,
              started_at as "startedAt", reason
         from ${VIEW}.instances where ${where}`,
      parameters,
    );
  }
}

const VIEW = schemaOf(processesProjection.name);
const NO_CASES = `select null::text as subject, null::timestamptz as since, null::text as detail where false`;
