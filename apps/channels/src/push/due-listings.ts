import TinyQueue from 'tinyqueue';

/** A listing whose newest number the channel has not acknowledged, as the ledger has it. Times are epoch milliseconds. */
export interface WantedListing {
  readonly sku: string;
  readonly externalId: string;
  /** Greater when the same id is offered again, or the channel is opened again: it is another offer then. */
  readonly listedAt: number;
  /** True for an offer that ended or whose channel is closed: it is over once the channel has acknowledged 0. */
  readonly ending: boolean;
  readonly quantity: number;
  /** Stock revision `quantity` was computed from. */
  readonly revision: number;
  /** Place of `quantity` in the availability feed. Orders numbers where a changed rule gives another for the same stock. */
  readonly sequence: number;
  /** When we learned of the earliest change that is not acknowledged. */
  readonly sinceMs: number;
  /** What the channel shows as far as we know; null when it never acknowledged a number. */
  readonly acknowledgedQuantity: number | null;
  /** Failed pushes in a row. */
  readonly attempts: number;
  readonly notBeforeMs: number;
  /** W3C trace context of what changed the number, where that is traced. */
  readonly traceparent?: string | undefined;
}

/** A number on its way to the channel. */
export interface Sending {
  readonly sku: string;
  readonly externalId: string;
  readonly listedAt: number;
  readonly ending: boolean;
  /** True where the channel would show more than it has acknowledged. */
  readonly increase: boolean;
  readonly quantity: number;
  readonly revision: number;
  readonly sequence: number;
  readonly attempts: number;
  readonly traceparent?: string | undefined;
}

export interface Acknowledged {
  /** From the earliest change that this number covers to now. */
  readonly lagMs: number;
  /** When we learned of the first change after this number was sent; absent when there is none. */
  readonly nextSinceMs?: number;
}

/**
 * What one channel is still to be told, in memory: decreases before increases, then the oldest first, and of each
 * listing only the newest number. A listing on its way is not handed out again until it was answered, so the channel
 * never gets an older number after a newer one.
 *
 * It holds at most `max` listings. What does not fit is in the ledger; {@link incomplete} says that it must be read.
 */
export class DueListings {
  /** True when the ledger may hold more than is here. */
  incomplete = true;
  readonly #entries = new Map<string, Entry>();
  #ready = new TinyQueue<Ticket>([], byUrgency);
  readonly #delayed = new TinyQueue<Ticket>([], byTime);

  constructor(private readonly max: number) {}

  get size(): number {
    return this.#entries.size;
  }

