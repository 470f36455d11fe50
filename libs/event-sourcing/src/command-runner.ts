import { type Clock, Rejected, systemClock } from '#kernel';
import { Category } from './category.js';
import type { CommandCounts, CommandFigures, CommandOutcome } from './command-metrics.js';
import { type CommandOrigin, type CommandTo, streamOf } from './command-to.js';
import { commandSpan, traceAppend } from './command-trace.js';
import type { AnyDecider, EventOf } from './decider.js';
import { DrainEstimate } from './drain-estimate.js';
import { type DomainEvent, type EventStore, RevisionConflict } from './event-store.js';
import type { Asked, Mailbox, Target, Waiting } from './mailbox.js';
import type { Outcome } from './outcome.js';
import { Overloaded } from './overloaded.js';
import { RevisionMoved } from './revision-moved.js';
import { attemptId, Steps, undoId } from './steps.js';
import { ProcessLocks, type StreamLocks } from './stream-locks.js';
import { continueTrace } from './tracing.js';
import { type Decided, DecidedAhead, type Group, type Member, Turn } from './turn.js';

export interface CommandRunnerOptions {
  readonly clock?: Clock;
  /** Commands that may wait for one stream; one more is refused with {@link Overloaded}. */
  readonly maxWaitingPerStream?: number;
  /** Commands that may wait for all streams of one decider. */
  readonly maxWaiting?: number;
  /**
   * Commands of one stream that are decided in one turn, so that a hot stream has a second turn to decide while the first
   * is being stored; a quarter of them in a turn that others share, so that it leaves room for those.
   */
  readonly maxPerTurn?: number;
  /** What takes the place of a decider in this runner: the same streams, commands and events, with other limits or faults. */
  readonly replace?: (decider: AnyDecider) => AnyDecider;
  /** Shared by all processes that execute commands over several streams, where the store commits one at a time. */
  readonly locks?: StreamLocks;
  /** Gets a snapshot's failure to be stored: it only costs speed. */
  readonly onSnapshotFailed?: (error: unknown) => void;
}

/**
 * Runs the commands of every decider: one mailbox per stream, decisions on the state in memory, one append per turn.
 *
 * A turn takes every command that waits for an idle stream, decides them one after the other, appends all their events
 * at once and answers each caller after the commit. While that append is in flight the stream's next commands are decided
 * ahead, on top of it, and make the next turn; there is no timer, so under light load a turn is one command. Other streams
 * have turns of their own meanwhile, and the store merges what waits for it into one commit.
 *
 * When another process wrote to a stream (revision conflict), its state is loaded again and the commands are decided
 * again. Any other failure of the append is thrown to every caller of the turn and of the one decided ahead of it, and the
 * state is dropped.
 */
export class CommandRunner {
  /** By their names. */
  private readonly categories = new Map<string, Category>();
  private readonly ready = new Set<Mailbox>();
  private readonly ahead = new DecidedAhead();
  private readonly options: Required<CommandRunnerOptions>;
  private turnScheduled = false;
  private readonly drain: DrainEstimate;
  private readonly steps: Steps | undefined;

  constructor(
    private readonly store: EventStore,
    options: CommandRunnerOptions = {},
  ) {
    this.options = {
      clock: systemClock,
      maxWaitingPerStream: 16_384,
      maxWaiting: 65_536,
      maxPerTurn: 512,
      replace: (decider) => decider,
      locks: new ProcessLocks(),
      onSnapshotFailed: () => {},
      ...options,
    };
    this.drain = new DrainEstimate(this.options.maxPerTurn);
    const ask = this.ask.bind(this);
    const execute = this.execute.bind(this);
    this.steps = store.atomicAcrossStreams ? undefined : new Steps({ ask, execute }, store, this.options.locks);
  }

  /**
   * Decides one command and stores its events.
   * Throws `Rejected` when the decider refuses, {@link RevisionMoved}, {@link Overloaded} when too much waits, and the
   * store's errors.
   *
   * A command of an id that was answered before changes nothing. Of commands that come from outside, the last
   * `rememberedCommands` per stream are known; one that an event caused (`causedAt`: position of that event) is known
   * permanently, because its events can only lie after that position and are looked up there where memory ends.
   */
  execute<On extends AnyDecider>(command: CommandTo<On> & CommandOrigin): Promise<Outcome<EventOf<On>>> {
    return new Promise((resolve, reject) => {
      const answer = ([outcome]: readonly Outcome<DomainEvent>[]) => resolve(outcome as Outcome<EventOf<On>>);
      const { expectedRevision = command.metadata.expectedRevision } = command;
      this.enqueue([expectedRevision === undefined ? command : { ...command, expectedRevision }], {
        ...originOf(command),
        resolve: answer,
        reject,
      });
    });
  }

