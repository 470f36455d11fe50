/** What a snapshot keeps of {@link RecentCommands}. */
export interface StoredRecentCommands {
  /** Command ids with the positions of their events, oldest first. */
  readonly commands: readonly (readonly [commandId: string, position: number])[];
  readonly forgottenUpTo: number;
}

/**
 * The ids of the last commands that changed a stream, so that a repeated command changes nothing. Memory is bounded: the
 * oldest are forgotten, and {@link forgottenUpTo} says how far back that reaches. They can be {@link recall}ed from the
 * stream, whose events carry them.
 */
export class RecentCommands {
  /** Made when there is something to remember: most of the many thousand streams in memory have one kind of command. */
  private positions: Map<string, AnsweredAt> | undefined;
  /** Kept between calls: a new iterator would step over everything that was deleted before it. */
  private oldest: MapIterator<string> | undefined;
  private uncommitted: AnsweredAt | undefined;
  private onTheWay: AnsweredAt | undefined;
  /** No command is forgotten whose events lie after this position. */
  private forgotten: AnsweredAt = NOTHING;

  constructor(private limit: number) {}

  static from({ commands, forgottenUpTo }: StoredRecentCommands, limit: number): RecentCommands {
    const recent = new RecentCommands(limit);
    if (commands.length > 0) recent.positions = positionsOf(commands);
    recent.limit = Math.max(limit, commands.length);
    if (forgottenUpTo > 0) recent.forgotten = { position: forgottenUpTo };
    return recent;
  }

  get forgottenUpTo(): number {
    return this.forgotten.position;
  }

  has(commandId: string): boolean {
    return this.positions?.has(commandId) ?? false;
  }

  /** A command whose events are in the log at `position`, or are about to be: see {@link committed}. */
  add(commandId: string, position?: number): void {
    if (position === undefined) this.uncommitted ??= notYet();
    this.positions ??= new Map();
    this.positions.set(commandId, position === undefined ? (this.uncommitted ?? notYet()) : { position });
    if (this.positions.size > this.limit) this.forgetOldest(this.positions);
  }

  /** The commands added without a position are on their way to the store, by one append; those added from now on are not. */
  sent(): void {
    this.onTheWay = this.uncommitted;
    this.uncommitted = undefined;
  }

  /** That append ended at `position`. */
  committed(position: number): void {
    if (this.onTheWay) this.onTheWay.position = position;
  }

  /**
   * Puts back what was forgotten: every command of the stream after `since`, oldest first. There is room for them from
   * now on, so that a reader that lags far behind does not make the stream be read for each of its commands.
   */
  recall(commands: StoredRecentCommands['commands'], since: number): void {
    const positions = positionsOf(commands);
    for (const [commandId, answeredAt] of this.positions ?? []) positions.set(commandId, answeredAt);
    this.positions = positions;
    this.oldest = undefined;
    this.limit = Math.max(this.limit, positions.size * 2);
    this.forgotten = { position: since };
  }

  toJSON(): StoredRecentCommands {
    const commands = Array.from(this.positions ?? [], ([commandId, { position }]) => [commandId, position] as const);
    return { commands, forgottenUpTo: this.forgottenUpTo };
  }

  private forgetOldest(positions: Map<string, AnsweredAt>): void {
    this.oldest ??= positions.keys();
    const { value: commandId } = this.oldest.next();
    if (commandId === undefined) return;
    const answeredAt = positions.get(commandId);
    if (answeredAt && answeredAt.position >= this.forgotten.position) this.forgotten = answeredAt;
    positions.delete(commandId);
  }
}

const positionsOf = (commands: StoredRecentCommands['commands']): Map<string, AnsweredAt> =>
  new Map(commands.map(([commandId, position]) => [commandId, { position }]));

const notYet = (): AnsweredAt => ({ position: Number.POSITIVE_INFINITY });

/** Shared by the commands that one append stores: infinite until it did. */
interface AnsweredAt {
  position: number;
}

const NOTHING: AnsweredAt = { position: 0 };
