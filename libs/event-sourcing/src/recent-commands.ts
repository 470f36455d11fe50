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
  private readonly positions = new Map<string, AnsweredAt>();
  /** Kept between calls: a new iterator would step over everything that was deleted before it. */
  private oldest = this.positions.keys();
  private uncommitted = notYet();
  private onTheWay = notYet();
  /** No command is forgotten whose events lie after this position. */
  private forgotten: AnsweredAt = { position: 0 };

  constructor(private limit: number) {}

  static from({ commands, forgottenUpTo }: StoredRecentCommands, limit: number): RecentCommands {
    const recent = new RecentCommands(limit);
    for (const [commandId, position] of commands) recent.positions.set(commandId, { position });
    recent.limit = Math.max(limit, commands.length);
    recent.forgotten = { position: forgottenUpTo };
    return recent;
  }

  get forgottenUpTo(): number {
    return this.forgotten.position;
  }

  has(commandId: string): boolean {
    return this.positions.has(commandId);
  }

  /** A command whose events are in the log at `position`, or are about to be: see {@link committed}. */
  add(commandId: string, position?: number): void {
    this.positions.set(commandId, position === undefined ? this.uncommitted : { position });
    if (this.positions.size > this.limit) this.forgetOldest();
  }

  /** The commands added without a position are on their way to the store, by one append; those added from now on are not. */
  sent(): void {
    this.onTheWay = this.uncommitted;
    this.uncommitted = notYet();
  }

  /** That append ended at `position`. */
  committed(position: number): void {
    this.onTheWay.position = position;
  }

  /**
   * Puts back what was forgotten: every command of the stream after `since`, oldest first. There is room for them from
   * now on, so that a reader that lags far behind does not make the stream be read for each of its commands.
   */
  recall(commands: StoredRecentCommands['commands'], since: number): void {
    const newer = [...this.positions];
    this.positions.clear();
    this.oldest = this.positions.keys();
    for (const [commandId, position] of commands) this.positions.set(commandId, { position });
    for (const [commandId, answeredAt] of newer) this.positions.set(commandId, answeredAt);
    this.limit = Math.max(this.limit, this.positions.size * 2);
    this.forgotten = { position: since };
  }

  toJSON(): StoredRecentCommands {
    const commands = Array.from(this.positions, ([commandId, { position }]) => [commandId, position] as const);
    return { commands, forgottenUpTo: this.forgottenUpTo };
  }

  private forgetOldest(): void {
    const { value: commandId } = this.oldest.next();
    if (commandId === undefined) return;
    const answeredAt = this.positions.get(commandId);
    if (answeredAt && answeredAt.position >= this.forgotten.position) this.forgotten = answeredAt;
    this.positions.delete(commandId);
  }
}

const notYet = (): AnsweredAt => ({ position: Number.POSITIVE_INFINITY });

/** Shared by the commands that one append stores: infinite until it did. */
interface AnsweredAt {
  position: number;
}