  /**
   * Decides one command on each of several streams, of one decider or several, all or nothing: when one is refused, none
   * changes and the refusal is thrown. Streams must differ. Deadlock is impossible: the command joins all its queues at
   * one instant, so every queue has the same order.
   *
   * Where the store commits one stream at a time, the streams that change are stored one after the other in the order
   * given, see {@link Steps}. A fault in between leaves the first of them, until the command comes again under its id.
   */
  executeTogether<On extends readonly AnyDecider[]>(
    commands: { readonly [Index in keyof On]: CommandTo<On[Index]> },
    origin: CommandOrigin,
  ): Promise<{ readonly [Index in keyof On]: Outcome<EventOf<On[Index]>> }> {
    type Outcomes = { readonly [Index in keyof On]: Outcome<EventOf<On[Index]>> };
    return this.decideTogether(commands, origin) as Promise<Outcomes>;
  }

  private async decideTogether(
    commands: readonly CommandTo[],
    origin: CommandOrigin,
  ): Promise<readonly Outcome<DomainEvent>[]> {
    if (new Set(commands.map(streamOf)).size < commands.length)
      throw new Error('executeTogether takes one command per stream.');
    if (commands.length === 0) return [];
    if (origin.metadata.expectedRevision !== undefined)
      throw new Error('Name the stream that is expected at a revision: expectedRevision beside its command.');
    if (this.steps && commands.length > 1) return this.steps.execute(commands, origin);
    return new Promise((resolve, reject) => this.enqueue(commands, { ...originOf(origin), resolve, reject }));
  }

  /** What a command would be answered now; nothing of it is stored. A refusal is part of the answer. */
  private ask(command: CommandTo, origin: CommandOrigin): Promise<Asked> {
    let asked: Omit<Asked, 'revision' | 'position'> | undefined;
    return new Promise((resolve, reject) => {
      const hears: Waiting['hears'] = (answer) => {
        asked = answer;
      };
      const answer = ([outcome]: readonly Outcome<DomainEvent>[]) => {
        if (outcome && asked) resolve({ ...outcome, ...asked });
      };
      this.enqueue([command], { ...originOf(origin), hears, resolve: answer, reject });
    });
  }

  /** Counts commands of these deciders from now on, so that metrics have those that had none as well. */
  expects(deciders: readonly AnyDecider[]): void {
    for (const decider of deciders) this.categoryOf(decider);
  }

