import type { AnyDecider } from './decider.js';
import type { EventMetadata, EventStore, RecordedEvent, Snapshot, StreamHistory } from './event-store.js';
import { type Mailbox, REMEMBERED_CAUSED_COMMANDS } from './mailbox.js';
import { RecentCommands, type StoredRecentCommands } from './recent-commands.js';

/** What mailboxes have in the event store: fills them from snapshots and events, and says what goes into a snapshot. */
export class MailboxStorage {
  private readonly knownTypes: ReadonlySet<string>;

  constructor(
    private readonly decider: AnyDecider,
    private readonly store: EventStore,
    private readonly rememberedCommands: number,
  ) {
    this.knownTypes = new Set(decider.eventTypes);
  }

  /** Brings mailboxes to the end of their streams, with one read for all. Gives those for which that failed, and why. */
  async load(mailboxes: readonly Mailbox[]): Promise<ReadonlyMap<Mailbox, unknown>> {
    const failures = new Map<Mailbox, unknown>();
    try {
      const streams = mailboxes.map(({ stream }) => stream);
      const histories = await this.store.load(streams, this.decider.snapshot?.version);
      const byStream = new Map(histories.map((history) => [history.stream, history]));
      for (const mailbox of mailboxes) {
        try {
          this.restore(mailbox, byStream.get(mailbox.stream));
        } catch (error) {
          failures.set(mailbox, error);
        }
      }
    } catch (error) {
      for (const mailbox of mailboxes) failures.set(mailbox, error);
    }
    return failures;
  }

  /** Fills the memory of a mailbox with the commands of processes that it has answered after a position. */
  async recall(mailbox: Mailbox, position: number): Promise<void> {
    mailbox.caused.recall(await this.causedCommandsAfter(position, mailbox), position);
  }

  /** True when the stream has grown enough since its last snapshot. */
  isSnapshotDue({ sinceSnapshot, snapshotSize }: Mailbox): boolean {
    const format = this.decider.snapshot;
    return format !== undefined && sinceSnapshot >= Math.max(format.everyEvents, 2 * snapshotSize);
  }

  /** The snapshot of a mailbox that is due one; it counts as taken. */
  dueSnapshot(mailbox: Mailbox): (Snapshot & { readonly stream: string }) | undefined {
    const format = this.decider.snapshot;
    if (!format || !this.isSnapshotDue(mailbox)) return undefined;
    mailbox.sinceSnapshot = 0;
    mailbox.snapshotSize = format.size?.(mailbox.state) ?? 0;
    const state: StoredMailbox = {
      state: format.write(mailbox.state),
      position: mailbox.position,
      recent: mailbox.recent.toJSON(),
      caused: mailbox.caused.toJSON(),
    };
    return { stream: mailbox.stream, revision: mailbox.revision, version: format.version, state };
  }

  private restore(mailbox: Mailbox, history: StreamHistory | undefined): void {
    const { state, recent, caused, position } = this.readSnapshot(history?.snapshot);
    mailbox.restored(state, history?.snapshot?.revision ?? -1, recent, caused);
    mailbox.position = position;
    mailbox.causedUpTo = position;
    mailbox.snapshotSize = this.decider.snapshot?.size?.(state) ?? 0;
    for (const event of history?.events ?? []) this.replay(mailbox, event);
    mailbox.sinceSnapshot = history?.events.length ?? 0;
  }

  private replay(mailbox: Mailbox, event: RecordedEvent): void {
    if (!this.knownTypes.has(event.type)) throw new UnknownEvent(mailbox.stream, event.type, event.revision);
    mailbox.evolve([event]);
    (isCaused(event) ? mailbox.caused : mailbox.recent).add(event.metadata.commandId, event.position);
    mailbox.revision = event.revision;
    mailbox.position = event.position;
    mailbox.causedUpTo = event.position;
  }

  private readSnapshot(snapshot: Snapshot | undefined): {
    state: unknown;
    recent: RecentCommands;
    caused: RecentCommands;
    position: number;
  } {
    const none = { commands: [], forgottenUpTo: 0 };
    const stored = snapshot && (snapshot.state as StoredMailbox);
    return {
      state: stored && this.decider.snapshot ? this.decider.snapshot.read(stored.state) : this.decider.initialState(),
      recent: RecentCommands.from(stored?.recent ?? none, this.rememberedCommands),
      caused: RecentCommands.from(stored?.caused ?? none, REMEMBERED_CAUSED_COMMANDS),
      position: stored?.position ?? 0,
    };
  }

  /** The commands of processes whose events lie in a stream after a position, oldest first. */
  private async causedCommandsAfter(position: number, { stream, revision }: Mailbox): Promise<[string, number][]> {
    const commands: [string, number][] = [];
    for (let from = revision; from >= 0; from -= RECALLED_PER_READ) {
      const page = await this.store.readStream(stream, { from, limit: RECALLED_PER_READ, direction: 'backwards' });
      for (const event of page) {
        if (event.position <= position) return commands.reverse();
        if (isCaused(event)) commands.push([event.metadata.commandId, event.position]);
      }
    }
    return commands.reverse();
  }
}

/** An event of the stream is not known to this version of the code: deciding without it would be guessing. */
export class UnknownEvent extends Error {
  override readonly name = 'UnknownEvent';
  constructor(stream: string, type: string, revision: number) {
    super(
      `Stream ${stream} holds an event of unknown type ${type} at revision ${revision}. Run a version that knows it.`,
    );
  }
}

/** What a snapshot of a stream holds beside the state of its decider. */
interface StoredMailbox {
  readonly state: unknown;
  readonly recent: StoredRecentCommands;
  readonly caused: StoredRecentCommands;
  readonly position: number;
}

/** True when a process sent the command of the event. */
const isCaused = ({ metadata }: { readonly metadata: EventMetadata }): boolean => metadata.causationId !== undefined;

const RECALLED_PER_READ = 1_000;
