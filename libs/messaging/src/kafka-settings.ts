import { readFileSync } from 'node:fs';
import { z } from 'zod';

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

/**
 * The settings in `environment`: KAFKA_BROKERS (comma-separated), KAFKA_CLIENT_ID, KAFKA_TLS (`true`), KAFKA_TLS_CA_FILE,
 * KAFKA_TLS_CERT_FILE, KAFKA_TLS_KEY_FILE, KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD or
 * KAFKA_SASL_PASSWORD_FILE. An empty value counts as unset. Throws a `TypeError` with a sentence per wrong value; secrets
 * are not repeated in it.
 */
export function kafkaSettingsFrom(environment: Readonly<Record<string, string | undefined>>): KafkaSettings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success)
    throw new TypeError(
      parsed.error.issues.map(({ path, message }) => `${String(path[0])} must be ${message}.`).join('\n'),
    );
  const values = parsed.data;
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

const file = z.string().transform((path, context) => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    context.addIssue('the path of a file that can be read');
    return z.NEVER;
  }
});

const SESSION_RULE = 'a number of milliseconds from 6000 to 300000';

/** Each message continues the sentence "<variable> must be …". */
const environmentSchema = z
  .object({
    KAFKA_BROKERS: z
      .string('set: one or more host:port, separated by commas')
      .regex(/^\s*[^\s,:]+:\d{1,5}\s*(,\s*[^\s,:]+:\d{1,5}\s*)*$/, 'one or more host:port, separated by commas')
      .transform((text) => text.split(',').map((broker) => broker.trim())),
    KAFKA_CLIENT_ID: z.string().default('einklang'),
    KAFKA_SESSION_TIMEOUT_MS: z
      .string()
      .regex(/^\d{4,6}$/, SESSION_RULE)
      .transform(Number)
      .pipe(z.int().min(6_000, SESSION_RULE).max(300_000, SESSION_RULE))
      .optional(),
    KAFKA_TLS: z.enum(['true', 'false'], 'true or false').optional(),
    KAFKA_TLS_CA_FILE: file.optional(),
    KAFKA_TLS_CERT_FILE: file.optional(),
    KAFKA_TLS_KEY_FILE: file.optional(),
    KAFKA_SASL_MECHANISM: z
      .enum(['plain', 'scram-sha-256', 'scram-sha-512'], 'plain, scram-sha-256 or scram-sha-512')
      .optional(),
    KAFKA_SASL_USERNAME: z.string().optional(),
    KAFKA_SASL_PASSWORD: z.string().optional(),
    KAFKA_SASL_PASSWORD_FILE: file.optional(),
  })
  .superRefine((values, context) => {
    if (!values.KAFKA_SASL_MECHANISM) return;
    const demand = (path: string) =>
      context.addIssue({ code: 'custom', path: [path], message: 'set where KAFKA_SASL_MECHANISM is' });
    if (!values.KAFKA_SASL_USERNAME) demand('KAFKA_SASL_USERNAME');
    if (!(values.KAFKA_SASL_PASSWORD ?? values.KAFKA_SASL_PASSWORD_FILE)) demand('KAFKA_SASL_PASSWORD');
  });

type Environment = z.output<typeof environmentSchema>;

function tlsOf(values: Environment): KafkaSettings['tls'] {
  const { KAFKA_TLS_CA_FILE: ca, KAFKA_TLS_CERT_FILE: cert, KAFKA_TLS_KEY_FILE: key } = values;
  if (values.KAFKA_TLS === 'false' || !(values.KAFKA_TLS ?? ca ?? cert ?? key)) return undefined;
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
}

function saslOf(values: Environment): KafkaSettings['sasl'] {
  if (!values.KAFKA_SASL_MECHANISM) return undefined;
  return {
    mechanism: values.KAFKA_SASL_MECHANISM,
    username: values.KAFKA_SASL_USERNAME ?? '',
    password: values.KAFKA_SASL_PASSWORD ?? values.KAFKA_SASL_PASSWORD_FILE ?? '',
  };
}
