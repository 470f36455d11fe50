import { idsAt } from '#kernel';
import type { CommandCounts } from './command-metrics.js';
import type { AnyDecider } from './decider.js';
import type { DomainEvent, EventMetadata } from './event-store.js';
import type { Outcome } from './outcome.js';
import { RecentCommands } from './recent-commands.js';
import type { Span } from './tracing.js';

/** A command on its way: it stands in the queue of every stream it decides on. */
export interface Waiting {
  readonly targets: readonly Target[];
  readonly metadata: EventMetadata;
  /** Position of the event that made the command be sent, if one did. */
  readonly causedAt: number | undefined;
  /** Where its trace is recorded. */
  readonly span: Span | undefined;
  /** Given where the command is only asked about: hears what it would be answered, again whenever it is decided again. */
  readonly hears?: ((answer: Omit<Asked, 'revision' | 'position'>) => void) | undefined;
  readonly resolve: (outcomes: readonly Outcome<DomainEvent>[]) => void;
  readonly reject: (error: unknown) => void;
}

interface DecidedCommand {
  readonly commandId: string;
  /** Position of the event that made the command be sent, if one did. */
  readonly causedAt: number | undefined;
}

/** What a command would be answered, and what its stream remembers of it. */
export interface Asked {
  readonly events: readonly DomainEvent[];
  readonly refusal: unknown;
  /** True when the command was answered before. */
  readonly repeated: boolean;
  /** Which attempt at a step comes next, from 1. */
  readonly attempt: number;
  /** The attempt whose step stands although its command was not carried out whole. */
  readonly leftover: number | undefined;
  readonly revision: number;
  readonly position: number;
}

export interface Target {
  readonly mailbox: Mailbox;
  readonly command: unknown;
  /** Of the stream at the moment of the decision; undefined where the caller decided on nothing it has read. */
  readonly expectedRevision: number | undefined;
}

/** One stream in memory: its state as of its last event, and the commands that wait for it. */
export class Mailbox {
  /** cold: state unknown. loading: being read. idle: may decide. committing: an append is in flight. */
  status: 'cold' | 'loading' | 'idle' | 'committing' = 'cold';
  state: unknown;
  /** Of the last stored event; -1 for a stream that does not exist yet. */
  revision = -1;
  /** Of the last event that {@link state} knows: ahead of `revision` while events are on their way to the store. */
  decidedRevision = -1;
  position = 0;
  sinceSnapshot = 0;
  /** Of the last snapshot, as its format counts. */
  snapshotSize = 0;
  /** Commands from outside that were answered. */
  recent: RecentCommands;
  /** Commands of processes that were answered: few, because the stream can be asked for the rest. */
  caused: RecentCommands;
  /** No command was answered whose cause lies after this position. For what was loaded that is the last event: causes lie before. */
  causedUpTo = 0;
  readonly queue = new CommandQueue<Waiting>();
  /** What it counts among the streams kept in memory; see `weigh` of the decider. */
  weight = 1;
  /** In which interval of its category it was last used. */
  usedIn = 0;
  private firstIds: ((id: string) => string) | undefined;
  private laterIds: ((id: string) => string)[] | undefined;

  readonly stream: string;

  constructor(
    readonly decider: AnyDecider,
    readonly counts: CommandCounts,
    readonly id: string,
    rememberedCommands: number,
  ) {
    this.stream = `${decider.category}-${id}`;
    this.recent = new RecentCommands(rememberedCommands);
    this.caused = new RecentCommands(REMEMBERED_CAUSED_COMMANDS);
  }

  restored(state: unknown, revision: number, recent: RecentCommands, caused: RecentCommands): void {
    this.status = 'idle';
    this.state = state;
    this.revision = revision;
    this.decidedRevision = revision;
    this.recent = recent;
    this.caused = caused;
  }

  evolve(events: readonly DomainEvent[]): void {
    for (const event of events) this.state = this.decider.evolve(this.state, event);
    this.decidedRevision += events.length;
  }

  /** True when a command of this id has changed the stream, as far as it remembers. */
  hasAnswered(commandId: string): boolean {
    return this.recent.has(commandId) || this.caused.has(commandId);
  }

  /** A command was decided: its events change the state, and it is remembered; `causedAt` says where its cause lies, if it has one. */
  changedBy({ commandId, causedAt }: DecidedCommand, events: readonly DomainEvent[]): void {
    this.evolve(events);
    if (events.length === 0) return;
    if (causedAt === undefined) this.recent.add(commandId);
    else {
      this.caused.add(commandId);
      this.causedUpTo = Math.max(this.causedUpTo, causedAt);
    }
  }

  /** The id of the n-th event that a command has on this stream: the same when it is decided again. */
  eventId(commandId: string, index: number): string {
    return this.idsOf(index)(commandId);
  }

  /** Most commands have one event. */
  private idsOf(index: number): (id: string) => string {
    const known = index === 0 ? this.firstIds : this.laterIds?.[index];
    if (known) return known;
    const ids = idsAt(`${this.stream}/${index}`);
    if (index === 0) this.firstIds = ids;
    else if (index < REMEMBERED_PLACES) {
      this.laterIds ??= [];
      this.laterIds[index] = ids;
    }
    return ids;
  }

  /** Its turn of so many events is on the way to the store. */
  committing(events: number): void {
    this.status = 'committing';
    this.sinceSnapshot += events;
    this.recent.sent();
    this.caused.sent();
  }

  /** That turn is stored, and ended at `position` if it had events. */
  committed(events: number, position: number | undefined): void {
    this.status = 'idle';
    this.revision += events;
    if (events === 0 || position === undefined) return;
    this.position = position;
    this.recent.committed(position);
    this.caused.committed(position);
  }

  forgetState(): void {
    this.status = 'cold';
    this.state = undefined;
  }
}

/** More events than most commands have. */
const REMEMBERED_PLACES = 8;

/** More than a process sends to one stream between two checkpoints, as a rule. */
export const REMEMBERED_CAUSED_COMMANDS = 64;

/** First in, first out, without moving the rest on every shift: a hot stream has thousands waiting. */
export class CommandQueue<Item> {
  private items: Item[] = [];
  private start = 0;

  get length(): number {
    return this.items.length - this.start;
  }

  first(): Item | undefined {
    return this.items[this.start];
  }

  push(item: Item): void {
    this.items.push(item);
  }

  shift(): void {
    this.start += 1;
    if (this.start < this.items.length) return;
    this.items = [];
    this.start = 0;
  }

  /** Puts an item back at the front. */
  unshift(item: Item): void {
    if (this.start > 0) {
      this.start -= 1;
      this.items[this.start] = item;
    } else this.items.unshift(item);
  }

  remove(item: Item): void {
    this.items = this.takeAll().filter((other) => other !== item);
  }

  takeAll(): Item[] {
    const all = this.items.slice(this.start);
    this.items = [];
    this.start = 0;
    return all;
  }
}
