import { type Clock, idFrom, Rejected } from '#kernel';
import { becauseOf } from '../because-of.js';
import type { CommandRunner } from '../command-runner.js';
import type { DomainEvent, EventMetadata, EventStore, RecordedEvent, StreamHistory } from '../event-store.js';
import { RevisionMoved } from '../revision-moved.js';
import type { Process, Sending, Step } from './define-process.js';
import { type ProcessState, processDecider, processIdOf, processOf } from './process.decider.js';
import type { ProcessEvent } from './process-events.js';
import { afterSending, foldProcess, handleEvent, nextAction, settle } from './process-steps.js';

export interface ProcessSurroundings {
  readonly store: EventStore;
  readonly commands: CommandRunner;
  readonly clock: Clock;
}

/**
 * Runs the instances of one process: hands them events in their order, sends the commands of their steps, and records how far
 * they are. Every command has an id that follows from the instance and the step, so one that is sent again changes nothing.
 *
 * Recorded is what would be forgotten otherwise: that it waits, that a step was refused, how it ended. A step that is answered at
 * once is recorded with the next of these, in the commit of its commands where the store commits several streams at once. Until
 * then the event that started it is handed over again after a crash, and all of its commands with it.
 */
export class ProcessDriver {
  readonly name: string;
  /** Events of others that it is to be handed. */
  readonly types: readonly string[];

  constructor(
    private readonly process: Process,
    private readonly surroundings: ProcessSurroundings,
  ) {
    this.name = process.name;
    this.types = process.types;
  }

  /** Gives the events their effect, in their order per instance. May get the same events again. */
  async react(events: readonly RecordedEvent[]): Promise<void> {
    const byInstance = Map.groupBy(events, (event) => this.instanceOf(event));
    byInstance.delete(undefined);
    const states = await this.load([...byInstance.keys()].filter((instance) => instance !== undefined));
    await Promise.all([...byInstance].map(([instance = '', its]) => this.drive(instance, states.get(instance), its)));
  }

  private instanceOf(event: RecordedEvent): string | undefined {
    if (!isOwn(event)) return this.process.idOf(event);
    const { name, instance } = processOf(event.stream);
    return name === this.name ? instance : undefined;
  }

  /** With one read for hundreds. */
  private async load(instances: readonly string[]): Promise<Map<string, ProcessState>> {
    const streams = instances.map((instance) => `${processDecider.category}-${processIdOf(this.name, instance)}`);
    const histories: StreamHistory[] = [];
    for (let start = 0; start < streams.length; start += STREAMS_AT_ONCE)
      histories.push(...(await this.surroundings.store.load(streams.slice(start, start + STREAMS_AT_ONCE))));
    const states = histories.map(({ stream, events }): [string, ProcessState] => [
      processOf(stream).instance,
      foldProcess(processDecider.initialState(), events as unknown as ProcessEvent[]),
    ]);
    return new Map(states);
  }

  /** Again from what is stored when another process was faster. */
  private async drive(
    instance: string,
    known: ProcessState | undefined,
    events: readonly RecordedEvent[],
  ): Promise<void> {
    let state = known;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await new Run(this.process, this.surroundings, instance, state).handle(events);
        return;
      } catch (error) {
        if (attempt === ATTEMPTS || !(error instanceof RevisionMoved)) throw error;
        state = (await this.load([instance])).get(instance);
      }
    }
  }
}

const ATTEMPTS = 20;
const STREAMS_AT_ONCE = 500;

/** Events by which time and people have a process go on. */
export const OWN_TYPES: readonly string[] = ['StepTimedOut', 'StepRetried'] satisfies ProcessEvent['type'][];

const isOwn = ({ type, stream }: RecordedEvent): boolean =>
  OWN_TYPES.includes(type) && stream.startsWith(`${processDecider.category}-`);

/** One instance as it handles some events. */
class Run {
  /** What came about and is not recorded yet. */
  private unrecorded: readonly ProcessEvent[] = [];

  constructor(
    private readonly process: Process,
    private readonly surroundings: ProcessSurroundings,
    private readonly instance: string,
    private state: ProcessState = processDecider.initialState(),
  ) {}

  async handle(events: readonly RecordedEvent[]): Promise<void> {
    for (const event of events) {
      this.add(handleEvent(this.process, this.state, event));
      if (event.type === 'StepRetried') await this.sendAgain(event);
      await this.goOn(event);
    }
    const last = events.at(-1);
    if (last) await this.record(last);
  }