  /** Receipt time of the oldest change that waits; undefined when nothing does. Looks at every entry. */
  get oldestSinceMs(): number | undefined {
    let oldest: number | undefined;
    for (const { sinceMs } of this.#entries.values()) oldest = Math.min(oldest ?? sinceMs, sinceMs);
    return oldest;
  }

  /** Takes over a row of the ledger. A number that is not newer than the known one changes nothing. */
  want(wanted: WantedListing): void {
    const entry = this.#entries.get(wanted.externalId);
    if (entry && entry.listedAt > wanted.listedAt) return;
    if (entry && entry.listedAt === wanted.listedAt) {
      if (wanted.sequence > entry.sequence) this.#renew(entry, wanted);
      return;
    }
    if (!entry && this.#entries.size >= this.max) {
      this.incomplete = true;
      if (!this.#forgetDelayed()) return;
    }
    const added: Entry = { ...wanted, inFlight: false, nextSinceMs: undefined, ticket: undefined };
    this.#entries.set(wanted.externalId, added);
    this.#enqueue(added);
  }

  /**
   * The most urgent listings that are due, marked as on their way. Each is answered by exactly one of the next four. Increases
   * only from `increasesFromMs` on.
   */
  take(limit: number, nowMs: number, increasesFromMs = 0): Sending[] {
    this.#releaseDelayed(nowMs);
    const taken: Sending[] = [];
    while (taken.length < limit) {
      const next = this.#ready.peek();
      if (!next || (next.increase && nowMs < increasesFromMs)) break;
      const ticket = this.#ready.pop();
      if (!ticket) break;
      const { entry } = ticket;
      if (!this.#isCurrent(ticket)) continue;
      entry.ticket = undefined;
      entry.inFlight = true;
      const { sku, externalId, listedAt, ending, quantity, revision, sequence, attempts, traceparent } = entry;
      const increase = isIncrease(entry);
      entry.lowestSent = Math.min(entry.lowestSent ?? quantity, quantity);
      taken.push({ sku, externalId, listedAt, ending, increase, quantity, revision, sequence, attempts, traceparent });
    }
    return taken;
  }

  acknowledged(sent: Sending, nowMs: number): Acknowledged | undefined {
    const entry = this.#answered(sent);
    if (!entry) return undefined;
    const lagMs = Math.max(0, nowMs - entry.sinceMs);
    if (entry.sequence === sent.sequence) {
      this.#entries.delete(sent.externalId);
      return { lagMs };
    }
    const nextSinceMs = entry.nextSinceMs ?? entry.sinceMs;
    Object.assign(entry, {
      sinceMs: nextSinceMs,
      nextSinceMs: undefined,
      acknowledgedQuantity: sent.quantity,
      lowestSent: undefined,
      attempts: 0,
      notBeforeMs: 0,
    });
    this.#enqueue(entry);
    return { lagMs, nextSinceMs };
  }

  /** Not taken, for a reason that is not the listing's. */
  putBack(sent: Sending): void {
    const entry = this.#answered(sent);
    if (entry) this.#enqueue(entry);
  }

  /** Not taken, or unknown: to be sent again, not before the given time. */
  failed(sent: Sending, notBeforeMs: number): void {
    const entry = this.#answered(sent);
    if (!entry) return;
    entry.attempts += 1;
    entry.notBeforeMs = notBeforeMs;
    this.#enqueue(entry);
  }

  /** Milliseconds until something is due: 0 for now, undefined when nothing waits. */
  dueInMs(nowMs: number, increasesFromMs = 0): number | undefined {
    this.#releaseDelayed(nowMs);
    while (this.#ready.length > 0 && !this.#isCurrent(this.#ready.peek())) this.#ready.pop();
    const next = this.#delayed.peek();
    const delayedMs = next && Math.max(0, next.entry.notBeforeMs - nowMs);
    const first = this.#ready.peek();
    if (!first) return delayedMs;
    const readyMs = first.increase ? Math.max(0, increasesFromMs - nowMs) : 0;
    return Math.min(readyMs, delayedMs ?? readyMs);
  }

  #answered(sent: Sending): Entry | undefined {
    const entry = this.#entries.get(sent.externalId);
    if (!entry?.inFlight || entry.listedAt !== sent.listedAt) return undefined;
    entry.inFlight = false;
    return entry;
  }

  #renew(entry: Entry, { quantity, revision, sequence, sinceMs, traceparent, ending }: WantedListing): void {
    const wasIncrease = isIncrease(entry);
    // What the channel refused until now says nothing about the 0 of an offer that ended.
    const waitsNoLonger = ending && !entry.ending;
    Object.assign(entry, { quantity, revision, sequence, traceparent, ending });
    if (waitsNoLonger) Object.assign(entry, { attempts: 0, notBeforeMs: 0 });
    if (entry.inFlight) entry.nextSinceMs ??= sinceMs;
    else if (waitsNoLonger || isIncrease(entry) !== wasIncrease) this.#enqueue(entry);
  }

  #enqueue(entry: Entry): void {
    const ticket: Ticket = { entry, increase: isIncrease(entry), sinceMs: entry.sinceMs };
    entry.ticket = ticket;
    if (entry.notBeforeMs > 0) this.#delayed.push(ticket);
    else this.#ready.push(ticket);
    if (this.#ready.length > 2 * this.#entries.size + 1_000) this.#forgetOldTickets();
  }

  #releaseDelayed(nowMs: number): void {
    for (let next = this.#delayed.peek(); next; next = this.#delayed.peek()) {
      const current = this.#isCurrent(next);
      if (current && next.entry.notBeforeMs > nowMs) return;
      this.#delayed.pop();
      if (!current) continue;
      next.entry.notBeforeMs = 0;
      this.#enqueue(next.entry);
    }
  }

  /** Makes room by leaving to the ledger what failed and waits for its next attempt. */
  #forgetDelayed(): boolean {
    for (let next = this.#delayed.pop(); next; next = this.#delayed.pop()) {
      if (!this.#isCurrent(next)) continue;
      return this.#entries.delete(next.entry.externalId);
    }
    return false;
  }

  #forgetOldTickets(): void {
    const current = [...this.#entries.values()].flatMap(({ ticket, notBeforeMs }) =>
      ticket && notBeforeMs === 0 ? [ticket] : [],
    );
    this.#ready = new TinyQueue(current, byUrgency);
  }

  #isCurrent(ticket: Ticket | undefined): ticket is Ticket {
    return (
      ticket !== undefined &&
      ticket.entry.ticket === ticket &&
      this.#entries.get(ticket.entry.externalId) === ticket.entry
    );
  }
}

interface Entry {
  readonly sku: string;
  readonly externalId: string;
  readonly listedAt: number;
  ending: boolean;
  quantity: number;
  revision: number;
  sequence: number;
  sinceMs: number;
  acknowledgedQuantity: number | null;
  attempts: number;
  notBeforeMs: number;
  traceparent?: string | undefined;
  /** The lowest number that was sent since the last acknowledgement: it may have arrived. */
  lowestSent?: number | undefined;
  inFlight: boolean;
  nextSinceMs: number | undefined;
  /** The one place in a queue that counts; earlier ones are skipped when they come up. */
  ticket: Ticket | undefined;
}

interface Ticket {
  readonly entry: Entry;
  readonly increase: boolean;
  readonly sinceMs: number;
}

/** A listing without an acknowledged number is new, and a channel shows 0 for new ones: nothing can be oversold by it. */
const isIncrease = ({ quantity, acknowledgedQuantity, ending, lowestSent = quantity }: Entry): boolean =>
  !ending && (acknowledgedQuantity === null || quantity > Math.min(acknowledgedQuantity, lowestSent));

const byUrgency = (a: Ticket, b: Ticket): number => Number(a.increase) - Number(b.increase) || a.sinceMs - b.sinceMs;
const byTime = (a: Ticket, b: Ticket): number => a.entry.notBeforeMs - b.entry.notBeforeMs;
