import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { Logger } from '@nestjs/common';
import { allEvents } from '#contracts';
import { loadConfig, PinoLogger, runMain } from '#platform';
import { catalogProjections } from '../../catalog/src/catalog.module.js';
import { channelsProjections } from '../../channels/src/channels.module.js';
import { ConnectorRegistry } from '../../channels/src/connectors/connector-registry.js';
import { customersProjections } from '../../customers/src/customers.module.js';
import { inventoryProjections } from '../../inventory/src/inventory.module.js';
import { ordersProjections } from '../../orders/src/orders.module.js';
import { startStandalone } from '../../standalone/src/start-standalone.js';
import { openCoreLog } from './log/open-core-log.js';
import type { OpenLog } from './log/open-log.js';
import { type OpsDependencies, runOps } from './ops.js';
import { checkOfChannels } from './verify/channel-check.js';

const SECOND_LOOK_MS = 2_000;

// Puts the commands and the services together: the only place of this program that knows both.
await runMain(async () => {
  const config = loadConfig({ EINKLANG_LOG_LEVEL: 'warn', ...process.env });
  // The results of a command are on standard output, so what is logged goes to the other.
  Logger.overrideLogger(new PinoLogger(config.logLevel, process.stderr));
  const stop = stopOnSignals();
  process.exitCode = await runOps(process.argv.slice(2), {
    dataDir: config.dataDir,
    mappingsFolder: join(dirname(findPackageJSON(import.meta.url) ?? process.cwd()), 'apps/ops/mappings'),
    startSystem: ({ httpPort }) => startStandalone({ ...config, httpPort, grpcPort: 0 }),
    openLog: () => openCoreLog(config),
    projections: [
      ...catalogProjections,
      ...inventoryProjections,
      ...ordersProjections,
      ...customersProjections,
      ...channelsProjections,
    ],
    definitions: allEvents,
    channelCheck: (log) => channelCheck(log, stop),
    terminal: { out: process.stdout, err: process.stderr },
    signal: stop,
  } satisfies OpsDependencies);
});

function channelCheck(log: OpenLog, signal: AbortSignal) {
  const connectors = ConnectorRegistry.fromEnvironment();
  return checkOfChannels({
    store: log.store,
    connect: (address) => connectors.of(address),
    available: async (channel, skus) => {
      const rows = await log.readModels.query<{ sku: string; units: number }>(
        'select sku, (available ->> $1)::integer as units from view_stock.stock where sku = any($2) and available ? $1',
        [channel, skus],
      );
      return new Map(rows.map(({ sku, units }) => [sku, units]));
    },
    signal,
    secondLookMs: SECOND_LOOK_MS,
  });
}

/** The first signal lets a command end in order; a second one ends the process at once. */
function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(1);
      process.stderr.write('\nStopping …\n');
      controller.abort();
    });
  }
  return controller.signal;
}
