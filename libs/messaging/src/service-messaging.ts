import type { Kafka } from 'kafkajs';
import { type AvailabilityFeed, isOfProcesses, ownerOf, type Publishes } from '#contracts';
import type { EventStore } from '#event-sourcing';
import type { BackgroundWork, Reaction, ReactionRunner, ReadModels } from '#read-models';
import { AvailabilityRelay, type AvailabilityRelayStatus } from './availability-relay.js';
import { Consumer } from './consumer.js';
import type { ConsumerOptions } from './consumer-options.js';
import type { ConsumerStatus } from './consumer-status.js';
import { KafkaAvailabilityFeed } from './kafka-availability-feed.js';
import { Relay } from './relay.js';
import { reactionSubscription } from './subscription.js';

/** How one service meets the others: it sends what it stores, and is fed what they stored. */
export class ServiceMessaging {
  readonly #relay: Relay;
  /** Those at work. */
  readonly #consumers = new Set<Consumer>();
  readonly #feeds: KafkaAvailabilityFeed[] = [];
  #availabilityRelay: AvailabilityRelay | undefined;

  constructor(
    private readonly publishes: Publishes,
    private readonly kafka: Kafka,
    private readonly readModels: ReadModels,
    store: EventStore,
    private readonly options: ConsumerOptions = {},
  ) {
    this.#relay = new Relay(kafka, readModels, store, publishes, { name: `relay-${publishes.service}-to-kafka` });
  }

  /** Whether another service stores events of this name. */
  isElsewhere(type: string): boolean {
    return !isOfProcesses(type) && ownerOf(type) !== this.publishes.service;
  }

  /** The consumer of a reaction to events of other services; undefined for one to our own, which the store has. */
  consumerOf(reaction: Reaction): BackgroundWork | undefined {
    const elsewhere = reaction.types.filter((type) => this.isElsewhere(type));
    if (elsewhere.length === 0) return undefined;
    if (elsewhere.length < reaction.types.length)
      throw new Error(`${reaction.name} reacts to events of its own service and of others: split it.`);
    const consumer = new Consumer(this.kafka, this.readModels, reactionSubscription(reaction), this.options);
    return {
      start: () => {
        this.#consumers.add(consumer);
        consumer.start();
      },
      stop: async () => {
        await consumer.stop();
        this.#consumers.delete(consumer);
      },
    };
  }

  /** The numbers inventory sends, for one follower at a time over all processes. */
  availabilityFeed(): AvailabilityFeed {
    const name = `einklang.${this.publishes.service}-availability`;
    const feed = new KafkaAvailabilityFeed(this.kafka, this.readModels, name, { consumer: this.options });
    this.#feeds.push(feed);
    return feed;
  }

  /** Sends the numbers of this service to the others. */
  sendAvailability(feed: AvailabilityFeed): void {
    this.#availabilityRelay = new AvailabilityRelay(this.kafka, this.readModels, feed);
  }

  /** Sends the events of this service to the others. */
  get relayRunner(): ReactionRunner {
    return this.#relay.runner;
  }

  /** Starts what sends the numbers; the relay of events and the consumers are started among the runners. */
  start(): void {
    this.#availabilityRelay?.start();
  }

  /** Ends what sends, and closes its connections. */
  async stop(): Promise<void> {
    await Promise.all([this.#relay.stop(), this.#availabilityRelay?.stop()]);
  }

  availabilityRelay(): AvailabilityRelayStatus | undefined {
    return this.#availabilityRelay?.status();
  }

  /** Of those at work in this process. */
  consumers(): ConsumerStatus[] {
    const feeds = this.#feeds.map((feed) => feed.status()).filter((status) => status !== undefined);
    return [...Array.from(this.#consumers, (consumer) => consumer.status()), ...feeds];
  }
}
