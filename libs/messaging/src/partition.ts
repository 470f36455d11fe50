import type { KafkaMessage } from 'kafkajs';
import { type RecordedEvent, workOnPage } from '#event-sourcing';
import { isOutage, type ReadModels, type Tx } from '#read-models';
import {
  advanceCheckpoint,
  openCheckpoint,
  type PartitionCheckpoint,
  type PartitionKey,
  PartitionMoved,
} from './checkpoints.js';
import {
  discardDeadLetter,
  insertDeadLetters,
  keepParked,
  type LetterToRetry,
  lettersToRetry,
  type NewDeadLetter,
  parkedKeys,
} from './dead-letters.js';
import type { MessageReader, ReadPage, Received } from './reading.js';
import type { Subscription } from './subscription.js';

export interface PartitionLimits {
  /** Failed attempts of a page after which its messages are tried one by one. */
  readonly attempts: number;
  /** Messages of one partition that may be parked; beyond that the partition waits. */
  readonly parkedMax: number;
}

/** What a partition has done since this process owns it. */
export interface PartitionCounts {
  messages: number;
  pages: number;
  repeats: number;
  skipped: number;
}

/**
 * One partition that this process owns: gives pages of it their effect and moves its checkpoint in the same transaction.
 * A page that keeps failing is tried message by message. What fails then is parked, and so are later messages of the same
 * key; other keys go on. When nothing of several keys succeeds, it is not the messages that are bad: then nothing is
 * parked.
 */
export class Partition {
  readonly counts: PartitionCounts = { messages: 0, pages: 0, repeats: 0, skipped: 0 };
  /** Failed attempts in a row. */
  failures = 0;
  #stored: PartitionCheckpoint;
  #reached: PartitionCheckpoint;
  #parked: Map<string, number>;
  /** One thing at a time: a page, or a try of what was parked. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly key: PartitionKey,
    private readonly readModels: ReadModels,
    private readonly subscription: Subscription,
    private readonly reader: MessageReader,
    private readonly limits: PartitionLimits,
    stored: PartitionCheckpoint,
    parked: Map<string, number>,
  ) {
    this.#stored = stored;
    this.#reached = stored;
    this.#parked = parked;
  }

  /** The partition as it was left, by whichever process. */
  static async open(
    key: PartitionKey,
    readModels: ReadModels,
    subscription: Subscription,
    reader: MessageReader,
    limits: PartitionLimits,
  ): Promise<Partition> {
    const stored = await openCheckpoint(readModels, key);
    return new Partition(key, readModels, subscription, reader, limits, stored, await parkedKeys(readModels, key));
  }

  get checkpoint(): PartitionCheckpoint {
    return this.#reached;
  }

  get parked(): number {
    return this.#parked.values().reduce((sum, letters) => sum + letters, 0);
  }

  /**
   * Deals with the next messages. Rejects when they have to come again: `PartitionMoved` when another process owns the
   * partition, otherwise what the handler or the database said.
   */
  take(messages: readonly KafkaMessage[]): Promise<void> {
    return this.#inTurn(() => this.#take(messages));
  }

