import { flushCompileCache } from 'node:module';
import { Logger } from '@nestjs/common';
import { Command, InvalidArgumentError } from 'commander';
import { type Config, endOnSignals, loadConfig, PinoLogger, runMain, Shutdown } from '#platform';
import { runDemo } from './demo/run-demo.js';
import { hasShop, shopSecretIn } from './simulated-shop/shop-files.js';
import { startWithShop } from './simulated-shop/start-with-shop.js';
import { startStandalone } from './start-standalone.js';

interface Options {
  readonly demo?: true;
  readonly rate?: number;
  readonly seconds?: number;
}

const program = new Command('einklang')
  .description('Runs every service of Einklang in one process.')
  .option('--demo', 'open five simulated channels, a catalogue and shoppers, and show what happens')
  .option(
    '--rate <orders per second>',
    'with --demo: how much the shoppers buy over all channels (default: 40)',
    positive,
  )
  .option('--seconds <seconds>', 'with --demo: end by itself, with exit code 1 if anything was oversold', positive)
  .addHelpText(
    'after',
    '\nPorts, data directory and secrets come from the environment: see apps/standalone/README.md.',
  );

await runMain(async () => {
  const options = program.parse().opts<Options>();
  const config = loadConfig({ EINKLANG_LOG_LEVEL: options.demo ? 'warn' : 'info', ...definedIn(process.env) });
  Logger.overrideLogger(new PinoLogger(config.logLevel));
  const shutdown = new Shutdown();
  endOnSignals(shutdown);
  if (options.demo) await demo(config, shutdown, options);
  else await start(config, shutdown);
  // By itself Node writes it when a process ends, and one that is killed never does.
  flushCompileCache();
});

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

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

function definedIn(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
}
