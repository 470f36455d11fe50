import { type Clock, Rejected, systemClock } from '#kernel';
import type { CommandFigures, CommandOutcome } from './command-metrics.js';
import { commandSpan, traceAppend } from './command-trace.js';
import type { Decider } from './decider.js';
import { DrainEstimate } from './drain-estimate.js';
import { type DomainEvent, type EventMetadata, type EventStore, RevisionConflict } from './event-store.js';
import { Mailbox, type Waiting } from './mailbox.js';
import { MailboxStorage } from './mailbox-storage.js';
import type { Outcome } from './outcome.js';
import { Overloaded } from './overloaded.js';
import { continueTrace } from './tracing.js';
import { type Decided, Group, type Member, Turn } from './turn.js';

export interface CommandTo<Command> {
  /** Id of the aggregate: the stream is `<category>-<id>`. */
  readonly id: string;
  readonly command: Command;
}

export interface CommandRunnerOptions {
  readonly clock?: Clock;
  /** Commands that may wait for one stream; one more is refused with {@link Overloaded}. */
  readonly maxWaitingPerStream?: number;
  /** Commands that may wait in all. */
  readonly maxWaiting?: number;
  /** Streams whose state is kept in memory while no command is for them; a large state counts for several. */
  readonly maxIdleStreams?: number;
  /** A state that no command was for in so long is dropped, so that memory goes down with the load. */
  readonly idleMs?: number;
  /**
   * Commands of one stream that are decided in one turn, so that a hot stream has a second turn to decide while the first
   * is being stored; a quarter of them in a turn that others share, so that it leaves room for those.
   */
  readonly maxPerTurn?: number;
  /** Ids of answered commands from outside remembered per stream: the window in which a repeat is recognised. */
  readonly rememberedCommands?: number;
  /** Told of a snapshot that could not be stored: it only costs speed. */
  readonly onSnapshotFailed?: (error: unknown) => void;
}

/**
 * Runs the commands of one decider: one mailbox per stream, decisions on the state in memory, one append per turn.
 *
 * A turn takes every command that waits for an idle stream, decides them one after the other, appends all their events
 * at once and answers each caller after the commit. While that append is in flight the stream's next commands are decided
 * ahead, on top of it, and make the next turn; there is no timer, so under light load a turn is one command. Other streams
 * have turns of their own meanwhile, and the store merges what waits for it into one commit.
 *
 * When another process wrote to a stream (revision conflict), its state is loaded again and the commands are decided
 * afresh. Any other failure of the append is thrown to every caller of the turn and of the one decided ahead of it, and the
 * state is dropped.
 */
export class CommandRunner<Command, Event extends DomainEvent, State> {
  /** By the id of the aggregate; those that had no turn for the longest time come first. */
  private readonly mailboxes = new Map<string, Mailbox<Command, Event, State>>();
  private readonly ready = new Set<Mailbox<Command, Event, State>>();
  private readonly cold = new Set<Mailbox<Command, Event, State>>();
  /** What was decided while the last turn of a stream is being stored, on top of it. */
  private readonly ahead = new Map<Mailbox<Command, Event, State>, Group<Command, Event, State>>();
  private readonly storage: MailboxStorage<Command, Event, State>;
  private readonly options: Required<CommandRunnerOptions>;
  /** Of all mailboxes. */
  private weight = 0;
  private interval = 0;
  private sweeping: NodeJS.Timeout | undefined;
  private waiting = 0;
  private turnScheduled = false;
  private loading = false;
  private readonly outcomes = noOutcomes();
  private conflicts = 0;
  private readonly drain: DrainEstimate;

  constructor(
    private readonly decider: Decider<Command, Event, State>,
    private readonly store: EventStore,
    options: CommandRunnerOptions = {},
  ) {
    this.options = {
      clock: systemClock,
      maxWaitingPerStream: 16_384,
      maxWaiting: 65_536,
      maxIdleStreams: 2_000,
      idleMs: 300_000,
      maxPerTurn: 512,
      rememberedCommands: 512,
      onSnapshotFailed: () => {},
      ...options,
    };
    this.storage = new MailboxStorage(decider, store, this.options.rememberedCommands);
    this.drain = new DrainEstimate(this.options.maxPerTurn);
  }

