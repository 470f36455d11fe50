import { z } from 'zod';
import { AVAILABILITY_TOPIC, type PublishedMessage, type Publishes } from '#contracts';
import { AVAILABILITY_CHANGED, availabilitySchema } from './availability-message.js';
import { CLOUD_EVENT_HEADERS } from './cloud-event.js';
import type { TopicDefinition } from './topics.js';

/**
 * AsyncAPI 3.0 of everything we publish on Kafka: the topics as `topics.json` describes them, and each event as a message
 * with its schema (JSON Schema draft 7, which AsyncAPI takes as it is). https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export function asyncApiDocument(topics: readonly TopicDefinition[], publishes: readonly Publishes[]): object {
  const messages = messagesOf(publishes);
  const published = [...messages.values()].flat();
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Events of Einklang on Kafka',
      version: '1.0.0',
      description:
        'CloudEvents 1.0 in binary mode: the value is the data of the event, everything else is in headers. At least once, in order per key; what has a position that is not greater than the last one of its partition is a repeat.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(topics.map((topic) => [topic.name, channelOf(topic, messages.get(topic.name) ?? [])])),
    operations: Object.fromEntries(
      topics.map(({ name, owner }) => [
        `publish.${name}`,
        {
          action: 'send',
          channel: { $ref: `#/channels/${name}` },
          summary: `The service ${owner} publishes; consumers receive.`,
        },
      ]),
    ),
    components: {
      messages: Object.fromEntries(published.map(({ name, when }) => [name, messageOf(name, when)])),
      schemas: Object.fromEntries(
        published.map(({ name, when, data }) => [name, { description: when, ...schemaOf(data) }]),
      ),
      messageTraits: { CloudEvent: { headers: headersSchema() } },
    },
  };
}

type Message = Omit<PublishedMessage, 'from'>;

/** Topic -> what it carries. */
const messagesOf = (publishes: readonly Publishes[]): ReadonlyMap<string, readonly Message[]> =>
  new Map<string, readonly Message[]>([
    ...publishes.map(({ topic, messages }) => [topic, [...messages.values()]] as const),
    [AVAILABILITY_TOPIC, [availabilityChanged]],
  ]);

const availabilityChanged: Message = {
  name: AVAILABILITY_CHANGED,
  when: 'The newest units available to sell of one SKU, per channel. The greatest sequence wins.',
  data: availabilitySchema,
};

function channelOf(topic: TopicDefinition, messages: readonly Message[]): object {
  return {
    address: topic.name,
    description: `${topic.content} Owner: ${topic.owner}. Key: ${topic.key}.`,
    messages: Object.fromEntries(messages.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }])),
    bindings: {
      kafka: {
        bindingVersion: '0.5.0',
        topic: topic.name,
        partitions: topic.partitions,
        replicas: topic.replication,
        topicConfiguration: {
          'cleanup.policy': [topic.cleanup],
          'retention.ms': topic.retentionDays === null ? -1 : topic.retentionDays * 86_400_000,
          'max.message.bytes': topic.maxMessageBytes,
        },
      },
    },
  };
}

const messageOf = (name: string, when: string): object => ({
  name,
  title: name,
  summary: when,
  contentType: 'application/json',
  traits: [{ $ref: '#/components/messageTraits/CloudEvent' }],
  payload: { $ref: `#/components/schemas/${name}` },
  bindings: { kafka: { bindingVersion: '0.5.0', key: { type: 'string' } } },
});

const headersSchema = (): object => ({
  type: 'object',
  properties: Object.fromEntries(
    Object.entries(CLOUD_EVENT_HEADERS).map(([name, { description }]) => [name, { type: 'string', description }]),
  ),
  required: Object.entries(CLOUD_EVENT_HEADERS)
    .filter(([, { optional }]) => !optional)
    .map(([name]) => name),
});

function schemaOf(data: z.ZodType): object {
  const { $schema: _, ...schema } = z.toJSONSchema(data, { target: 'draft-7' });
  return schema;
}