  /** Does what is next until it rests. */
  private async goOn(event: RecordedEvent): Promise<void> {
    for (;;) {
      this.add(settle(this.process, this.state, this.now));
      const next = nextAction(this.process, this.state);
      if (next.do === 'send') await this.send(next.step, next.commands, event);
      else if (next.do === 'undo') await this.undo(next.step, next.commands, event);
      else return;
    }
  }

  private send(step: AnyStep, commands: readonly Sending[], event: RecordedEvent): Promise<void> {
    return this.isAtomic ? this.sendTogether(step, commands, event) : this.sendOneByOne(step, commands, event);
  }

  private async sendTogether(step: AnyStep, commands: readonly Sending[], event: RecordedEvent): Promise<void> {
    const metadata = this.metadataOf(event, step.name);
    try {
      await this.together(commands, afterSending(step, this.state, this.now), metadata);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.together(refusalsOf(commands), [refusedAs(step.name, error.code)], metadata);
    }
  }

  /**
   * For a store without a commit over several streams: aggregate after aggregate, always in the same order, so that the
   * process that is first at the first of them is first at all. A refusal is recorded under the id of the command it takes the place of, also on
   * those that were not asked yet; what had taken effect before is taken back.
   */
  private async sendOneByOne(step: AnyStep, commands: readonly Sending[], event: RecordedEvent): Promise<void> {
    const metadata = this.metadataOf(event, step.name);
    const applied: string[] = [];
    let refused: string | undefined;
    for (const sending of commands) {
      const refusal =
        refused === undefined ? await this.ask(sending, metadata) : await this.refuse(sending, metadata, refused);
      if (refusal === undefined) applied.push(sending.id);
      else refused ??= refusal;
    }
    if (refused === undefined) return this.add(afterSending(step, this.state, this.now));
    this.add([refusedAs(step.name, refused, applied)]);
    await this.record(event);
  }

  /** Sends one command. Gives the code of its refusal, now or when it was sent before; undefined when it took effect. */
  private async ask(sending: Sending, metadata: EventMetadata): Promise<string | undefined> {
    try {
      const { repeated } = await this.execute(sending, sending.command, metadata);
      return repeated && (await this.wasRefused(sending, metadata)) ? REPEATED : undefined;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return this.refuse(sending, metadata, error.code);
    }
  }

  /** Records a refusal, unless another process was answered otherwise meanwhile: then that holds. */
  private async refuse(sending: Sending, metadata: EventMetadata, reason: string): Promise<string | undefined> {
    if (!sending.refusal) return reason;
    const { repeated } = await this.execute(sending, sending.refusal.command, metadata);
    return repeated && !(await this.wasRefused(sending, metadata)) ? undefined : reason;
  }

  /** What the log says of a command that was answered before, by this process or by one that has died. */
  private async wasRefused({ on, id, refusal }: Sending, { commandId }: EventMetadata): Promise<boolean> {
    if (!refusal) return false;
    const { store } = this.surroundings;
    for (let from = Number.MAX_SAFE_INTEGER; from >= 0; ) {
      const options = { from, limit: EVENTS_AT_ONCE, direction: 'backwards' } as const;
      const page = await store.readStream(`${on.category}-${id}`, options);
      const answers = page.filter(({ metadata }) => metadata.commandId === commandId);
      if (answers.length > 0) return answers.some(({ type }) => type === refusal.recordedAs);
      from = (page.at(-1)?.revision ?? 0) - 1;
    }
    throw new Error(`The answer of ${on.category} ${id} to ${this.process.name} ${this.instance} is not in the log.`);
  }

  /** The commands of the step it waits in once more, under their ids. */
  private async sendAgain(event: RecordedEvent): Promise<void> {
    const step = this.process.steps.find(({ name }) => name === this.state.at);
    if (!step || this.state.status !== 'waiting') return;
    const metadata = this.metadataOf(event, step.name);
    try {
      await this.executeAll(step.send?.(this.state.data) ?? [], metadata);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.add([refusedAs(step.name, error.code)]);
    }
  }

