import { flushCompileCache } from 'node:module';
import { Logger } from '@nestjs/common';
import { type Config, endOnSignals, Shutdown } from '#platform';
import { DATABASE_STOP_MS, PinoLogger, type ProcessEnd, stopDatabaseLeft } from '#platform/host';
import { hasShop, shopSecretIn } from '../../simulated-shop/src/process/shop-files.js';
import { runDemo } from './demo/run-demo.js';
import { startStandalone } from './start-standalone.js';
import { startWithShop } from './start-with-shop.js';

export interface Options {
  readonly demo?: true;
  readonly rate?: number;
  readonly seconds?: number;
}

/** Starts the system as the command line says. */
export async function run(config: Config, options: Options, signals?: ProcessEnd): Promise<void> {
  Logger.overrideLogger(new PinoLogger(config.logLevel));
  const shutdown = new Shutdown();
  shutdown.onShutdown('the database that was started ahead', () => stopDatabaseLeft(config), {
    limitMs: DATABASE_STOP_MS,
  });
  endOnSignals(shutdown, signals);
  try {
    if (options.demo) await demo(config, shutdown, options);
    else await start(config, shutdown);
  } catch (error) {
    await shutdown.run();
    // The signal ends the process.
    if (!shutdown.isInterrupted) throw error;
  }
  // By itself Node writes it when a process ends, and one that is killed never does.
  flushCompileCache();
}

/** Where channels of the data directory are played by its simulated shop, that goes on as well. */
async function start(config: Config, shutdown: Shutdown): Promise<void> {
  if (hasShop(config.dataDir)) {
    const { httpUrl, grpcPort, shopUrl } = await startWithShop(config, shutdown);
    tellStarted(httpUrl, grpcPort, `, its simulated shop at ${shopUrl}`);
  } else {
    const { httpUrl, grpcPort } = await startStandalone(config, shutdown);
    tellStarted(httpUrl, grpcPort, '');
  }
}

function tellStarted(httpUrl: string, grpcPort: number | undefined, shop: string): void {
  process.stdout.write(
    `Einklang answers at ${httpUrl} (API docs: ${httpUrl}/docs), gRPC on port ${grpcPort}${shop}. Ctrl-C ends it.\n`,
  );
}

/** The same system with simulated shops, and shoppers in them. */
async function demo(config: Config, shutdown: Shutdown, { rate, seconds }: Options): Promise<void> {
  process.stdout.write('Starting Einklang and its database …\n');
  const { httpUrl, shopUrl } = await startWithShop(config, shutdown);
  const demonstration = runDemo({
    baseUrl: httpUrl,
    shopUrl,
    secret: await shopSecretIn(config.dataDir),
    screen: process.stdout,
    signal: shutdown.signal,
    ...(seconds !== undefined && { seconds }),
    ...(rate !== undefined && { ordersPerSecond: rate }),
  });
  const ended = demonstration.catch(() => undefined);
  shutdown.onShutdown('demo', async () => void (await ended));
  const { exitCode } = await demonstration;
  const clean = await shutdown.run();
  process.exit(clean ? exitCode : 1);
}
