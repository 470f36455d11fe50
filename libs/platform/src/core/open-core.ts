import { hostname } from 'node:os';
import { Logger } from '@nestjs/common';
import { eventRegistry } from '#contracts';
import { type EventStore, withRegistry } from '#event-sourcing';
import { PostgresEventStore } from '#event-store-postgres';
import { type Clock, systemClock } from '#kernel';
import { openReadModels, type ReadModels, Runners } from '#read-models';
import type { Config } from '../config.js';
import { type Database, openDatabase } from '../database/index.js';
import type { Shutdown } from '../shutdown.js';
import { StartupError } from '../startup-error.js';

/** What every service leans on, opened. */
export interface Core {
  readonly store: EventStore;
  readonly readModels: ReadModels;
  readonly runners: Runners;
  readonly clock: Clock;
  readonly database: Database;
}

export interface CoreOptions {
  /** False for a program that only reads the log. */
  readonly writer: boolean;
  /** Who we are, for a second writer that is told to stay away. */
  readonly name: string;
  /** Another process took the log over: this one can append no more. */
  readonly onFenced?: () => void;
}

/**
 * Opens the database, the event store and the read models, each closed by `shutdown` in reverse. Throws
 * {@link StartupError} with a sentence when one cannot be had.
 */
export async function openCore(config: Config, shutdown: Shutdown, options: CoreOptions): Promise<Core> {
  const database = await openDatabase({
    dataDir: config.dataDir,
    ...(config.databaseUrl !== undefined && { databaseUrl: config.databaseUrl }),
    log: (message) => logger.log(message),
  });
  shutdown.onShutdown('database', () => database.close());
  const store = await openStore(database.url, options);
  shutdown.onShutdown('event store', () => store.close());
  const readModels = await openReadModels({ url: database.url, log });
  shutdown.onShutdown('read models', () => readModels.close());
  const known = withRegistry(store, eventRegistry);
  const runners = new Runners(readModels, known);
  shutdown.onShutdown('views and processes', () => runners.stop());
  return { store: known, readModels, runners, clock: systemClock, database };
}

async function openStore(url: string, { writer, name, onFenced }: CoreOptions): Promise<PostgresEventStore> {
  try {
    return await PostgresEventStore.open({
      url,
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

const log = {
  info: (fields: object, msg: string) => logger.log({ msg, ...fields }),
  warn: (fields: object, msg: string) => logger.warn({ msg, ...fields }),
  error: (fields: object, msg: string) => logger.error({ msg, ...fields }),
};