  private async undo(step: string, commands: readonly Sending[], event: RecordedEvent): Promise<void> {
    // What was refused is known before anything is taken back: from here on there is no other way.
    await this.record(event);
    const metadata = this.metadataOf(event, step, '/undo');
    const undone: ProcessEvent = { type: 'StepUndone', data: { step } };
    try {
      await this.together(commands, [undone], metadata);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.add([{ type: 'StepStuck', data: { step, reason: error.code } }]);
    }
  }

  /** Commands that must take effect, with what then becomes of the process: in their commit, where it rests or goes back then. */
  private async together(
    commands: readonly Sending[],
    events: readonly ProcessEvent[],
    metadata: EventMetadata,
  ): Promise<void> {
    const settled = [...events, ...settle(this.process, foldProcess(this.state, events), this.now)];
    const goesOn = nextAction(this.process, foldProcess(this.state, settled)).do === 'send';
    if (goesOn || !this.isAtomic) {
      await this.executeAll(commands, metadata);
      this.add(settled);
      return;
    }
    await this.executeAll([...commands, this.recordOf([...this.unrecorded, ...settled])], metadata);
    this.add(settled);
    this.unrecorded = [];
  }

  private async executeAll(commands: readonly Sending[], metadata: EventMetadata): Promise<void> {
    const causedAt = this.state.because?.position;
    if (this.isAtomic && commands.length > 1)
      await this.surroundings.commands.executeTogether(commands, { metadata, causedAt });
    else await Promise.all(commands.map((sending) => this.execute(sending, sending.command, metadata)));
  }

  private execute({ on, id }: Sending, command: unknown, metadata: EventMetadata) {
    return this.surroundings.commands.execute({ on, id, command, metadata, causedAt: this.state.because?.position });
  }

  private async record(event: RecordedEvent): Promise<void> {
    if (this.unrecorded.length === 0) return;
    const metadata = becauseOf(this.process.name, event, `process ${this.instance} ${this.recorded}`);
    const causedAt = this.state.because?.position;
    await this.surroundings.commands.execute({ ...this.recordOf(this.unrecorded), metadata, causedAt });
    this.unrecorded = [];
  }

  private recordOf(events: readonly ProcessEvent[]): Sending & { readonly expectedRevision: number } {
    const id = processIdOf(this.process.name, this.instance);
    const command = { type: 'RecordProgress', events };
    return { on: processDecider, id, command, expectedRevision: this.recorded - 1 };
  }

  private add(events: readonly ProcessEvent[]): void {
    this.state = foldProcess(this.state, events);
    this.unrecorded = [...this.unrecorded, ...events];
  }

  /** Of a step's commands: the same whenever they are sent. */
  private metadataOf(event: RecordedEvent, step: string, suffix = ''): EventMetadata {
    const isFirst = this.process.steps[0]?.name === step;
    const commandId = commandIdOf(
      this.state.because?.id ?? '',
      `${this.instance}${isFirst ? '' : `/${step}`}${suffix}`,
    );
    return { ...becauseOf(this.process.name, event, ''), commandId };
  }

  /** Events of its stream, as far as this run knows. */
  private get recorded(): number {
    return this.state.recorded - this.unrecorded.length;
  }

  private get isAtomic(): boolean {
    return commitsTogether(this.surroundings.store);
  }

  private get now(): number {
    return this.surroundings.clock.now();
  }
}

/** Id of the commands of a step: of the event that started the instance and of the step, and of nothing else. */
export function commandIdOf(startedBy: string, step: string): string {
  return idFrom(`${startedBy}/${step}`);
}

/** Whether the commands of a step, and what becomes of the process, are one commit. */
export function commitsTogether({ atomicAcrossStreams }: EventStore): boolean {
  return atomicAcrossStreams;
}

type AnyStep = Step<DomainEvent, object>;

const EVENTS_AT_ONCE = 500;
/** Reason of a refusal that an earlier attempt was given. */
const REPEATED = 'refused-before';

const isRefusal = (error: unknown): error is Rejected => error instanceof Rejected && !(error instanceof RevisionMoved);

const refusalsOf = (commands: readonly Sending[]): Sending[] =>
  commands.flatMap(({ on, id, refusal }) => (refusal ? [{ on, id, command: refusal.command }] : []));

const refusedAs = (step: string, reason: string, applied?: readonly string[]): ProcessEvent => ({
  type: 'StepAnswered',
  data: { step, answer: 'refused', reason, ...(applied && applied.length > 0 && { applied }) },
});