  /** Commands that wait or are being stored. */
  get depth(): number {
    return this.figures().reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** What it has done, and holds now, by the decider. */
  figures(): readonly CommandFigures[] {
    return Array.from(this.categories.values(), (category) => category.figures());
  }

  private categoryOf(decider: AnyDecider): Category {
    const known = this.categories.get(decider.category);
    if (known?.given === decider || known?.decider === decider) return known;
    if (known) throw new Error(`Two deciders decide on the streams ${decider.category}-….`);
    const category = new Category(decider, this.options.replace(decider), this.store);
    this.categories.set(decider.category, category);
    return category;
  }

  private refuseWhenFull({ queue, stream, counts }: Mailbox): void {
    if (queue.length >= this.options.maxWaitingPerStream)
      throw overloaded(counts, stream, this.drain.ofStream(queue.length));
    if (counts.waiting >= this.options.maxWaiting)
      throw overloaded(counts, 'The service', this.drain.ofService(counts.waiting));
  }

  private enqueue(
    commands: readonly CommandTo[],
    caller: Pick<Waiting, 'metadata' | 'causedAt' | 'hears' | 'resolve' | 'reject'>,
  ): void {
    const targets = commands.map(({ on, id, command, expectedRevision }) => ({
      mailbox: this.categoryOf(on).mailboxOf(id),
      command,
      expectedRevision,
    }));
    for (const { mailbox } of targets) this.refuseWhenFull(mailbox);
    const { hears } = caller;
    const span = hears ? undefined : continueTrace(caller.metadata.traceparent, () => commandSpan(commands));
    const metadata = span ? { ...caller.metadata, traceparent: span.traceparent } : caller.metadata;
    const { causedAt, resolve, reject } = caller;
    const waiting = { targets, metadata, causedAt, hears, span, resolve, reject };
    countsOf(waiting).waiting += 1;
    for (const { mailbox } of targets) {
      mailbox.queue.push(waiting);
      this.wake(mailbox);
    }
    this.scheduleTurn();
  }

  private wake(mailbox: Mailbox): void {
    if (mailbox.queue.length === 0) return;
    if (mailbox.status === 'cold') this.categoryOf(mailbox.decider).cold.add(mailbox);
    else this.ready.add(mailbox);
  }

  private wakeAll(mailboxes: Iterable<Mailbox>): void {
    for (const mailbox of mailboxes) this.wake(mailbox);
    if (this.hasWork()) this.scheduleTurn();
  }

  private scheduleTurn(): void {
    if (this.turnScheduled) return;
    this.turnScheduled = true;
    setImmediate(() => {
      this.turnScheduled = false;
      for (const category of this.categories.values()) void this.loadColdStreams(category);
      this.takeTurn();
    });
  }

  private hasWork(): boolean {
    if (this.ready.size > 0) return true;
    for (const { cold } of this.categories.values()) if (cold.size > 0) return true;
    return false;
  }

  private takeTurn(): void {
    const startedAt = performance.now();
    const { clock, maxPerTurn } = this.options;
    const perStream = this.ready.size > 1 ? Math.ceil(maxPerTurn / SHARED_TURN_DIVISOR) : maxPerTurn;
    const turn = new Turn(clock.now(), perStream);
    let taken = 0;
    for (const mailbox of this.ready) {
      this.ready.delete(mailbox);
      taken += mailbox.status === 'committing' ? this.decideAhead(mailbox, turn) : this.decideOn(mailbox, turn);
    }
    this.drain.turnTaken(taken, perStream);
    for (const group of turn.groups()) void this.commit(group, startedAt);
  }

  private decideOn(mailbox: Mailbox, turn: Turn): number {
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
  private decideAhead(mailbox: Mailbox, { now, perStream }: Turn): number {
    if (this.categoryOf(mailbox.decider).storage.isSnapshotDue(mailbox)) return 0;
    const group = this.ahead.of(mailbox);
    const before = group.members.length;
    while (group.members.length < perStream) {
      const waiting = mailbox.queue.first();
      if (!waiting || waiting.targets.length > 1 || streamsToRecall(waiting).length > 0) break;
      group.add(this.decideNext(waiting, now));
    }
    if (group.members.length > 0) this.ahead.keep(mailbox, group);
    return group.members.length - before;
  }

  private decideNext(waiting: Waiting, now: number): Member {
    for (const target of waiting.targets) target.mailbox.queue.shift();
    return { waiting, decided: this.decide(waiting, now) };
  }

  /**
   * True when a stream of the command may have forgotten that it answered it: then its memory is filled first, as soon
   * as nothing of this turn waits to be stored there. A process sends its commands in the order of the log, so as a rule
   * the cause lies after those of all commands answered so far, and nothing has to be looked up however far the process lags.
   */
  private needsDedupLookup(waiting: Waiting, turn: Turn): boolean {
    const { causedAt } = waiting;
    const streams = streamsToRecall(waiting);
    if (causedAt === undefined || streams.length === 0) return false;
    if (!streams.some((mailbox) => turn.has(mailbox))) {
      for (const mailbox of streams) void this.recall(mailbox, causedAt);
    }
    return true;
  }

  private async recall(mailbox: Mailbox, causedAt: number): Promise<void> {
    mailbox.status = 'loading';
    try {
      await this.categoryOf(mailbox.decider).storage.recall(mailbox, causedAt);
      mailbox.status = 'idle';
      this.wake(mailbox);
      this.scheduleTurn();
    } catch (error) {
      this.refuseAll(mailbox, error);
    }
  }

  /** Decides on every stream before a state moves, so that a refusal by one leaves all as they were. */
  private decide(waiting: Waiting, now: number): Decided {
    if (waiting.hears) return answerAsked(waiting, waiting.hears, now);
    const { targets, metadata, causedAt } = waiting;
    const { commandId } = metadata;
    const repeated = targets.some(({ mailbox }) => mailbox.hasAnswered(commandId));
    const moved = repeated ? undefined : revisionMoved(targets);
    if (moved) return { now, refusal: moved, perTarget: targets.map(() => NOTHING) };
    let refusal: unknown;
    const perTarget = targets.map(({ mailbox, command }) => {
      const elapsed = mailbox.decider.elapse?.(mailbox.state, now) ?? [];
      mailbox.evolve(elapsed);
      const answer = repeated ? [] : decideSafely(mailbox, command, now);
      if (Array.isArray(answer)) return { elapsed, own: answer as readonly DomainEvent[], repeated };
      refusal ??= answer;
      return { elapsed, own: [], repeated };
    });
    if (refusal) return { now, refusal, perTarget: perTarget.map((decided) => ({ ...decided, own: [] })) };
    targets.forEach(({ mailbox }, index) => {
      mailbox.changedBy({ commandId, causedAt }, perTarget[index]?.own ?? []);
    });
    return { now, perTarget };
  }

  private async commit(group: Group, startedAt: number): Promise<void> {
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
    for (const { decider } of group.events.keys()) this.categoryOf(decider).evictIdle();
  }

  private settle(group: Group, position: number | undefined, startedAt: number): void {
    for (const [mailbox, { length }] of group.events) {
      mailbox.committed(length, position);
      this.categoryOf(mailbox.decider).used(mailbox);
    }
    this.saveDueSnapshots([...group.events.keys()]);
    for (const { waiting } of group.members) countsOf(waiting).waiting -= 1;
    this.drain.groupStored(group.members.length, performance.now() - startedAt);
    // Before the answers: the store has its next work while the callers have theirs.
    for (const mailbox of group.events.keys()) this.commitAhead(mailbox);
    for (const member of group.members) this.answer(member);
  }

  private commitAhead(mailbox: Mailbox): void {
    const group = this.ahead.take(mailbox);
    if (group) void this.commit(group, performance.now());
  }

  private answer({ waiting, decided }: Member): void {
    if (waiting.hears) {
      waiting.resolve(outcomesOf(waiting, decided));
      return;
    }
    const outcome = outcomeOf(decided);
    countsOf(waiting).outcomes[outcome] += 1;
    waiting.span?.end({
      attributes: { 'einklang.outcome': outcome },
      ...(outcome === 'failed' && { error: decided.refusal }),
    });
    if (decided.refusal) waiting.reject(decided.refusal);
    else waiting.resolve(outcomesOf(waiting, decided));
  }

  private fail(waiting: Waiting, error: unknown): void {
    const counts = countsOf(waiting);
    counts.waiting -= 1;
    counts.outcomes.failed += 1;
    const { span, reject } = waiting;
    span?.end({ attributes: { 'einklang.outcome': 'failed' }, error });
    reject(error);
  }

  /** The states have moved on without their events: forget them. After a conflict the commands are decided again. */
  private undo(group: Group, error: unknown): void {
    const members = [...group.members, ...this.ahead.undo(group)];
    for (const mailbox of group.events.keys()) mailbox.forgetState();
    if (error instanceof RevisionConflict) {
      for (const counts of new Set(Array.from(group.events.keys(), (mailbox) => mailbox.counts))) counts.conflicts += 1;
      for (const { waiting } of members.toReversed()) {
        for (const { mailbox } of waiting.targets) mailbox.queue.unshift(waiting);
      }
      return;
    }
    for (const { waiting } of members) this.fail(waiting, error);
    // What came after must not be decided without what came before: a parcel without its order would find none.
    for (const mailbox of group.events.keys()) this.refuseAll(mailbox, error);
  }

  private saveDueSnapshots(mailboxes: readonly Mailbox[]): void {
    const due = mailboxes.flatMap((mailbox) => this.categoryOf(mailbox.decider).storage.dueSnapshot(mailbox) ?? []);
    if (due.length > 0) this.store.saveSnapshots(due).catch(this.options.onSnapshotFailed);
  }

  /** One read for all streams of a decider that wait to be loaded; those that turn up meanwhile go with the next read. */
  private async loadColdStreams(category: Category): Promise<void> {
    if (category.loading || category.cold.size === 0) return;
    category.loading = true;
    const batch = [...category.cold].slice(0, MAX_STREAMS_PER_LOAD);
    for (const mailbox of batch) {
      category.cold.delete(mailbox);
      mailbox.status = 'loading';
    }
    const failures = await category.storage.load(batch);
    for (const mailbox of batch) {
      if (failures.has(mailbox)) this.refuseAll(mailbox, failures.get(mailbox));
      else this.wake(mailbox);
    }
    category.loading = false;
    if (this.hasWork()) this.scheduleTurn();
  }

  /** A stream that cannot be read answers no caller; a command over several streams leaves its other queues as well. */
  private refuseAll(mailbox: Mailbox, error: unknown): void {
    mailbox.forgetState();
    for (const waiting of mailbox.queue.takeAll()) {
      for (const target of waiting.targets) {
        target.mailbox.queue.remove(waiting);
        this.wake(target.mailbox);
      }
      this.fail(waiting, error);
    }
  }
}

function originOf({ metadata, causedAt }: CommandOrigin): Pick<Waiting, 'metadata' | 'causedAt'> {
  if (metadata.expectedRevision === undefined) return { metadata, causedAt };
  const { expectedRevision: _, ...stored } = metadata;
  return { metadata: stored, causedAt };
}

/** A command over several deciders counts with the first. */
function countsOf({ targets }: Waiting): CommandCounts {
  const [first] = targets;
  if (!first) throw new Error('A command is for a stream.');
  return first.mailbox.counts;
}

function overloaded(counts: CommandCounts, what: string, retryAfterMs: number): Overloaded {
  counts.outcomes.overloaded += 1;
  return new Overloaded(what, retryAfterMs);
}

/**
 * The first stream that is not at the revision its caller decided on. Asked before what time brought about is added, which
 * no caller can have read.
 */
function revisionMoved(targets: readonly Target[]): RevisionMoved | undefined {
  for (const { mailbox, expectedRevision } of targets)
    if (expectedRevision !== undefined && expectedRevision !== mailbox.decidedRevision)
      return new RevisionMoved(mailbox.stream, expectedRevision, mailbox.decidedRevision);
  return undefined;
}

/** A decider that throws has a fault of its own: its caller hears of it, the other commands of the turn do not. */
function decideSafely({ decider, state }: Mailbox, command: unknown, now: number): readonly DomainEvent[] | Error {
  try {
    return decider.decide(command, state, { now });
  } catch (fault) {
    return fault instanceof Error ? fault : new Error(String(fault));
  }
}

/** Decides without moving the state; what time has brought about is stored all the same. */
function answerAsked({ targets, metadata }: Waiting, hears: NonNullable<Waiting['hears']>, now: number): Decided {
  const perTarget = targets.map(({ mailbox, command, expectedRevision }) => {
    const repeated = mailbox.hasAnswered(metadata.commandId);
    const moved = revisionMoved([{ mailbox, command, expectedRevision }]);
    const elapsed = mailbox.decider.elapse?.(mailbox.state, now) ?? [];
    mailbox.evolve(elapsed);
    const answer = repeated ? [] : (moved ?? decideSafely(mailbox, command, now));
    const refusal = Array.isArray(answer) ? undefined : answer;
    hears({
      events: Array.isArray(answer) ? answer : [],
      refusal,
      repeated,
      ...attemptsOf(mailbox, metadata.commandId),
    });
    return { ...NOTHING, elapsed };
  });
  return { now, perTarget };
}

/** Which attempt at the command comes next on the stream, and the one before it where its step still stands. */
function attemptsOf(mailbox: Mailbox, commandId: string): Pick<Asked, 'attempt' | 'leftover'> {
  let attempt = 1;
  while (mailbox.hasAnswered(attemptId(commandId, attempt))) attempt += 1;
  const stands = attempt > 1 && !mailbox.hasAnswered(undoId(attemptId(commandId, attempt - 1)));
  return { attempt, leftover: stands ? attempt - 1 : undefined };
}

const NOTHING: Decided['perTarget'][number] = { elapsed: [], own: [], repeated: false };

function outcomeOf({ refusal, perTarget }: Decided): CommandOutcome {
  if (refusal !== undefined) return refusal instanceof Rejected ? 'rejected' : 'failed';
  if (perTarget.some(({ own }) => own.length > 0)) return 'changed';
  return perTarget.some(({ repeated }) => repeated) ? 'repeated' : 'unchanged';
}

/** Each may bring the events of two snapshots. */
const MAX_STREAMS_PER_LOAD = 256;

/** Commands that share a turn wait for its decisions and its commit; with eight or sixteen they wait as long. */
const SHARED_TURN_DIVISOR = 4;

/** True when the command stands first in every queue it is in and all its streams may decide. */
function isNext(waiting: Waiting): boolean {
  return waiting.targets.every(({ mailbox }) => mailbox.status === 'idle' && mailbox.queue.first() === waiting);
}

/** The streams of a command that may have forgotten that they answered it. */
function streamsToRecall({ targets, causedAt }: Waiting): Mailbox[] {
  if (causedAt === undefined) return [];
  return targets
    .map(({ mailbox }) => mailbox)
    .filter(({ causedUpTo, caused }) => causedUpTo >= causedAt && caused.forgottenUpTo > causedAt);
}

function outcomesOf(waiting: Waiting, decided: Decided): Outcome<DomainEvent>[] {
  return waiting.targets.map(({ mailbox: { revision, position } }, index) => ({
    events: decided.perTarget[index]?.own ?? [],
    repeated: decided.perTarget[index]?.repeated ?? false,
    revision,
    position,
  }));
}
