export { asyncApiDocument } from './asyncapi.js';
export {
  AVAILABILITY_CHANGED,
  availabilityEvent,
  availabilityIn,
  availabilitySchema,
  encodeAvailability,
} from './availability-message.js';
export {
  AvailabilityRelay,
  type AvailabilityRelayOptions,
  type AvailabilityRelayStatus,
} from './availability-relay.js';
export { type PartitionKey, PartitionMoved } from './checkpoints.js';
export {
  CLOUD_EVENT_HEADERS,
  decodeEvent,
  type EncodedEvent,
  encodeEvent,
  MalformedMessage,
} from './cloud-event.js';
export { Consumer } from './consumer.js';
export type { ConsumerOptions } from './consumer-options.js';
export type { ConsumerState, ConsumerStatus, PartitionStatus } from './consumer-status.js';
export {
  type DeadLetter,
  type DeadLetterContent,
  type DeadLetterPlace,
  deadLetter,
  deadLetters,
  discardDeadLetter,
  replayDeadLetters,
} from './dead-letters.js';
export { KafkaAvailabilityFeed } from './kafka-availability-feed.js';
export { openKafka } from './kafka-client.js';
export { type KafkaSettings, kafkaSettingsFrom } from './kafka-settings.js';
export { type Outgoings, Relay, type RelayOptions } from './relay.js';
export { ServiceMessaging } from './service-messaging.js';
export {
  type ProjectionSubscriptionOptions,
  projectionSubscription,
  reactionSubscription,
  type Subscription,
  type SubscriptionOptions,
} from './subscription.js';
export { createMessagingTables } from './tables.js';
export {
  applyTopics,
  compareTopics,
  type TopicDefinition,
  type TopicDifference,
  type TopicsOptions,
  topicsFrom,
} from './topics.js';
