import { hostname } from 'node:os';
import { Logger } from '@nestjs/common';
import { eventRegistry, type Publishes } from '#contracts';
import { type EventStore, withRegistry } from '#event-sourcing';
import { PostgresEventStore } from '#event-store-postgres';
import { type Clock, systemClock } from '#kernel';
import type { KafkaSettings, ServiceMessaging } from '#messaging';
import { openReadModels, type ReadModels, Runners } from '#read-models';
import type { Config } from '../config.js';
import { DATABASE_STOP_MS, type Database, openDatabase } from '../database/index.js';
import { checkHashKey } from '../installation/check-hash-key.js';
import { readableByOthers } from '../installation/readable-by-others.js';
import { logOf } from '../log-of.js';
import { collectWhenQuiet } from '../observability/collect-when-quiet.js';
import type { Shutdown } from '../shutdown.js';
import { StartupError } from '../startup-error.js';

/** What every program opens before its services. */
export interface OpenedCore {
  readonly store: EventStore;
  readonly readModels: ReadModels;
  readonly runners: Runners;
  readonly clock: Clock;
  readonly database: Database;
  /** What is not as it should be about this installation, in sentences. */
  readonly warnings?: readonly string[];
  /** Where services are processes of their own. */
  readonly messaging?: ServiceMessaging;
}

export interface CoreOptions {
  /** False for a program that only reads the log. */
  readonly writer: boolean;
  /** Who we are, for a second writer that has to stay away. */
  readonly name: string;
  /** Where the other services are met, and with what; without it they are all in this process. */
  readonly others?: { readonly kafka: KafkaSettings; readonly publishes: Publishes };
  /** Another process took the log over: this one can append no more. */
  readonly onFenced?: () => void;
}

/**
 * Opens the database, the event store and the read models, each closed by `shutdown` in reverse. Throws
 * {@link StartupError} with a sentence when one cannot be had.
 */
export async function openCore(config: Config, shutdown: Shutdown, options: CoreOptions): Promise<OpenedCore> {
  collectWhenQuiet(shutdown);
  const database = await shutdown.opened(
    'database',
    () =>
      openDatabase({
        dataDir: config.dataDir,
        ...(config.databaseUrl !== undefined && { databaseUrl: config.databaseUrl }),
        log: (message) => logger.log(message),
      }),
    (opened, end) => opened.close(end),
    { limitMs: DATABASE_STOP_MS },
  );
  const store = await shutdown.opened(
    'event store',
    () => openStore(config, database.url, options),
    (opened) => opened.close(),
  );
  const readModels = await shutdown.opened(
    'read models',
    () =>
      openReadModels({
        url: database.url,
        log,
        ...(config.databaseConnections !== undefined && { poolSize: config.databaseConnections }),
      }),
    (opened) => opened.close(),
  );
  const known = withRegistry(store, eventRegistry);
  if (options.writer) await checkHashKey(config, readModels, known);
  const warnings = await readableByOthers(config.dataDir);
  for (const warning of warnings) logger.warn(warning);
  const core = { store: known, readModels, clock: systemClock, database, warnings };
  const works = config.role !== 'api';
  if (!options.others) {
    const runners = new Runners(readModels, known, { works });
    shutdown.onShutdown('views and processes', () => runners.stop());
    return { ...core, runners };
  }
  const { kafka, publishes } = options.others;
  const { openKafka, ServiceMessaging } = await import('#messaging');
  const messaging = new ServiceMessaging(publishes, openKafka(kafka, log), readModels, known, {
    ...(kafka.sessionTimeoutMs !== undefined && { sessionTimeoutMs: kafka.sessionTimeoutMs }),
  });
  shutdown.onShutdown('messaging', () => messaging.stop());
  const runners = new Runners(readModels, known, {
    works,
    elsewhere: (reaction) => messaging.consumerOf(reaction),
    isElsewhere: (type) => messaging.isElsewhere(type),
  });
  runners.addRunner(messaging.relayRunner);
  shutdown.onShutdown('views and processes', () => runners.stop());
  return { ...core, runners, messaging };
}

async function openStore(
  { eventStoreDbUrl }: Config,
  databaseUrl: string,
  { writer, name, onFenced }: CoreOptions,
): Promise<EventStore> {
  try {
    if (eventStoreDbUrl !== undefined) {
      const { EventStoreDbStore } = await import('#event-store-eventstoredb');
      return await EventStoreDbStore.open({ url: eventStoreDbUrl, log: (message) => logger.warn(message) });
    }
    return await PostgresEventStore.open({
      url: databaseUrl,
      writer,
      holder: `${name} on ${hostname()}, process ${process.pid}`,
      log: (message) => logger.log(message),
      ...(onFenced && { onFenced }),
    });
  } catch (error) {
    throw new StartupError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

const logger = new Logger('Core');

const log = logOf(logger);
