import { z } from 'zod';
import { defineSettings, type Setting } from './define-settings.js';
import { contentOfFile, numberFrom, oneOf, port } from './shapes.js';

// Every environment variable that a program of ours reads. docs/settings.md, `--help` of the services, the check of
// misspelt names and the checks of deploy/ come from here.

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export const ROLES = ['all', 'api', 'worker'] as const;

/** Of every program. */
export const processSettings = defineSettings({
  of: 'Every program',
  settings: {
    EINKLANG_DATA_DIR: {
      shape: z.string().optional(),
      unset: '`.data` in the project',
      says: 'everything this installation keeps on disk',
    },
    DATABASE_URL: {
      shape: z
        .url({ protocol: /^postgres(ql)?$/, error: 'an address such as postgres://user@host:5432/name' })
        .optional(),
      unset: 'the embedded PostgreSQL',
      says: '`postgres://…` of a server of your own; then nothing of ours is started. A service alone has one to itself',
      secret: true,
      neededAlone: true,
    },
    EINKLANG_DATABASE_CONNECTIONS: {
      shape: numberFrom(4, 200, 'a number of connections').optional(),
      unset: '16',
      says: 'connections to PostgreSQL at most, for views and processes',
    },
    EVENTSTOREDB_URL: {
      shape: z
        .string()
        .regex(/^esdb(\+discover)?:\/\/\S+$/, 'an address such as esdb://user:password@host:2113')
        .optional(),
      unset: 'the log is in PostgreSQL',
      says: 'the log that services share, such as `esdb://user:password@host:2113`',
      secret: true,
      neededAlone: true,
    },
    EINKLANG_ROLE: {
      shape: oneOf(ROLES).default('all'),
      says: '`api` answers requests; `worker` does views, processes, relays; `all` does both',
    },
    EINKLANG_HOST: {
      shape: z.string().regex(/^\S+$/, 'a host name or address to listen on, such as 127.0.0.1').default('127.0.0.1'),
      says: 'address to listen on',
    },
    EINKLANG_HTTP_PORT: { shape: port(3000), says: 'REST, health and metrics; 0 takes any free port' },
    EINKLANG_GRPC_PORT: { shape: port(5051), says: 'gRPC; 0 takes any free port' },
    EINKLANG_HASH_KEY: {
      shape: z
        .string()
        .min(32, 'a secret of at least 32 characters')
        .regex(/^(?!hex:)|^hex:([0-9a-f]{2}){32,}$/, 'hex: and at least 64 hexadecimal digits, or another secret')
        .optional(),
      unset: 'the file `hash-key`',
      says: 'secret of at least 32 characters for hashes of personal data, the same for all services; `hex:` and the digits of a file `hash-key` are that key',
      secret: true,
      neededAlone: true,
    },
    EINKLANG_LOG_LEVEL: {
      shape: oneOf(LOG_LEVELS).default('info'),
      says: `${LOG_LEVELS.join(', ')}; the demo starts at \`warn\``,
    },
  },
});

/** Where services are processes of their own. */
export const kafkaSettings = defineSettings({
  of: 'Kafka: every service that runs alone, and `ops topics`',
  settings: {
    KAFKA_BROKERS: {
      shape: z
        .string('set: one or more host:port, separated by commas')
        .regex(/^\s*[^\s,:]+:\d{1,5}\s*(,\s*[^\s,:]+:\d{1,5}\s*)*$/, 'one or more host:port, separated by commas')
        .transform((text) => text.split(',').map((broker) => broker.trim())),
      says: '`host:port`, separated by commas',
      neededAlone: true,
    },
    KAFKA_CLIENT_ID: { shape: z.string().default('einklang'), says: 'name in the logs of the brokers' },
    KAFKA_SESSION_TIMEOUT_MS: {
      shape: numberFrom(6_000, 300_000, 'a number of milliseconds').optional(),
      unset: '30000',
      says: 'a process not heard of for so long loses its partitions',
    },
    KAFKA_TLS: {
      shape: oneOf(['true', 'false']).optional(),
      says: '`true` for TLS with the authorities of the system',
    },
    KAFKA_TLS_CA_FILE: { shape: contentOfFile.optional(), says: 'PEM file; any of these three turns TLS on' },
    KAFKA_TLS_CERT_FILE: { shape: contentOfFile.optional(), says: 'PEM file' },
    KAFKA_TLS_KEY_FILE: { shape: contentOfFile.optional(), says: 'PEM file' },
    KAFKA_SASL_MECHANISM: {
      shape: z.enum(['plain', 'scram-sha-256', 'scram-sha-512'], 'plain, scram-sha-256 or scram-sha-512').optional(),
      says: '`plain`, `scram-sha-256` or `scram-sha-512`',
    },
    KAFKA_SASL_USERNAME: { shape: z.string().optional(), says: 'the login' },
    KAFKA_SASL_PASSWORD: {
      shape: z.string().optional(),
      says: 'the password; or KAFKA_SASL_PASSWORD_FILE',
      secret: true,
    },
    KAFKA_SASL_PASSWORD_FILE: { shape: contentOfFile.optional(), says: 'a file that holds it' },
  },
  check: (values) => {
    if (!values.KAFKA_SASL_MECHANISM) return {};
    const rule = 'set where KAFKA_SASL_MECHANISM is';
    return {
      ...(!values.KAFKA_SASL_USERNAME && { KAFKA_SASL_USERNAME: rule }),
      ...(!(values.KAFKA_SASL_PASSWORD ?? values.KAFKA_SASL_PASSWORD_FILE) && { KAFKA_SASL_PASSWORD: rule }),
    };
  },
});

