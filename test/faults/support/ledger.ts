import type { StockEvent } from '#contracts';
import type { EventStore, RecordedEvent } from '#event-sourcing';
import { callerOf, probeOf } from './commands.js';

/**
 * What was acknowledged to the callers, held against what the log says. Every caller sends its commands one after the
 * other, numbered from 1, and the next one only once the last was acknowledged. So the log must have those of a caller
 * in order, without a gap, each once, and at least up to the last one acknowledged.
 */
export class Ledger {
  readonly violations: string[] = [];
  /** Commands that were acknowledged, probes included. */
  acknowledged = 0;
  lost = 0;
  doubled = 0;
  oversold = 0;
  events = 0;
  readonly #acknowledgedBy: number[];
  readonly #storedBy: number[];
  readonly #acknowledgedProbes = new Set<string>();
  readonly #storedProbes = new Set<string>();
  readonly #unitsFree = new Map<string, number>();
  readonly #waiters = new Set<{ readonly count: number; readonly resolve: () => void }>();
  #position = 0;

  constructor(callers: number) {
    this.#acknowledgedBy = new Array<number>(callers).fill(0);
    this.#storedBy = new Array<number>(callers).fill(0);
  }

  /** The last command of each caller that was acknowledged: where another process goes on. */
  get acknowledgedBy(): readonly number[] {
    return this.#acknowledgedBy;
  }

  note(caller: number, command: number): void {
    const before = this.#acknowledgedBy[caller] ?? 0;
    this.#acknowledgedBy[caller] = Math.max(before, command);
    this.acknowledged += Math.max(0, command - before);
    for (const waiter of this.#waiters) {
      if (waiter.count > this.acknowledged) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  noteProbe(id: string): void {
    this.#acknowledgedProbes.add(id);
    this.acknowledged += 1;
  }

  /** Resolves when so many commands have been acknowledged. */
  reaches(count: number): Promise<void> {
    if (this.acknowledged >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.add({ count, resolve }));
  }

  /** Reads on in the log; what was acknowledged before the call must be there afterwards. */
  async check(store: EventStore): Promise<void> {
    const acknowledgedBy = [...this.#acknowledgedBy];
    const probes = [...this.#acknowledgedProbes];
    for (;;) {
      const page = await store.readAll({ after: this.#position, limit: PAGE_SIZE, filter: { categories: ['stock'] } });
      for (const event of page.events as readonly RecordedEvent<StockEvent>[]) this.#add(event);
      this.#position = page.position;
      if (page.caughtUp) break;
    }
    acknowledgedBy.forEach((command, caller) => {
      const missing = command - (this.#storedBy[caller] ?? 0);
      if (missing > 0) this.#lose(missing, `caller ${caller} was acknowledged ${command}, ${missing} are not there`);
    });
    for (const id of probes) if (!this.#storedProbes.has(id)) this.#lose(1, `${id} was acknowledged and is not there`);
  }

  figures(): Record<string, number> {
    const { acknowledged, events, lost, doubled, oversold } = this;
    return { acknowledged, events, lost, doubled, oversold };
  }

  #add(event: RecordedEvent<StockEvent>): void {
    this.events += 1;
    this.#addUnits(event);
    const { commandId } = event.metadata;
    const probe = probeOf(commandId);
    if (probe !== undefined) {
      if (this.#storedProbes.has(probe)) this.#double(`${probe} is there again at ${event.position}`);
      this.#storedProbes.add(probe);
    }
    const numbered = callerOf(commandId);
    if (numbered) this.#addNumbered(numbered, event.position);
  }

  #addNumbered({ caller, command }: { caller: number; command: number }, position: number): void {
    const last = this.#storedBy[caller] ?? 0;
    if (command <= last) this.#double(`command ${command} of caller ${caller} is there again at ${position}`);
    else if (command > last + 1)
      this.#lose(command - last - 1, `at ${position}, ${command} of caller ${caller} follows ${last}`);
    this.#storedBy[caller] = Math.max(last, command);
  }

  #addUnits({ stream, type, data, position }: RecordedEvent<StockEvent>): void {
    const before = this.#unitsFree.get(stream) ?? 0;
    const free = before + unitsFreedBy({ type, data } as StockEvent);
    this.#unitsFree.set(stream, free);
    if (free >= 0 || free >= before) return;
    this.oversold += Math.min(before, 0) - free;
    this.#violate(`at ${position}, more of ${stream} is promised than there is`);
  }

  #lose(count: number, sentence: string): void {
    this.lost += count;
    this.#violate(sentence);
  }

  #double(sentence: string): void {
    this.doubled += 1;
    this.#violate(sentence);
  }

  #violate(sentence: string): void {
    if (this.violations.length < VIOLATIONS_KEPT) this.violations.push(sentence);
  }
}

const PAGE_SIZE = 10_000;
const VIOLATIONS_KEPT = 20;

function unitsFreedBy(event: StockEvent): number {
  if (event.type === 'StockReceived') return event.data.units;
  if (event.type === 'StockReserved') return -event.data.units;
  if (event.type === 'StockReservationReleased') return event.data.from.reduce((sum, { units }) => sum + units, 0);
  throw new Error(`No command here leads to ${event.type}.`);
}
