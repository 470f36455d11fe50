import type { WakeSignal } from '#event-sourcing';
import { Overloaded } from '#event-sourcing';
import { type Clock, toIso } from '#kernel';
import { type DatabaseError, isRefusedValue, type Log, storableText } from '#read-models';
import type { RawMessage, Reading, UnreadableMessage } from '../connectors/connector.js';
import { MicroBatch } from '../micro-batch.js';
import type { IntakeRows } from './intake-rows.js';
import { type IntakeRow, type IntakeTable, keyOf } from './intake-table.js';

export interface InboxOptions {
  /** Sales that may wait to be recorded; with more waiting, messages are refused. */
  readonly maxWaiting: number;
}

/** A message and what it comes to. */
export interface ReadMessage {
  readonly raw: RawMessage;
  readonly reading: Reading;
}

/**
 * Takes in what channels say for good: what it has answered survives a crash. Notifies the worker. A message that is not
 * understood, or that the database cannot hold, is kept whole and holds up no other.
 */
export class IntakeInbox {
  readonly #batch: MicroBatch<Taken, boolean>;
  #waiting = 0;

  constructor(
    private readonly table: IntakeTable,
    private readonly rows: IntakeRows,
    private readonly clock: Clock,
    private readonly wakeSignal: WakeSignal,
    private readonly log: Log,
    private readonly options: InboxOptions,
  ) {
    this.#batch = new MicroBatch({
      name: 'The intake',
      flush: (messages) => this.#store(messages),
      maxWaiting: 10_000,
      maxPerFlush: 1_000,
    });
  }

  /** Resolves once the message is durable: true when it is new, false for a repeat. Throws `Overloaded`. */
  async take(channel: string, message: ReadMessage): Promise<boolean> {
    this.#refuseWhenFull();
    const taken = this.#taken(channel, message);
    return taken.rows.length > 0 && this.#batch.add(taken);
  }

  /** Stores pulled messages and then the channel's watermark; answers how many were new. Throws `Overloaded`. */
  async takePulled(channel: string, messages: readonly ReadMessage[], watermark: string): Promise<number> {
    this.#refuseWhenFull();
    const polledAt = toIso(this.clock.now());
    const insert = (taken: readonly Taken[], after?: string) =>
      this.table.insertPulled(channel, rowsOf(taken), after, polledAt);
    const taken = messages.map((message) => this.#taken(channel, message));
    let stored: number;
    try {
      stored = await insert(taken, watermark);
    } catch (error) {
      if (!isRefusedValue(error)) throw error;
      const parts = await this.#storeStorable(taken, async (part) => [await insert(part)]);
      stored = parts.reduce((sum, count) => sum + count, await insert([], watermark));
    }
    this.#added(stored);
    return stored;
  }

  /** What the worker counted: other processes add to the table and it takes away from it. */
  set waiting(count: number) {
    this.#waiting = count;
  }

  get waiting(): number {
    return this.#waiting;
  }

  #refuseWhenFull(): void {
    if (this.#waiting >= this.options.maxWaiting) throw new Overloaded('The intake', FULL_RETRY_MS);
  }

  #taken(channel: string, { raw, reading }: ReadMessage): Taken {
    const receivedAt = toIso(this.clock.now());
    const setAside = (message: UnreadableMessage): IntakeRow[] => {
      const { externalOrderId, reason } = message;
      const { messageId, via } = raw;
      this.log.warn({ channel, externalOrderId, messageId, via, reason }, 'a message is not understood, and is parked');
      return [this.rows.unreadable(channel, raw, message, receivedAt)];
    };
    if (reading.kind === 'unsupported') return { rows: [], setAside };
    if (reading.kind === 'unreadable') return { rows: setAside(reading), setAside };
    return { rows: this.rows.salesOf(channel, raw, reading.sales, receivedAt), setAside };
  }

  async #store(messages: readonly Taken[]): Promise<boolean[]> {
    const stored = new Set(
      await this.#storeStorable(messages, async (part) => [...(await this.table.insert(rowsOf(part)))]),
    );
    this.#added(stored.size);
    return messages.map(
      ({ rows: [first] }) => first !== undefined && stored.has(keyOf(first.channel, first.messageId)),
    );
  }

  /** Halves what one statement does not take until the message at fault is alone, which is kept whole instead. */
  async #storeStorable<Result>(
    taken: readonly Taken[],
    store: (taken: readonly Taken[]) => Promise<Result[]>,
  ): Promise<Result[]> {
    try {
      return await store(taken);
    } catch (error) {
      const [first, ...others] = taken;
      if (!isRefusedValue(error) || !first) throw error;
      if (others.length === 0) return store([unstorable(first, error)]);
      const middle = Math.ceil(taken.length / 2);
      return [
        ...(await this.#storeStorable(taken.slice(0, middle), store)),
        ...(await this.#storeStorable(taken.slice(middle), store)),
      ];
    }
  }

  #added(count: number): void {
    this.#waiting += count;
    if (count > 0) this.wakeSignal.notify();
  }
}

/** A message on its way into the table, and what to store in its place should the table not take it. */
interface Taken {
  readonly rows: readonly IntakeRow[];
  readonly setAside: (message: UnreadableMessage) => readonly IntakeRow[];
}

const rowsOf = (taken: readonly Taken[]): IntakeRow[] => taken.flatMap(({ rows }) => rows);

function unstorable({ rows: [first], setAside }: Taken, { code }: DatabaseError): Taken {
  const externalOrderId = first?.kind === 'sale' ? storableText(first.sale.externalOrderId, 128) : undefined;
  return {
    rows: setAside({ kind: 'unreadable', reason: `It cannot be stored (${code}).`, externalOrderId }),
    setAside,
  };
}

const FULL_RETRY_MS = 2_000;