  /**
   * Decides one command and stores its events.
   * Throws `Rejected` when the decider refuses, {@link Overloaded} when too much waits, and the store's errors.
   *
   * A command of an id that was answered before changes nothing. Of commands that come from outside, the last
   * `rememberedCommands` per stream are known; one that an event caused (`causedAt`: position of that event) is known
   * for ever, because its events can only lie after that position and are looked up there where memory ends.
   */
  execute(id: string, command: Command, metadata: EventMetadata, causedAt?: number): Promise<Outcome<Event>> {
    return new Promise((resolve, reject) => {
      const answer = ([outcome]: readonly Outcome<Event>[]) => resolve(outcome as Outcome<Event>);
      this.enqueue([{ id, command }], { metadata, causedAt, resolve: answer, reject });
    });
  }

  /**
   * Decides one command on each of several streams, all or nothing: when one is refused, none changes and the refusal
   * is thrown. Streams must differ. Deadlock is impossible: the command joins all its queues at one instant, so every
   * queue has the same order.
   */
  executeTogether(
    commands: readonly CommandTo<Command>[],
    metadata: EventMetadata,
    causedAt?: number,
  ): Promise<readonly Outcome<Event>[]> {
    return new Promise((resolve, reject) => {
      if (commands.length === 0) resolve([]);
      else this.enqueue(commands, { metadata, causedAt, resolve, reject });
    });
  }

  /** Commands that wait or are being stored. */
  get depth(): number {
    return this.waiting;
  }

  /** What it has done, and holds now. */
  figures(): CommandFigures {
    const { decider, outcomes, conflicts, waiting, mailboxes } = this;
    return { category: decider.category, outcomes: { ...outcomes }, conflicts, waiting, streams: mailboxes.size };
  }

  private mailboxOf(id: string): Mailbox<Command, Event, State> {
    const known = this.mailboxes.get(id);
    if (known) return known;
    const mailbox = new Mailbox<Command, Event, State>(
      id,
      `${this.decider.category}-${id}`,
      this.options.rememberedCommands,
    );
    mailbox.usedIn = this.interval;
    this.mailboxes.set(id, mailbox);
    this.weight += mailbox.weight;
    this.sweepFromTimeToTime();
    return mailbox;
  }

  private refuseWhenFull({ queue, stream }: Mailbox<Command, Event, State>): void {
    if (queue.length >= this.options.maxWaitingPerStream)
      throw this.overloaded(stream, this.drain.ofStream(queue.length));
    if (this.waiting >= this.options.maxWaiting)
      throw this.overloaded('The service', this.drain.ofService(this.waiting));
  }

  private overloaded(what: string, retryAfterMs: number): Overloaded {
    this.outcomes.overloaded += 1;
    return new Overloaded(what, retryAfterMs);
  }

  private enqueue(
    commands: readonly CommandTo<Command>[],
    caller: Pick<Waiting<Command, Event, State>, 'metadata' | 'causedAt' | 'resolve' | 'reject'>,
  ): void {
    const targets = commands.map(({ id, command }) => ({ mailbox: this.mailboxOf(id), command }));
    if (targets.length > 1 && new Set(targets.map(({ mailbox }) => mailbox)).size < targets.length) {
      throw new Error('executeTogether takes one command per stream.');
    }
    for (const { mailbox } of targets) this.refuseWhenFull(mailbox);
    const span = continueTrace(caller.metadata.traceparent, () => commandSpan(this.decider.category, commands));
    const metadata = span ? { ...caller.metadata, traceparent: span.traceparent } : caller.metadata;
    const { causedAt, resolve, reject } = caller;
    const waiting = { targets, metadata, causedAt, span, resolve, reject };
    this.waiting += 1;
    for (const { mailbox } of targets) {
      mailbox.queue.push(waiting);
      this.wake(mailbox);
    }
    this.scheduleTurn();
  }

  private wake(mailbox: Mailbox<Command, Event, State>): void {
    if (mailbox.queue.length === 0) return;
    if (mailbox.status === 'cold') this.cold.add(mailbox);
    else this.ready.add(mailbox);
  }

  private wakeAll(mailboxes: Iterable<Mailbox<Command, Event, State>>): void {
    for (const mailbox of mailboxes) this.wake(mailbox);
    if (this.ready.size > 0 || this.cold.size > 0) this.scheduleTurn();
  }

  private scheduleTurn(): void {
    if (this.turnScheduled) return;
    this.turnScheduled = true;
    setImmediate(() => {
      this.turnScheduled = false;
      void this.loadColdStreams();
      this.takeTurn();
    });
  }

