import { CommandCounts, type CommandFigures } from './command-metrics.js';
import type { AnyDecider, StreamMemory } from './decider.js';
import type { EventStore } from './event-store.js';
import { Mailbox } from './mailbox.js';
import { MailboxStorage } from './mailbox-storage.js';

/** The streams of one decider: those that are in memory, and what became of the commands for them. */
export class Category {
  /** Those that wait to be loaded. */
  readonly cold = new Set<Mailbox>();
  /** While some are being loaded. */
  loading = false;
  readonly counts = new CommandCounts();
  readonly storage: MailboxStorage;
  /** By the id of the aggregate; those that had no turn for the longest time come first. */
  private readonly mailboxes = new Map<string, Mailbox>();
  private readonly memory: Required<StreamMemory>;
  /** Of all mailboxes. */
  private weight = 0;
  private interval = 0;
  private sweeping: NodeJS.Timeout | undefined;

  /** `given` is what callers name; `decider` decides for it. */
  constructor(
    readonly given: AnyDecider,
    readonly decider: AnyDecider,
    store: EventStore,
  ) {
    this.memory = { maxIdleStreams: 2_000, idleMs: 300_000, rememberedCommands: 512, ...decider.memory };
    this.storage = new MailboxStorage(decider, store, this.memory.rememberedCommands);
  }

  mailboxOf(id: string): Mailbox {
    const known = this.mailboxes.get(id);
    if (known) return known;
    const mailbox = new Mailbox(this.decider, this.counts, id, this.memory.rememberedCommands);
    mailbox.usedIn = this.interval;
    this.mailboxes.set(id, mailbox);
    this.weight += mailbox.weight;
    this.sweepFromTimeToTime();
    return mailbox;
  }

  /** A turn of the mailbox is stored. */
  used(mailbox: Mailbox): void {
    this.mailboxes.delete(mailbox.id);
    this.mailboxes.set(mailbox.id, mailbox);
    mailbox.usedIn = this.interval;
    this.weigh(mailbox);
  }

  evictIdle(): void {
    if (this.weight <= this.memory.maxIdleStreams) return;
    const target = this.memory.maxIdleStreams * 0.9;
    for (const mailbox of this.mailboxes.values()) {
      if (this.weight <= target) return;
      if (isIdle(mailbox)) this.evict(mailbox);
    }
  }

  figures(): CommandFigures {
    const { decider, mailboxes } = this;
    const { outcomes, conflicts, waiting } = this.counts;
    return { category: decider.category, outcomes: { ...outcomes }, conflicts, waiting, streams: mailboxes.size };
  }

  /** One of giant size leaves room for others, or each command would drop all of them. */
  private weigh(mailbox: Mailbox): void {
    const weight = Math.min(this.decider.weigh?.(mailbox.state) ?? 1, this.memory.maxIdleStreams / GIANTS_KEPT);
    this.weight += weight - mailbox.weight;
    mailbox.weight = weight;
  }

  private evict({ id, weight }: Mailbox): void {
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
    }, this.memory.idleMs / SWEEPS_WHILE_IDLE).unref();
  }
}

const GIANTS_KEPT = 8;
const SWEEPS_WHILE_IDLE = 5;

const isIdle = ({ status, queue }: Mailbox): boolean => queue.length === 0 && (status === 'idle' || status === 'cold');
