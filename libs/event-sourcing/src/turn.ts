import type { DomainEvent, EventMetadata, NewEvent, StreamAppend } from './event-store.js';
import type { Mailbox, Waiting } from './mailbox.js';

/** How a command was decided, before its events are durable. */
export interface Decided {
  /** When, in milliseconds since 1970. */
  readonly now: number;
  /** Why it was refused; its own events are then empty. */
  readonly refusal?: unknown;
  /** Per target of the command, in their order. */
  readonly perTarget: readonly {
    readonly elapsed: readonly DomainEvent[];
    readonly own: readonly DomainEvent[];
    readonly repeated: boolean;
  }[];
}

export interface Member {
  readonly waiting: Waiting;
  readonly decided: Decided;
}

/**
 * What one turn decided, in groups that are stored by one append each: a stream, or several streams that a command over
 * more than one of them ties together.
 */
export class Turn {
  private readonly groupOf = new Map<Mailbox, Group>();

  constructor(
    /** When it decides, in milliseconds since 1970. */
    readonly now: number,
    /** How many commands of one stream it decides at most. */
    readonly perStream: number,
  ) {}

  add(member: Member): void {
    let group: Group | undefined;
    for (const { mailbox } of member.waiting.targets) {
      const other = this.groupOf.get(mailbox) ?? new Group(mailbox);
      group = group && group !== other ? this.merge(group, other) : other;
      this.groupOf.set(mailbox, group);
    }
    group?.add(member);
  }

  /** True when something was decided on the stream in this turn. */
  has(mailbox: Mailbox): boolean {
    return this.groupOf.has(mailbox);
  }

  groups(): ReadonlySet<Group> {
    return new Set(this.groupOf.values());
  }

  private merge(a: Group, b: Group): Group {
    const [large, small] = a.members.length >= b.members.length ? [a, b] : [b, a];
    large.absorb(small);
    for (const mailbox of small.events.keys()) this.groupOf.set(mailbox, large);
    return large;
  }
}

export class Group {
  /** In an order in which each stream's commands were decided. */
  readonly members: Member[] = [];
  readonly events = new Map<Mailbox, NewEvent[]>();

  constructor(mailbox: Mailbox) {
    this.events.set(mailbox, []);
  }

  add(member: Member): void {
    this.members.push(member);
    const { targets, metadata } = member.waiting;
    targets.forEach(({ mailbox }, index) => {
      const decided = member.decided.perTarget[index];
      const events = this.events.get(mailbox);
      if (!decided || !events) return;
      if (decided.elapsed.length > 0)
        addEvents(events, mailbox, decided.elapsed, elapsedMetadata(metadata, member.decided.now));
      addEvents(events, mailbox, decided.own, metadata);
    });
  }

  /** Takes over a group that shares no stream with this one. */
  absorb(other: Group): void {
    this.members.push(...other.members);
    for (const [mailbox, events] of other.events) this.events.set(mailbox, events);
  }

  appends(): StreamAppend[] {
    return this.checks().filter(({ events }) => events.length > 0);
  }

  /** One append per stream, without events where nothing was decided: the store then only looks at the revision. */
  checks(): StreamAppend[] {
    return Array.from(this.events, ([{ stream, revision }, events]) => ({
      stream,
      expected: revision < 0 ? ('no-stream' as const) : revision,
      events,
    }));
  }
}

/** What was decided while the last turn of a stream is being stored, on top of it. */
export class DecidedAhead {
  private readonly groups = new Map<Mailbox, Group>();

  /** The group of a stream; a new one where nothing is decided ahead. */
  of(mailbox: Mailbox): Group {
    return this.groups.get(mailbox) ?? new Group(mailbox);
  }

  keep(mailbox: Mailbox, group: Group): void {
    this.groups.set(mailbox, group);
  }

  /** Takes the group of a stream out, to be stored. */
  take(mailbox: Mailbox): Group | undefined {
    const group = this.groups.get(mailbox);
    this.groups.delete(mailbox);
    return group;
  }

  /** Takes out what was decided on top of a group that was not stored. */
  undo({ events }: Group): readonly Member[] {
    return [...events.keys()].flatMap((mailbox) => this.take(mailbox)?.members ?? []);
  }
}

function addEvents(to: NewEvent[], mailbox: Mailbox, events: readonly DomainEvent[], metadata: EventMetadata): void {
  events.forEach(({ type, data }, index) => {
    to.push({ id: mailbox.eventId(metadata.commandId, index), type, data, metadata });
  });
}

/**
 * What time brought about was noticed by this command but is not its effect: a refused command may be sent again. It may
 * then notice more, which the time tells apart: what is due at one instant is noticed once.
 */
const elapsedMetadata = (metadata: EventMetadata, now: number): EventMetadata => ({
  ...metadata,
  commandId: `elapsed:${metadata.commandId}@${now}`,
});
