import type { DoubleLog, LogRecord } from './double-log.js';

/** A record on its way to a consumer, and how often it was tried before. */
export interface Delivery {
  readonly record: LogRecord;
  readonly retryCount: number;
}

export interface GroupSettings {
  /** A revision (a commit position for `$all`), the first record or only what comes from now on. */
  readonly startFrom: number | 'start' | 'end';
  readonly maxRetryCount: number;
}

export interface Consumer {
  /** Deliveries that it takes without having answered them. */
  readonly bufferSize: number;
  readonly inFlight: Map<string, Delivery>;
  readonly deliver: (delivery: Delivery) => void;
  readonly close: () => void;
}

export type NackAction = 'retry' | 'park' | 'skip' | 'stop';

/** A persistent subscription: consumers share the records of a stream or of `$all`, each record goes to one of them. */
export class ConsumerGroup {
  readonly parked: Delivery[] = [];
  readonly consumers = new Set<Consumer>();
  acknowledged = 0;
  #waiting: Delivery[] = [];
  #next: number;
  readonly #stop: () => void;

  constructor(
    private readonly log: DoubleLog,
    /** A stream name, or `$all`. */
    readonly source: string,
    readonly name: string,
    private readonly matches: (record: LogRecord) => boolean,
    public settings: GroupSettings,
  ) {
    this.#next = settings.startFrom === 'end' ? log.records.length : 0;
    this.#stop = log.onAppended(() => this.#dispatch());
  }

  join(consumer: Consumer): void {
    this.consumers.add(consumer);
    this.#dispatch();
  }

  /** What the consumer has not answered goes to another. */
  leave(consumer: Consumer): void {
    if (!this.consumers.delete(consumer)) return;
    this.#waiting.unshift(...consumer.inFlight.values());
    this.#dispatch();
  }

  ack(consumer: Consumer, ids: readonly string[]): void {
    for (const id of ids) if (consumer.inFlight.delete(id)) this.acknowledged += 1;
    this.#dispatch();
  }

  nack(consumer: Consumer, ids: readonly string[], action: NackAction): void {
    for (const id of ids) {
      const delivery = consumer.inFlight.get(id);
      consumer.inFlight.delete(id);
      if (delivery) this.#refused(delivery, action);
    }
    if (action === 'stop') consumer.close();
    this.#dispatch();
  }

  replayParked(): void {
    this.#waiting.push(...this.parked.splice(0).map(({ record }) => ({ record, retryCount: 0 })));
    this.#dispatch();
  }

  remove(): void {
    this.#stop();
    for (const consumer of this.consumers) consumer.close();
  }

  #refused({ record, retryCount }: Delivery, action: NackAction): void {
    if (action === 'park' || (action === 'retry' && retryCount >= this.settings.maxRetryCount)) {
      this.parked.push({ record, retryCount });
    } else if (action === 'retry') {
      this.#waiting.push({ record, retryCount: retryCount + 1 });
    }
  }

  #dispatch(): void {
    for (const consumer of this.consumers) {
      while (consumer.inFlight.size < consumer.bufferSize) {
        const delivery = this.#waiting.shift() ?? this.#nextOfTheLog();
        if (!delivery) return;
        consumer.inFlight.set(delivery.record.id, delivery);
        consumer.deliver(delivery);
      }
    }
  }

  #nextOfTheLog(): Delivery | undefined {
    for (;;) {
      const record = this.log.records[this.#next];
      if (!record) return undefined;
      this.#next += 1;
      if (this.matches(record) && this.#isPastStart(record)) return { record, retryCount: 0 };
    }
  }

  #isPastStart({ revision, position }: LogRecord): boolean {
    const { startFrom } = this.settings;
    return typeof startFrom !== 'number' || (this.source === '$all' ? position : revision) >= startFrom;
  }
}
