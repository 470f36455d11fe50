import { type Environment, kafkaSettings, readSettings, type SettingsGroup, type ValuesOf } from '#settings';

/** How the brokers are reached. */
export interface KafkaSettings {
  /** `host:port`, one or more of the cluster. */
  readonly brokers: readonly string[];
  /** Name of this program in the logs of the brokers. */
  readonly clientId: string;
  /** Absent for plain TCP. Certificates and key in PEM. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** A process that Kafka has not heard of for so long loses its partitions to its group; 30,000 unless given. */
  readonly sessionTimeoutMs?: number;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
}

/** The settings in `environment`. Throws {@link WrongSettings} of `#settings` with a sentence per wrong value. */
export function kafkaSettingsFrom(environment: Environment): KafkaSettings {
  const values = readSettings(kafkaSettings, environment);
  const tls = tlsOf(values);
  const sasl = saslOf(values);
  return {
    brokers: values.KAFKA_BROKERS,
    clientId: values.KAFKA_CLIENT_ID,
    ...(values.KAFKA_SESSION_TIMEOUT_MS !== undefined && { sessionTimeoutMs: values.KAFKA_SESSION_TIMEOUT_MS }),
    ...(tls && { tls }),
    ...(sasl && { sasl }),
  };
}

type Values = typeof kafkaSettings extends SettingsGroup<infer Shapes> ? ValuesOf<Shapes> : never;

function tlsOf(values: Values): KafkaSettings['tls'] {
  const { KAFKA_TLS_CA_FILE: ca, KAFKA_TLS_CERT_FILE: cert, KAFKA_TLS_KEY_FILE: key } = values;
  if (values.KAFKA_TLS === 'false' || !(values.KAFKA_TLS ?? ca ?? cert ?? key)) return undefined;
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
}

function saslOf(values: Values): KafkaSettings['sasl'] {
  if (!values.KAFKA_SASL_MECHANISM) return undefined;
  return {
    mechanism: values.KAFKA_SASL_MECHANISM,
    username: values.KAFKA_SASL_USERNAME ?? '',
    password: values.KAFKA_SASL_PASSWORD ?? values.KAFKA_SASL_PASSWORD_FILE ?? '',
  };
}