/** Of the service channels. */
export const channelsSettings = defineSettings({
  of: 'The service channels',
  settings: {
    EINKLANG_POLL_ORDERS_SECONDS: {
      shape: numberFrom(1, 86_400).default(30),
      says: "between two pulls of a channel's orders",
    },
    EINKLANG_DRIFT_CHECK_SECONDS: {
      shape: numberFrom(0, 86_400).default(900),
      says: 'between two drift checks of a channel, 0 for none',
    },
    EINKLANG_INTAKE_MAX_WAITING: {
      shape: numberFrom(1, 10_000_000).default(100_000),
      says: 'sales that may wait before webhooks are answered with 429',
    },
  },
});

/** Of the service channels, where it runs alone. */
export const ordersClientSettings = defineSettings({
  of: 'The service channels, where it runs alone',
  settings: {
    ORDERS_URL: {
      shape: z
        .url({ protocol: /^https?$/, error: 'the address of the orders service, such as http://orders:3000' })
        .transform((url) => url.replace(/\/+$/, '')),
      says: 'where orders answers, such as `http://orders:3000`',
      neededAlone: true,
    },
  },
});

const simulatedShopSecret = {
  says: 'at least 32 characters, shared by the connector `simulated` and the simulated shop: credentials of all channels derive from it',
  secret: true,
} as const;

/** What connectors share with the channels. */
export const connectorSettings = defineSettings({
  of: 'Connectors',
  settings: {
    SIMULATED_SHOP_SECRET: {
      ...simulatedShopSecret,
      shape: z.string().optional(),
      unset: 'that connector is off; a data directory with a shop keeps one',
    },
  },
});

/** Of the simulated shop. */
export const simulatedShopSettings = defineSettings({
  of: 'The simulated shop',
  settings: {
    SIMULATED_SHOP_PORT: { shape: port(0), says: 'the port; 0 takes any free one' },
    SIMULATED_SHOP_FILE: {
      shape: z.string().default(':memory:'),
      says: 'the SQLite file; `:memory:` keeps nothing',
    },
    SIMULATED_SHOP_SECRET: {
      ...simulatedShopSecret,
      shape: z.string('set: tokens and webhook keys are derived from it').min(32, 'a secret of at least 32 characters'),
    },
  },
});

const foreignText = (says: string, unset?: string): Setting<z.ZodOptional<z.ZodString>> => ({
  shape: z.string().optional(),
  says,
  foreign: true,
  ...(unset !== undefined && { unset }),
});

/** As the SDK of OpenTelemetry reads them. */
export const tracingSettings = defineSettings({
  of: 'Traces, as OpenTelemetry has them',
  settings: {
    OTEL_EXPORTER_OTLP_ENDPOINT: foreignText('where a collector takes OTLP over HTTP', 'no traces'),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: foreignText('the same, for traces alone'),
    OTEL_SERVICE_NAME: foreignText('name of this program in traces', 'the name of the service'),
    OTEL_TRACES_SAMPLER: foreignText(
      '`always_on`, `always_off` or `traceidratio`, with or without `parentbased_` before it',
      'parentbased_always_on',
    ),
    OTEL_TRACES_SAMPLER_ARG: foreignText('the share for `traceidratio`, 0 to 1', '1'),
  },
});

/** All groups, in the order of their documentation. */
export const allSettings = [
  processSettings,
  kafkaSettings,
  channelsSettings,
  ordersClientSettings,
  connectorSettings,
  simulatedShopSettings,
  tracingSettings,
] as const;

/** Every setting by name. */
export const settingsByName: ReadonlyMap<string, Setting> = new Map(
  allSettings.flatMap(({ settings }) => Object.entries<Setting>(settings)),
);
