import { Kafka, type logCreator, logLevel, type SASLOptions } from 'kafkajs';
import type { Log } from '#read-models';
import type { KafkaSettings } from './kafka-settings.js';
import { repairKafkajs } from './repair-kafkajs.js';

/** A client of these brokers. Connects only when a relay, a consumer or a command needs it. */
export function openKafka(settings: KafkaSettings, log: Log): Kafka {
  repairKafkajs();
  const { brokers, clientId, tls, sasl } = settings;
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ...(tls && { ssl: { ...tls } }),
    ...(sasl && { sasl: saslOptions(sasl) }),
    connectionTimeout: 3_000,
    requestTimeout: 30_000,
    // Relay and consumers try again without end themselves, and say so meanwhile; kafkajs says nothing.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 2 },
    logLevel: logLevel.WARN,
    logCreator: logTo(log),
  });
}

/** kafkajs has a type per mechanism, so the union is taken apart. */
function saslOptions({ mechanism, username, password }: NonNullable<KafkaSettings['sasl']>): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
    default:
      return mechanism satisfies never;
  }
}

/** What kafkajs calls an error it mostly tries again; what is one for us is logged where it is given up. */
const logTo =
  (log: Log): logCreator =>
  () =>
  ({ namespace, log: { message, error, broker, groupId, topic, partition } }) =>
    log.warn({ kafkajs: namespace, error, broker, groupId, topic, partition }, message);
