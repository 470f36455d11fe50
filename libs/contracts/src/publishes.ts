import type { z } from 'zod';
import type { EventDefinition, EventDefinitions } from './define-events.js';
import { ownerOf } from './registry.js';
import { type ServiceName, topicOfEvents } from './services.js';

/** What the others get of one stored event. */
export interface PublishedMessage extends EventDefinition {
  readonly name: string;
  /** The data of the message, of the data as it is stored today. */
  readonly from: (stored: object) => object;
}

/** What a service sends: stored name -> message. An event it does not name stays inside. */
export interface Publishes {
  readonly service: ServiceName;
  readonly topic: string;
  readonly messages: ReadonlyMap<string, PublishedMessage>;
}

/** Events that go out as they are stored. */
export const asStored = (...groups: readonly EventDefinitions[]): Readonly<Record<string, PublishedMessage>> =>
  Object.fromEntries(
    groups
      .flatMap((group) => Object.entries(group))
      .map(([name, definition]) => [name, { name, ...definition, from: (stored) => stored }]),
  );

/** An event that goes out in another shape, such as without what only its service may see. */
export const translated = <Stored extends z.ZodType<object>, Message extends z.ZodType<object>>(
  _stored: EventDefinition<Stored>,
  message: {
    readonly name: string;
    readonly when: string;
    readonly data: Message;
    readonly from: (stored: z.output<Stored>) => z.output<Message>;
  },
): PublishedMessage => ({ ...message, from: (stored) => message.from(stored as z.output<Stored>) });

/** The list of a service. Throws for an event of another. */
export function publishesOf(service: ServiceName, messages: Readonly<Record<string, PublishedMessage>>): Publishes {
  const foreign = Object.keys(messages).filter((type) => ownerOf(type) !== service);
  if (foreign.length > 0) throw new Error(`${service} cannot publish ${foreign.join(', ')}: it does not store them.`);
  return { service, topic: topicOfEvents(service), messages: new Map(Object.entries(messages)) };
}