  private takeTurn(): void {
    const startedAt = performance.now();
    const { clock, maxPerTurn } = this.options;
    const perStream = this.ready.size > 1 ? Math.ceil(maxPerTurn / SHARED_TURN_DIVISOR) : maxPerTurn;
    const turn = new Turn<Command, Event, State>(clock.now(), perStream);
    let taken = 0;
    for (const mailbox of this.ready) {
      this.ready.delete(mailbox);
      taken += mailbox.status === 'committing' ? this.decideAhead(mailbox, turn) : this.decideOn(mailbox, turn);
    }
    this.drain.turnTaken(taken, perStream);
    for (const group of turn.groups()) void this.commit(group, startedAt);
  }

  private decideOn(mailbox: Mailbox<Command, Event, State>, turn: Turn<Command, Event, State>): number {
    for (let taken = 0; taken < turn.perStream; taken += 1) {
      const waiting = mailbox.queue.first();
      if (!waiting || !isNext(waiting) || this.needsDedupLookup(waiting, turn)) return taken;
      turn.add(this.decideNext(waiting, turn.now));
    }
    return turn.perStream;
  }

  /**
   * Decides what waits for a stream whose last turn is on its way to the store, on top of that turn: it is sent once that
   * is stored, and undone with it when that fails. So this process decides and answers while the database writes.
   * Commands over several streams wait for all of them; and all wait when a snapshot is due, which shows what is stored.
   */
  private decideAhead(
    mailbox: Mailbox<Command, Event, State>,
    { now, perStream }: Turn<Command, Event, State>,
  ): number {
    if (this.storage.isSnapshotDue(mailbox)) return 0;
    const group = this.ahead.get(mailbox) ?? new Group(mailbox);
    const before = group.members.length;
    while (group.members.length < perStream) {
      const waiting = mailbox.queue.first();
      if (!waiting || waiting.targets.length > 1 || streamsToRecall(waiting).length > 0) break;
      group.add(this.decideNext(waiting, now));
    }
    if (group.members.length > 0) this.ahead.set(mailbox, group);
    return group.members.length - before;
  }

  private decideNext(waiting: Waiting<Command, Event, State>, now: number): Member<Command, Event, State> {
    for (const target of waiting.targets) target.mailbox.queue.shift();
    return { waiting, decided: this.decide(waiting, now) };
  }

  /**
   * True when a stream of the command may have forgotten that it answered it: then its memory is filled first, as soon
   * as nothing of this turn waits to be stored there. A process sends its commands in the order of the log, so as a rule
   * the cause lies after those of all commands answered so far, and nobody needs to look however far the process lags.
   */
  private needsDedupLookup(waiting: Waiting<Command, Event, State>, turn: Turn<Command, Event, State>): boolean {
    const { causedAt } = waiting;
    const streams = streamsToRecall(waiting);
    if (causedAt === undefined || streams.length === 0) return false;
    if (!streams.some((mailbox) => turn.has(mailbox))) {
      for (const mailbox of streams) void this.recall(mailbox, causedAt);
    }
    return true;
  }

  private async recall(mailbox: Mailbox<Command, Event, State>, causedAt: number): Promise<void> {
    mailbox.status = 'loading';
    try {
      await this.storage.recall(mailbox, causedAt);
      mailbox.status = 'idle';
      this.wake(mailbox);
      this.scheduleTurn();
    } catch (error) {
      this.refuseAll(mailbox, error);
    }
  }

  /** Decides on every stream before a state moves, so that a refusal by one leaves all as they were. */
  private decide({ targets, metadata, causedAt }: Waiting<Command, Event, State>, now: number): Decided<Event> {
    let refusal: unknown;
    const perTarget = targets.map(({ mailbox, command }) => {
      const elapsed = this.decider.elapse?.(mailbox.state as State, now) ?? [];
      this.evolve(mailbox, elapsed);
      const repeated = mailbox.recent.has(metadata.commandId) || mailbox.caused.has(metadata.commandId);
      const answer = repeated ? [] : this.decideSafely(command, mailbox.state as State, now);
      if (Array.isArray(answer)) return { elapsed, own: answer as readonly Event[], repeated };
      refusal ??= answer;
      return { elapsed, own: [], repeated };
    });
    if (refusal) return { now, refusal, perTarget: perTarget.map((decided) => ({ ...decided, own: [] })) };
    targets.forEach(({ mailbox }, index) => {
      const own = perTarget[index]?.own ?? [];
      this.evolve(mailbox, own);
      if (own.length > 0) mailbox.answered(metadata.commandId, causedAt);
    });
    return { now, perTarget };
  }

  /** A decider that throws has a fault of its own: its caller hears of it, the other commands of the turn do not. */
  private decideSafely(command: Command, state: State, now: number): readonly Event[] | Error {
    try {
      return this.decider.decide(command, state, { now });
    } catch (fault) {
      return fault instanceof Error ? fault : new Error(String(fault));
    }
  }

