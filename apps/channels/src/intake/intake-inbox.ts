import type { ChannelSale } from '#contracts';
import { currentContext, Overloaded, type WorkContext } from '#event-sourcing';
import { type Clock, toIso } from '#kernel';
import type { PersonalDataHasher } from '#platform';
import type { Bell } from '../bell.js';
import { MicroBatch } from '../micro-batch.js';
import { hashedSale } from './hashed-sale.js';
import { type IntakeTable, keyOf, type NewSale } from './intake-table.js';

export interface InboxOptions {
  /** Sales that may wait to be recorded; with more waiting, messages are refused. */
  readonly maxWaiting: number;
}

/** Takes in sales for good: what it has answered survives a crash. Rings the worker's bell. */
export class IntakeInbox {
  readonly #batch: MicroBatch<readonly NewSale[], boolean>;
  #waiting = 0;

  constructor(
    private readonly table: IntakeTable,
    private readonly hasher: PersonalDataHasher,
    private readonly clock: Clock,
    private readonly bell: Bell,
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
  async take(messageId: string, sales: readonly ChannelSale[]): Promise<boolean> {
    if (this.#waiting >= this.options.maxWaiting) throw new Overloaded('The intake', FULL_RETRY_MS);
    return sales.length > 0 && this.#batch.add(this.#rowsOf(sales, messageId));
  }

  /** Stores pulled sales and the channel's watermark together; answers how many were new. Throws `Overloaded`. */
  async takePulled(channel: string, sales: readonly ChannelSale[], watermark: string): Promise<number> {
    if (this.#waiting >= this.options.maxWaiting) throw new Overloaded('The intake', FULL_RETRY_MS);
    const rows = sales.flatMap((sale) => this.#rowsOf([sale], sale.messageId ?? ''));
    const stored = await this.table.insertPulled(channel, rows, watermark, toIso(this.clock.now()));
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

  #rowsOf(sales: readonly ChannelSale[], messageId: string): NewSale[] {
    const receivedAt = toIso(this.clock.now());
    const cause = causeOf(currentContext());
    return sales.map((sale, place) => {
      const stored = { ...hashedSale(sale, this.hasher), ...(cause && { cause }) };
      return { messageId, place, sale: stored, receivedAt };
    });
  }

  async #store(messages: readonly (readonly NewSale[])[]): Promise<boolean[]> {
    const stored = await this.table.insert(messages.flat());
    this.#added(stored.size);
    return messages.map(([first]) => first !== undefined && stored.has(keyOf(first.sale.channel, first.messageId)));
  }

  #added(count: number): void {
    this.#waiting += count;
    if (count > 0) this.bell.ring();
  }
}

/** What the sale is recorded by goes on from the request that brought it, although that is answered by then. */
const causeOf = (context: WorkContext | undefined): ChannelSale['cause'] =>
  context && {
    correlationId: context.correlationId,
    ...(context.traceparent !== undefined && { traceparent: context.traceparent }),
  };

const FULL_RETRY_MS = 2_000;
