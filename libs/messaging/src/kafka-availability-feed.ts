import type { Kafka } from 'kafkajs';
import { AVAILABILITY_TOPIC, type AvailabilityChange, type AvailabilityFeed } from '#contracts';
import type { ReadModels } from '#read-models';
import { AVAILABILITY_CHANGED, availabilityIn } from './availability-message.js';
import { Consumer } from './consumer.js';
import type { ConsumerOptions } from './consumer-options.js';
import type { ConsumerStatus } from './consumer-status.js';
import type { Subscription } from './subscription.js';

export interface KafkaAvailabilityFeedOptions {
  readonly topic?: string;
  readonly consumer?: ConsumerOptions;
}

/**
 * The availability feed as Kafka brings it. Where it goes on is the checkpoint of its consumer, which moves when the
 * batch before was dealt with, that is when the next one is asked for: `after` has nothing to say here. A batch may come
 * again, and sequences increase per SKU only.
 */
export class KafkaAvailabilityFeed implements AvailabilityFeed {
  private readonly topic: string;
  private readonly options: ConsumerOptions;
  #consumer: Consumer | undefined;

  /** `name`: consumer group, and owner of the checkpoints. */
  constructor(
    private readonly kafka: Kafka,
    private readonly readModels: ReadModels,
    private readonly name: string,
    { topic = AVAILABILITY_TOPIC, consumer = {} }: KafkaAvailabilityFeedOptions = {},
  ) {
    this.topic = topic;
    this.options = consumer;
  }

  /** Of the consumer, while the feed is followed. */
  status(): ConsumerStatus | undefined {
    return this.#consumer?.status();
  }

  async *follow({ signal }: { readonly signal: AbortSignal }): AsyncIterable<readonly AvailabilityChange[]> {
    const handover = new Handover<readonly AvailabilityChange[]>();
    const subscription: Subscription = {
      name: this.name,
      topics: [this.topic],
      types: [AVAILABILITY_CHANGED],
      latestWins: true,
      outsideTransaction: true,
      handle: (page) => handover.give(page.map(availabilityIn)),
    };
    const consumer = new Consumer(this.kafka, this.readModels, subscription, this.options);
    const end = () => handover.end();
    signal.addEventListener('abort', end, { once: true });
    this.#consumer = consumer;
    consumer.start();
    try {
      if (!signal.aborted) yield* handover.taken();
    } finally {
      signal.removeEventListener('abort', end);
      handover.end();
      await consumer.stop();
      this.#consumer = undefined;
    }
  }
}

/** From a producer that pushes to a consumer that pulls: what was given is settled when the taker comes for the next. */
class Handover<Item> {
  #offers: { readonly item: Item; readonly settle: () => void; readonly refuse: (error: Error) => void }[] = [];
  #offered = Promise.withResolvers<void>();
  #isOver = false;

  /** Resolves when the item was dealt with; rejects when it will not be. At most one per partition waits. */
  give(item: Item): Promise<void> {
    return new Promise((settle, reject) => {
      if (this.#isOver) return reject(new Error('The feed is not followed any more.'));
      this.#offers.push({ item, settle, refuse: reject });
      this.#offered.resolve();
    });
  }

  async *taken(): AsyncIterable<Item> {
    for (;;) {
      const offer = this.#offers.shift();
      if (offer) {
        let isDone = false;
        try {
          yield offer.item;
          isDone = true;
        } finally {
          if (isDone) offer.settle();
          else offer.refuse(new Error('The one who follows the feed left in the middle of a batch.'));
        }
      } else if (this.#isOver) {
        return;
      } else {
        this.#offered = Promise.withResolvers();
        await this.#offered.promise;
      }
    }
  }

  end(): void {
    this.#isOver = true;
    for (const { refuse } of this.#offers.splice(0)) refuse(new Error('The feed is not followed any more.'));
    this.#offered.resolve();
  }
}
