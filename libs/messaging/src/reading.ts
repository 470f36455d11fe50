import type { KafkaMessage } from 'kafkajs';
import type { EventRegistry, RecordedEvent } from '#event-sourcing';
import { reasonOf, storableText } from '#read-models';
import { decodeEvent, type RawMessage, typeIn } from './cloud-event.js';
import type { Subscription } from './subscription.js';

/** A message of the subscription: its event, or why it has none. */
export interface Received {
  readonly offset: number;
  /** The stream; for a message without a key its place in Kafka. */
  readonly key: string;
  readonly type: string | undefined;
  readonly raw: RawMessage;
  readonly event: RecordedEvent | undefined;
  /** Of a message that cannot be read. */
  readonly error?: string;
}

/** Messages as the subscription wants them. */
export interface ReadPage {
  readonly received: readonly Received[];
  /** Of other types. */
  readonly skipped: number;
  readonly repeats: number;
  /** Greatest position of all messages, at least `after`. */
  readonly position: number;
}

/** Reads messages for one subscription: picks what it wants, drops repeats, keeps what cannot be read apart. */
export class MessageReader {
  readonly #types: ReadonlySet<string>;
  readonly #latestWins: boolean;
  readonly #registry: EventRegistry;

  constructor({ types, latestWins = false }: Subscription, registry: EventRegistry) {
    this.#types = new Set(registry.storedNamesOf(types));
    this.#latestWins = latestWins;
    this.#registry = registry;
  }

  /** `after`: positions up to here were dealt with. */
  read(messages: readonly KafkaMessage[], after: number): ReadPage {
    const received: Received[] = [];
    let skipped = 0;
    let repeats = 0;
    let position = after;
    for (const message of messages) {
      const type = typeIn(message.headers);
      if (type !== undefined && !this.#types.has(type)) {
        skipped += 1;
        continue;
      }
      const one = this.readOne(message, Number(message.offset));
      if (one.event && one.event.position <= position && !this.#latestWins) {
        repeats += 1;
        continue;
      }
      position = Math.max(position, one.event?.position ?? 0);
      received.push(one);
    }
    return { received, skipped, repeats, position };
  }

  readOne(raw: RawMessage, offset: number): Received {
    const common = {
      offset,
      key: raw.key ? storableText(raw.key.toString()) : `offset ${offset}`,
      type: typeIn(raw.headers),
      raw,
    };
    try {
      return { ...common, event: this.#registry.read(decodeEvent(raw)) };
    } catch (error) {
      // Whatever it is, an upcaster that stumbles included: it is about this message, and must not stop all others.
      return { ...common, event: undefined, error: reasonOf(error) };
    }
  }
}
