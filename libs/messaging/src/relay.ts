import type { Kafka } from 'kafkajs';
import type { PublishedMessage } from '#contracts';
import type { EventStore, RecordedEvent } from '#event-sourcing';
import { type Reaction, ReactionRunner, type ReactionRunnerOptions, type ReadModels } from '#read-models';
import { encodeEvent } from './cloud-event.js';
import { KafkaSender, type Outgoing } from './kafka-sender.js';

/** What goes out: a topic, and per stored name the message it becomes. */
export interface Outgoings {
  readonly topic: string;
  readonly messages: ReadonlyMap<string, Pick<PublishedMessage, 'name' | 'from'>>;
}

export interface RelayOptions {
  /** Name of its checkpoint and its lease. One relay per name works; the others stand by. */
  readonly name?: string;
  readonly pageSize?: number;
  /** Timing of retries and of standby. */
  readonly runner?: Omit<ReactionRunnerOptions, 'attempts' | 'pageSize' | 'spanKind'>;
}

/**
 * Sends the log to Kafka: reads the store from its checkpoint and produces what is published, in order of position, acks
 * from all replicas in sync. The checkpoint moves after the acknowledgement, so a crash in between repeats a page.
 * Within a partition a position appears for the first time only after every smaller one: a consumer that drops what is not
 * greater than the greatest seen has each event once and in order.
 *
 * It is a reaction whose commands are messages. It never parks: an event sent after later ones would be taken for a
 * repeat. What Kafka refuses is sent again without end, with growing pauses, and the status of the runner says so.
 */
export class Relay {
  /** For status, lag and `waitFor`. */
  readonly runner: ReactionRunner;
  readonly #sender: KafkaSender;

  constructor(
    kafka: Kafka,
    readModels: ReadModels,
    store: EventStore,
    publishes: Outgoings,
    options: RelayOptions = {},
  ) {
    this.#sender = new KafkaSender(kafka);
    const reaction: Reaction = {
      name: options.name ?? 'relay-events-to-kafka',
      types: [...publishes.messages.keys()],
      pageSize: options.pageSize ?? 5_000,
      pageBytes: 1_048_576,
      react: (events) => this.#sender.send(outgoing(events, publishes)),
    };
    this.runner = new ReactionRunner(readModels, reaction, store, {
      ...options.runner,
      attempts: Number.POSITIVE_INFINITY,
      spanKind: 'producer',
    });
  }

  start(): void {
    this.runner.start();
  }

  /** Resolves when the page in hand is acknowledged or given up, and the connections are closed. */
  async stop(): Promise<void> {
    await this.runner.stop();
    await this.#sender.close();
  }
}

function* outgoing(events: readonly RecordedEvent[], { topic, messages }: Outgoings): Iterable<Outgoing> {
  for (const event of events) {
    const message = messages.get(event.type);
    if (message)
      yield { topic, message: encodeEvent({ ...event, type: message.name, data: message.from(event.data) }) };
  }
}