  private evolve(mailbox: Mailbox<Command, Event, State>, events: readonly Event[]): void {
    for (const event of events) mailbox.state = this.decider.evolve(mailbox.state as State, event);
  }

  private async commit(group: Group<Command, Event, State>, startedAt: number): Promise<void> {
    for (const [mailbox, { length }] of group.events) mailbox.committing(length);
    this.wakeAll(group.events.keys());
    try {
      const appends = group.appends();
      // What others appended meanwhile may turn a refusal round, and only an append would notice.
      if (appends.length === 0 && !this.store.singleWriter) await this.store.append(group.checks());
      const position =
        appends.length > 0 ? (await traceAppend(group, () => this.store.append(appends))).position : undefined;
      this.settle(group, position, startedAt);
    } catch (error) {
      this.undo(group, error);
    }
    this.wakeAll(group.events.keys());
    this.evictIdle();
  }

  private settle(group: Group<Command, Event, State>, position: number | undefined, startedAt: number): void {
    for (const [mailbox, { length }] of group.events) {
      mailbox.committed(length, position);
      this.mailboxes.delete(mailbox.id);
      this.mailboxes.set(mailbox.id, mailbox);
      mailbox.usedIn = this.interval;
      this.weigh(mailbox);
    }
    this.saveDueSnapshots([...group.events.keys()]);
    this.waiting -= group.members.length;
    this.drain.groupStored(group.members.length, performance.now() - startedAt);
    // Before the answers: the store has its next work while the callers have theirs.
    for (const mailbox of group.events.keys()) this.commitAhead(mailbox);
    for (const member of group.members) this.answer(member);
  }

  private commitAhead(mailbox: Mailbox<Command, Event, State>): void {
    const group = this.takeAhead(mailbox);
    if (group) void this.commit(group, performance.now());
  }

  private takeAhead(mailbox: Mailbox<Command, Event, State>): Group<Command, Event, State> | undefined {
    const group = this.ahead.get(mailbox);
    this.ahead.delete(mailbox);
    return group;
  }

  private answer({ waiting, decided }: Member<Command, Event, State>): void {
    const outcome = outcomeOf(decided);
    this.outcomes[outcome] += 1;
    waiting.span?.end({
      attributes: { 'einklang.outcome': outcome },
      ...(outcome === 'failed' && { error: decided.refusal }),
    });
    if (decided.refusal) waiting.reject(decided.refusal);
    else waiting.resolve(outcomesOf(waiting, decided));
  }

  private fail({ span, reject }: Waiting<Command, Event, State>, error: unknown): void {
    this.waiting -= 1;
    this.outcomes.failed += 1;
    span?.end({ attributes: { 'einklang.outcome': 'failed' }, error });
    reject(error);
  }

  /** The states have moved on without their events: forget them. After a conflict the commands are decided afresh. */
  private undo(group: Group<Command, Event, State>, error: unknown): void {
    const ahead = [...group.events.keys()].flatMap((mailbox) => this.takeAhead(mailbox)?.members ?? []);
    const members = [...group.members, ...ahead];
    for (const mailbox of group.events.keys()) mailbox.forgetState();
    if (error instanceof RevisionConflict) {
      this.conflicts += 1;
      for (const { waiting } of members.toReversed()) {
        for (const { mailbox } of waiting.targets) mailbox.queue.unshift(waiting);
      }
      return;
    }
    for (const { waiting } of members) this.fail(waiting, error);
    // What came after must not be decided without what came before: a parcel without its order would find none.
    for (const mailbox of group.events.keys()) this.refuseAll(mailbox, error);
  }

  private saveDueSnapshots(mailboxes: readonly Mailbox<Command, Event, State>[]): void {
    const due = mailboxes.flatMap((mailbox) => this.storage.dueSnapshot(mailbox) ?? []);
    if (due.length > 0) this.store.saveSnapshots(due).catch(this.options.onSnapshotFailed);
  }

  /** One read for all streams that wait to be loaded; those that turn up meanwhile go with the next read. */
  private async loadColdStreams(): Promise<void> {
    if (this.loading || this.cold.size === 0) return;
    this.loading = true;
    const batch = [...this.cold].slice(0, MAX_STREAMS_PER_LOAD);
    for (const mailbox of batch) {
      this.cold.delete(mailbox);
      mailbox.status = 'loading';
    }
    const failures = await this.storage.load(batch);
    for (const mailbox of batch) {
      if (failures.has(mailbox)) this.refuseAll(mailbox, failures.get(mailbox));
      else this.wake(mailbox);
    }
    this.loading = false;
    if (this.cold.size > 0 || this.ready.size > 0) this.scheduleTurn();
  }

