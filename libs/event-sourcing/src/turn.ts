import type { DomainEvent, EventMetadata, NewEvent, StreamAppend } from './event-store.js';
import type { Mailbox, Waiting } from './mailbox.js';

/** How a command was decided, before its events are durable. */
export interface Decided<Event extends DomainEvent> {
  /** When, in milliseconds since 1970. */
  readonly now: number;
  /** Why it was refused; its own events are then empty. */
  readonly refusal?: unknown;
  /** Per target of the command, in their order. */
  readonly perTarget: readonly {
    readonly elapsed: readonly Event[];
    readonly own: readonly Event[];
    readonly repeated: boolean;
  }[];
}

export interface Member<Command, Event extends DomainEvent, State> {
  readonly waiting: Waiting<Command, Event, State>;
  readonly decided: Decided<Event>;
}

/**
 * What one turn decided, in groups that are stored by one append each: a stream, or several streams that a command over
 * more than one of them ties together.
 */
export class Turn<Command, Event extends DomainEvent, State> {
  private readonly groupOf = new Map<Mailbox<Command, Event, State>, Group<Command, Event, State>>();

  constructor(
    /** When it decides, in milliseconds since 1970. */
    readonly now: number,
    /** How many commands of one stream it decides at most. */
    readonly perStream: number,
  ) {}

  add(member: Member<Command, Event, State>): void {
    let group: Group<Command, Event, State> | undefined;
    for (const { mailbox } of member.waiting.targets) {
      const other = this.groupOf.get(mailbox) ?? new Group<Command, Event, State>(mailbox);
      group = group && group !== other ? this.merge(group, other) : other;
      this.groupOf.set(mailbox, group);
    }
    group?.add(member);
  }

  /** True when something was decided on the stream in this turn. */
  has(mailbox: Mailbox<Command, Event, State>): boolean {
    return this.groupOf.has(mailbox);
  }

  groups(): ReadonlySet<Group<Command, Event, State>> {
    return new Set(this.groupOf.values());
  }

  private merge(a: Group<Command, Event, State>, b: Group<Command, Event, State>): Group<Command, Event, State> {
    const [large, small] = a.members.length >= b.members.length ? [a, b] : [b, a];
    large.absorb(small);
    for (const mailbox of small.events.keys()) this.groupOf.set(mailbox, large);
    return large;
  }
}

export class Group<Command, Event extends DomainEvent, State> {
  /** In an order in which each stream's commands were decided. */
  readonly members: Member<Command, Event, State>[] = [];
  readonly events = new Map<Mailbox<Command, Event, State>, NewEvent[]>();

  constructor(mailbox: Mailbox<Command, Event, State>) {
    this.events.set(mailbox, []);
  }

  add(member: Member<Command, Event, State>): void {
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
  absorb(other: Group<Command, Event, State>): void {
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

function addEvents<Command, Event extends DomainEvent, State>(
  to: NewEvent[],
  mailbox: Mailbox<Command, Event, State>,
  events: readonly DomainEvent[],
  metadata: EventMetadata,
): void {
  events.forEach(({ type, data }, index) => {
    to.push({ id: mailbox.eventId(metadata.commandId, index), type, data, metadata });
  });
}

/**
 * What time brought about was noticed by this command but is not its effect: a refused command may be sent again. It may
 * then notice more, which is told apart by the time: what is due at one instant is noticed once.
 */
const elapsedMetadata = (metadata: EventMetadata, now: number): EventMetadata => ({
  ...metadata,
  commandId: `elapsed:${metadata.commandId}@${now}`,
});
