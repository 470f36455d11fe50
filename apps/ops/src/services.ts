import { hostname } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Logger } from '@nestjs/common';
import { allEvents, type ServiceName } from '#contracts';
import { type Config } from '#platform';
import { PinoLogger } from '#platform/host';
import type { Projection } from '#read-models';
import { ConnectorRegistry, connectorsFrom } from '../../channels/src/connectors/connector-registry.js';
import { hasShop, shopSecretIn } from '../../simulated-shop/src/process/shop-files.js';
import { startShopProcess } from '../../simulated-shop/src/process/shop-process.js';
import { serviceParts } from '../../standalone/src/services.js';
import { startStandalone } from '../../standalone/src/start-standalone.js';
import { startWithShop } from '../../standalone/src/start-with-shop.js';
import { openServiceDatabase } from './database/open-database.js';
import type { OpenedDatabase } from './database/with-database.js';
import { openCoreLog } from './log/open-core-log.js';
import type { OpenLog } from './log/open-log.js';
import { openSource as openSourceLog } from './migrate-store/open-source.js';
import { openTarget as openTargetLog } from './migrate-store/open-target.js';
import type { SourceLog } from './migrate-store/source-log.js';
import type { TargetLog } from './migrate-store/target-log.js';
import type { RunningSystem, SystemOptions } from './system/system.js';
import { type ChannelCheck, checkOfChannels } from './verify/channel-check.js';
import { StandInShop } from './verify/stand-in-shop.js';

// Everything of ops that knows the services. Loading it takes the memory of the whole system, so only what needs it does.

// From here on speed counts.
setFlagsFromString('--no-memory-saver-mode');

export { allEvents };

/** The views of a service, or of all. */
export const projectionsOf = (service: ServiceName | undefined): readonly Projection[] =>
  service
    ? serviceParts[service].projections
    : [...new Set(Object.values(serviceParts).flatMap(({ projections }) => projections))];

/** The whole system in this process. */
export async function startSystem(
  config: Config,
  { httpPort, needsShop }: Omit<SystemOptions, 'dataDir'>,
): Promise<RunningSystem> {
  logToErrorOutput(config);
  const settings = { ...config, httpPort, grpcPort: 0 };
  return needsShop || hasShop(config.dataDir) ? startWithShop(settings) : startStandalone(settings);
}

/** See {@link openCoreLog}. */
export function openLog(config: Config): Promise<OpenLog> {
  logToErrorOutput(config);
  return openCoreLog(config);
}

/** See {@link openServiceDatabase}. */
export function openDatabase(config: Config): Promise<OpenedDatabase> {
  logToErrorOutput(config);
  return openServiceDatabase({ ...config, log });
}

/** See {@link openSourceLog}. */
export function openSource(config: Config): Promise<SourceLog> {
  logToErrorOutput(config);
  return openSourceLog({ ...config, holder: MIGRATION, log });
}

/** See {@link openTargetLog}. */
export const openTarget = (url: string): Promise<TargetLog> => openTargetLog(url, MIGRATION);

const MIGRATION = `ops migrate-store on ${hostname()}, process ${process.pid}`;

const log = (message: string): void => new Logger('ops').log(message);

/** The check of all channels that have a connector here. */
export async function channelCheck(config: Config, log: OpenLog, signal: AbortSignal): Promise<ChannelCheck> {
  const { dataDir } = config;
  const secret = hasShop(dataDir) ? await shopSecretIn(dataDir) : process.env.SIMULATED_SHOP_SECRET;
  const connectors = new ConnectorRegistry(connectorsFrom({ SIMULATED_SHOP_SECRET: secret }));
  const logger = new Logger('SimulatedShop');
  const standIn = new StandInShop({
    connect: (channel) => connectors.of(channel),
    startShop: async () =>
      secret !== undefined && hasShop(dataDir)
        ? startShopProcess({ dataDir, secret, log: (line) => logger.warn(line) })
        : undefined,
    signal,
  });
  return checkOfChannels({
    store: log.store,
    connect: (channel) => standIn.connect(channel),
    close: () => standIn.close(),
    available: async (channel, skus) => {
      const rows = await log.readModels.query<{ sku: string; units: number }>(
        'select sku, (available ->> $1)::bigint as units from view_stock.stock where sku = any($2) and available ? $1',
        [channel, skus],
      );
      return new Map(rows.map(({ sku, units }) => [sku, units]));
    },
    signal,
    secondLookMs: SECOND_LOOK_MS,
  });
}

const SECOND_LOOK_MS = 2_000;

/** The results of a command are on standard output, so what is logged goes to the other. */
function logToErrorOutput({ logLevel }: Config): void {
  Logger.overrideLogger(new PinoLogger(logLevel, process.stderr));
}