  /** A stream that cannot be read answers nobody; a command over several streams leaves its other queues as well. */
  private refuseAll(mailbox: Mailbox<Command, Event, State>, error: unknown): void {
    mailbox.forgetState();
    for (const waiting of mailbox.queue.takeAll()) {
      for (const target of waiting.targets) {
        target.mailbox.queue.remove(waiting);
        this.wake(target.mailbox);
      }
      this.fail(waiting, error);
    }
  }

  /** One of giant size leaves room for others, or each command would drop all of them. */
  private weigh(mailbox: Mailbox<Command, Event, State>): void {
    const { maxIdleStreams } = this.options;
    const weight = Math.min(this.decider.weigh?.(mailbox.state as State) ?? 1, maxIdleStreams / GIANTS_KEPT);
    this.weight += weight - mailbox.weight;
    mailbox.weight = weight;
  }

  private evictIdle(): void {
    if (this.weight <= this.options.maxIdleStreams) return;
    const target = this.options.maxIdleStreams * 0.9;
    for (const mailbox of this.mailboxes.values()) {
      if (this.weight <= target) return;
      if (isIdle(mailbox)) this.evict(mailbox);
    }
  }

  private evict({ id, weight }: Mailbox<Command, Event, State>): void {
    if (this.mailboxes.delete(id)) this.weight -= weight;
  }

  /** Drops what was not used for a while; ends when nothing is left. Those used last come last. */
  private sweepFromTimeToTime(): void {
    this.sweeping ??= setTimeout(() => {
      this.sweeping = undefined;
      this.interval += 1;
      for (const mailbox of this.mailboxes.values()) {
        if (mailbox.usedIn > this.interval - SWEEPS_WHILE_IDLE) break;
        if (isIdle(mailbox)) this.evict(mailbox);
      }
      if (this.mailboxes.size > 0) this.sweepFromTimeToTime();
    }, this.options.idleMs / SWEEPS_WHILE_IDLE).unref();
  }
}

const GIANTS_KEPT = 8;
const SWEEPS_WHILE_IDLE = 5;

const isIdle = ({ status, queue }: { readonly status: string; readonly queue: { readonly length: number } }): boolean =>
  queue.length === 0 && (status === 'idle' || status === 'cold');

const noOutcomes = (): Record<CommandOutcome, number> => ({
  changed: 0,
  repeated: 0,
  unchanged: 0,
  rejected: 0,
  failed: 0,
  overloaded: 0,
});

function outcomeOf<Event extends DomainEvent>({ refusal, perTarget }: Decided<Event>): CommandOutcome {
  if (refusal !== undefined) return refusal instanceof Rejected ? 'rejected' : 'failed';
  if (perTarget.some(({ own }) => own.length > 0)) return 'changed';
  return perTarget.some(({ repeated }) => repeated) ? 'repeated' : 'unchanged';
}

/** Each may bring the events of two snapshots. */
const MAX_STREAMS_PER_LOAD = 256;

/** Whoever shares a turn waits for its decisions and its commit; with eight or sixteen they wait as long. */
const SHARED_TURN_DIVISOR = 4;

/** True when the command stands first in every queue it is in and all its streams may decide. */
function isNext<Command, Event extends DomainEvent, State>(waiting: Waiting<Command, Event, State>): boolean {
  return waiting.targets.every(({ mailbox }) => mailbox.status === 'idle' && mailbox.queue.first() === waiting);
}

/** The streams of a command that may have forgotten that they answered it. */
function streamsToRecall<Command, Event extends DomainEvent, State>({
  targets,
  causedAt,
}: Waiting<Command, Event, State>): Mailbox<Command, Event, State>[] {
  if (causedAt === undefined) return [];
  return targets
    .map(({ mailbox }) => mailbox)
    .filter(({ causedUpTo, caused }) => causedUpTo >= causedAt && caused.forgottenUpTo > causedAt);
}

function outcomesOf<Command, Event extends DomainEvent, State>(
  waiting: Waiting<Command, Event, State>,
  decided: Decided<Event>,
): Outcome<Event>[] {
  return waiting.targets.map(({ mailbox: { revision, position } }, index) => ({
    events: decided.perTarget[index]?.own ?? [],
    repeated: decided.perTarget[index]?.repeated ?? false,
    revision,
    position,
  }));
}
