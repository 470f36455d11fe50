import type { Kafka } from 'kafkajs';
import { AVAILABILITY_TOPIC, type AvailabilityChange, type AvailabilityFeed } from '#contracts';
import { workOnPage } from '#event-sourcing';
import { type ReadModels, Retries, type RetryTiming, superviseLoop } from '#read-models';
import { availabilityEvent, encodeAvailability } from './availability-message.js';
import { advanceCheckpoint, openCheckpoint, type PartitionCheckpoint, type PartitionKey } from './checkpoints.js';
import { KafkaSender } from './kafka-sender.js';
import { createMessagingTables } from './tables.js';

export interface AvailabilityRelayOptions extends RetryTiming {
  readonly topic?: string;
  /** How often a process in standby asks for the lease. */
  readonly standbyMs?: number;
}

/** Plain numbers for health checks and metrics. */
export interface AvailabilityRelayStatus {
  readonly state: 'starting' | 'standby' | 'running' | 'retrying' | 'stopped';
  /** Every change up to here is in Kafka. */
  readonly sequence: number;
  readonly messages: number;
  /** Failed attempts in a row. */
  readonly failures: number;
  readonly error?: string;
}

/**
 * Sends the newest numbers of every SKU to the compacted topic, from its checkpoint on. One process with the lease works,
 * the others stand by. A crash repeats messages; a consumer that keeps the greatest sequence per SKU does not notice.
 */
export class AvailabilityRelay {
  readonly #sender: KafkaSender;
  readonly #key: PartitionKey;
  readonly #standbyMs: number;
  readonly #retries: Retries;
  #stopping = new AbortController();
  #loop: Promise<void> | undefined;
  #state: AvailabilityRelayStatus['state'] = 'starting';
  #sequence = 0;
  #messages = 0;

  constructor(
    kafka: Kafka,
    private readonly readModels: ReadModels,
    private readonly feed: AvailabilityFeed,
    { topic = AVAILABILITY_TOPIC, standbyMs = 250, ...timing }: AvailabilityRelayOptions = {},
  ) {
    this.#sender = new KafkaSender(kafka);
    // Its checkpoint lies with those of consumers; it writes all partitions as one.
    this.#key = { consumer: 'relay-availability-to-kafka', topic, partition: 0 };
    this.#standbyMs = standbyMs;
    this.#retries = new Retries(readModels, { relay: this.#key.consumer }, timing);
  }

  start(): void {
    if (this.#loop !== undefined) return;
    this.#stopping = new AbortController();
    this.#loop = this.#run(this.#stopping.signal);
  }

  /** Resolves when the batch in hand is acknowledged or given up, and the connections are closed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    this.#loop = undefined;
    this.#state = 'stopped';
    await this.#sender.close();
  }

  status(): AvailabilityRelayStatus {
    return {
      state: this.#state,
      sequence: this.#sequence,
      messages: this.#messages,
      failures: this.#retries.failures,
      ...(this.#retries.error !== undefined && { error: this.#retries.error }),
    };
  }

  #run(stopping: AbortSignal): Promise<void> {
    return superviseLoop(stopping, {
      retries: this.#retries,
      failed: 'availability was not sent, will retry',
      lease: {
        leases: this.readModels.leases,
        name: `${this.#key.consumer}.${this.#key.topic}`,
        standbyMs: this.#standbyMs,
        onStandby: () => {
          this.#state = 'standby';
        },
      },
      turn: (signal) => this.#follow(signal),
      onFailure: (error) => {
        this.#state = 'retrying';
        return error;
      },
    });
  }

  async #follow(signal: AbortSignal): Promise<void> {
    await createMessagingTables(this.readModels);
    const checkpoint = await openCheckpoint(this.readModels, this.#key);
    this.#sequence = checkpoint.position;
    this.#state = 'running';
    await this.#retries.lasting(() => this.#followFrom(checkpoint, signal));
  }

  async #followFrom(checkpoint: PartitionCheckpoint, signal: AbortSignal): Promise<void> {
    let { nextOffset, position } = checkpoint;
    for await (const batch of this.feed.follow({ after: position, signal })) {
      await workOnPage(batch.map(availabilityEvent), { name: 'send availability', kind: 'producer' }, (page) =>
        this.#sender.send(page.map((event) => ({ topic: this.#key.topic, message: encodeAvailability(event) }))),
      );
      const to = { nextOffset: nextOffset + batch.length, position: greatestSequence(batch, position) };
      await advanceCheckpoint(this.readModels, this.#key, { nextOffset, position }, to, batch.length);
      ({ nextOffset, position } = to);
      this.#sequence = position;
      this.#messages += batch.length;
      this.#retries.succeeded();
    }
  }
}

const greatestSequence = (batch: readonly AvailabilityChange[], least: number): number =>
  batch.reduce((greatest, { sequence }) => Math.max(greatest, sequence), least);