  /** Tries again what was unparked, and stores how far it came with messages that needed no work. */
  tick(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#reached.nextOffset !== this.#stored.nextOffset) {
        await advanceCheckpoint(this.readModels, this.key, this.#stored, this.#reached, 0);
        this.#stored = this.#reached;
      }
      if (this.#parked.size > 0) await this.#retryParked();
    });
  }

  async #take(messages: readonly KafkaMessage[]): Promise<void> {
    const last = messages.at(-1);
    if (!last) return;
    const page = this.reader.read(messages, this.#reached.position);
    const to = { nextOffset: Number(last.offset) + 1, position: page.position };
    if (page.received.length > 0) {
      await this.#commit(page, to);
      this.#stored = to;
      this.counts.messages += page.received.length;
      this.counts.pages += 1;
    }
    this.#reached = to;
    this.failures = 0;
    this.counts.repeats += page.repeats;
    this.counts.skipped += page.skipped;
  }

  async #commit(page: ReadPage, to: PartitionCheckpoint): Promise<void> {
    try {
      const handled = this.subscription.outsideTransaction && (await this.#handle(page.received, this.readModels));
      const letters = await this.#transaction(async (tx, floor) => {
        await advanceCheckpoint(tx, this.key, this.#stored, to, page.received.length);
        const wanted = page.received.filter(({ event }) => !event || event.position > floor);
        const parked = handled || (await this.#handle(wanted, tx));
        if (this.parked + parked.length > this.limits.parkedMax)
          throw new Error(`More than ${this.limits.parkedMax} messages of ${this.key.topic} would be parked.`);
        if (parked.length > 0) await insertDeadLetters(tx, this.key, parked);
        return parked;
      });
      for (const { key } of letters) this.#parked.set(key, (this.#parked.get(key) ?? 0) + 1);
    } catch (error) {
      this.failures += 1;
      throw error;
    }
  }

  #transaction<T>(work: (tx: Tx, floor: number) => Promise<T>): Promise<T> {
    const { schema, begin } = this.subscription;
    return this.readModels.transaction(
      async (tx) => work(tx, begin ? await begin(tx) : 0),
      schema === undefined ? {} : { schema },
    );
  }

  /** Answers what is to be parked. */
  async #handle(received: readonly Received[], tx: Tx): Promise<readonly NewDeadLetter[]> {
    if (this.failures >= this.limits.attempts) return this.#handleOneByOne(received, tx);
    const blocked = new Set(this.#parked.keys());
    const letters: NewDeadLetter[] = [];
    const events: RecordedEvent[] = [];
    for (const one of received) {
      const isWaiting = blocked.has(one.key);
      if (one.event && !isWaiting) {
        events.push(one.event);
      } else {
        blocked.add(one.key);
        letters.push(isWaiting ? waitingBehind(one) : unreadable(one));
      }
    }
    if (events.length > 0) await this.#give(events, tx);
    return letters;
  }

  async #handleOneByOne(received: readonly Received[], tx: Tx): Promise<readonly NewDeadLetter[]> {
    const blocked = new Set(this.#parked.keys());
    const letters: NewDeadLetter[] = [];
    const failed = new Map<string, unknown>();
    let succeeded = 0;
    for (const one of received) {
      if (blocked.has(one.key)) {
        letters.push(waitingBehind(one));
        continue;
      }
      const error = await this.#tryOne(one, tx);
      if (error === undefined) {
        succeeded += 1;
      } else {
        blocked.add(one.key);
        if (one.event) failed.set(one.key, error);
        letters.push({ ...one, error: messageOf(error), attempts: this.failures + 1 });
      }
    }
    if (succeeded === 0 && failed.size > 1) throw failed.values().next().value;
    return letters;
  }

  /** The error, when the message has to be parked; what it had written is undone then. Throws when a server is away. */
  async #tryOne({ event, error: unreadableBecause }: Received, tx: Tx): Promise<unknown> {
    if (!event) return unreadableBecause;
    return this.subscription.outsideTransaction ? this.#tryOutside(event, tx) : this.#tryInside(event, tx);
  }

  async #tryInside(event: RecordedEvent, tx: Tx): Promise<unknown> {
    await tx.execute('savepoint message');
    try {
      await this.#give([event], tx);
    } catch (error) {
      if (isOutage(error)) throw error;
      await tx.execute('rollback to savepoint message');
      return error ?? unexplained();
    }
    await tx.execute('release savepoint message');
    return undefined;
  }

  /** What it fails with twice while database and event store answer: what an outage interrupts is no fault of a message. */
  async #tryOutside(event: RecordedEvent, tx: Tx): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#give([event], tx);
        return undefined;
      } catch (error) {
        if (!(await this.readModels.outages.isOver())) throw error;
        if (attempt === 2) return error ?? unexplained();
      }
    }
  }

  #give(events: readonly RecordedEvent[], tx: Tx): Promise<void> {
    const attributes = {
      'messaging.system': 'kafka',
      'messaging.destination.name': this.key.topic,
      'messaging.destination.partition.id': String(this.key.partition),
    };
    const span = { name: `consume ${this.subscription.name}`, kind: 'consumer', attributes } as const;
    return workOnPage(events, span, (page) => this.subscription.handle(page, tx));
  }

  /** In order, until one of a key fails again. */
  async #retryParked(): Promise<void> {
    const failed = new Set<string>();
    for (const letter of await lettersToRetry(this.readModels, this.key, RETRIES_PER_TICK)) {
      if (!failed.has(letter.key) && !(await this.#retry(letter))) failed.add(letter.key);
    }
    this.#parked = await parkedKeys(this.readModels, this.key);
  }

  async #retry(letter: LetterToRetry): Promise<boolean> {
    const { event, error } = this.reader.readOne(letter.raw, letter.offset);
    try {
      if (!event) throw new Error(error);
      const { outsideTransaction = false } = this.subscription;
      if (outsideTransaction) await this.#give([event], this.readModels);
      await this.#transaction(async (tx, floor) => {
        // Takes the lock of the checkpoint, and finds out whether the partition is still ours.
        await advanceCheckpoint(tx, this.key, this.#stored, this.#stored, 0);
        const wasParked = await discardDeadLetter(tx, this.key.consumer, letter);
        if (wasParked && !outsideTransaction && event.position > floor) await this.#give([event], tx);
      });
      return true;
    } catch (failure) {
      if (isOutage(failure) || failure instanceof PartitionMoved) throw failure;
      await keepParked(this.readModels, this.key.consumer, letter, messageOf(failure));
      return false;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const answer = this.#turn.then(work);
    this.#turn = answer.catch(() => {});
    return answer;
  }
}

const RETRIES_PER_TICK = 500;

const unexplained = () => new Error('The handler failed without saying why.');

const waitingBehind = (one: Received): NewDeadLetter => ({
  ...one,
  error: 'waits behind an earlier message of its key',
  attempts: 0,
});

const unreadable = (one: Received): NewDeadLetter => ({ ...one, error: one.error ?? 'cannot be read', attempts: 1 });

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
