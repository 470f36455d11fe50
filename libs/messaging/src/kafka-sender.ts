import { type Kafka, Partitioners, type Producer, type TopicMessages } from 'kafkajs';
import type { EncodedEvent } from './cloud-event.js';

/** A message and where it goes. */
export interface Outgoing {
  readonly topic: string;
  readonly message: EncodedEvent;
}

/** Sends messages in order and resolves when all replicas in sync have them. */
export class KafkaSender {
  readonly #producer: Producer;
  #connected: Promise<void> | undefined;

  constructor(kafka: Kafka) {
    this.#producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      maxInFlightRequests: 1,
      // With retries inside, kafkajs counts a broker that has answered as done, and so never sends the messages of a
      // partition whose leader moves there meanwhile. Our callers send the whole page again instead. For the same reason
      // the producer is not idempotent: kafkajs wants retries for that. Repeats are dropped by position.
      retry: { retries: 0 },
    });
  }

  /** Rejects when some may not have arrived: then all of them have to be sent again before any other. */
  async send(messages: Iterable<Outgoing>): Promise<void> {
    await this.#connect();
    for (const topicMessages of requestsOf(messages)) await this.#producer.sendBatch({ acks: -1, topicMessages });
  }

  /** May be used again afterwards. */
  async close(): Promise<void> {
    await this.#producer.disconnect();
    this.#connected = undefined;
  }

  async #connect(): Promise<void> {
    this.#connected ??= this.#producer.connect();
    try {
      await this.#connected;
    } catch (error) {
      this.#connected = undefined;
      throw error;
    }
  }
}

/** All messages of one request may be for one partition, and a broker bounds what a partition gets at once. */
function* requestsOf(outgoing: Iterable<Outgoing>): Iterable<TopicMessages[]> {
  let byTopic = new Map<string, EncodedEvent[]>();
  let bytes = 0;
  for (const { topic, message } of outgoing) {
    const size = HEADER_BYTES + message.value.length;
    if (bytes > 0 && bytes + size > REQUEST_BYTES) {
      yield topicMessagesOf(byTopic);
      byTopic = new Map();
      bytes = 0;
    }
    const messages = byTopic.get(topic) ?? [];
    messages.push(message);
    byTopic.set(topic, messages);
    bytes += size;
  }
  if (bytes > 0) yield topicMessagesOf(byTopic);
}

/** Half of what topics.json allows for a batch. */
const REQUEST_BYTES = 1_000_000;
/** Headers, key and framing of one message, generously. */
const HEADER_BYTES = 700;

const topicMessagesOf = (byTopic: ReadonlyMap<string, EncodedEvent[]>): TopicMessages[] =>
  [...byTopic].map(([topic, messages]) => ({ topic, messages }));
