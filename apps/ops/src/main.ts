import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { JsonClient } from '#client';
// Not by the name of the library: that would load all of it, which takes the memory of the whole system.
import { type Config, loadConfig } from '../../../libs/platform/src/config.js';
import { StartupError } from '../../../libs/platform/src/startup-error.js';
import { shopSecretIn } from '../../simulated-shop/src/process/shop-files.js';
import { Shops } from '../../standalone/src/demo/shops.js';
import { runOps } from './ops.js';

// A client beside a running system should be small: half the memory for a third more of its time. `services.ts` ends it.
setFlagsFromString('--memory-saver-mode');

process.exitCode = await main();

async function main(): Promise<number> {
  const config = configOf(process.env);
  if (!config) return 1;
  const { dataDir } = config;
  const signal = stopOnSignals();
  const services = () => import('./services.js');
  return runOps(process.argv.slice(2), {
    dataDir,
    mappingsFolder: join(dirname(findPackageJSON(import.meta.url) ?? process.cwd()), 'apps/ops/mappings'),
    startSystem: async (options) => (await services()).startSystem(config, options),
    openShop: async (url, stop) =>
      new Shops(new JsonClient(url, { signal: stop, connectAttempts: 20 }), await shopSecretIn(dataDir)),
    openLog: async () => (await services()).openLog(config),
    openDatabase: async () => (await services()).openDatabase(config),
    openSource: async () => (await services()).openSource(config),
    openTarget: async (url) => (await services()).openTarget(url),
    projections: async (service) => (await services()).projectionsOf(service),
    definitions: async () => (await services()).allEvents,
    channelCheck: async (log) => (await services()).channelCheck(config, log, signal),
    terminal: { out: process.stdout, err: process.stderr },
    signal,
  });
}

function configOf(environment: NodeJS.ProcessEnv): Config | undefined {
  try {
    return loadConfig({ EINKLANG_LOG_LEVEL: 'warn', ...environment });
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return undefined;
  }
}

/**
 * The first signal lets a command end in order, as does a reader who has seen enough (`ops show … | head`); a second one
 * ends the process at once.
 */
function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    controller.abort();
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(1);
      process.stderr.write('\nStopping …\n');
      controller.abort();
    });
  }
  return controller.signal;
}
