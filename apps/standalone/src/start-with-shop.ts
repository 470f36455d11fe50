import { Logger } from '@nestjs/common';
import { z } from 'zod';
import { JsonClient } from '#client';
import { type Config, Shutdown } from '#platform';
import { type RunningService } from '#platform/host';
import { shopSecretIn } from '../../simulated-shop/src/process/shop-files.js';
import { startShopProcess } from '../../simulated-shop/src/process/shop-process.js';
import { startStandalone } from './start-standalone.js';

export interface RunningWithShop extends RunningService {
  /** Where the simulated shop answers; a channel is below it. */
  readonly shopUrl: string;
}

/** The system with the connector `simulated`, and the simulated shop of its data directory beside it. */
export async function startWithShop(config: Config, shutdown: Shutdown = new Shutdown()): Promise<RunningWithShop> {
  const { dataDir } = config;
  const secret = await shopSecretIn(dataDir);
  process.env.SIMULATED_SHOP_SECRET = secret;
  const logger = new Logger('SimulatedShop');
  const { url: shopUrl, close } = await startShopProcess({ dataDir, secret, log: (line) => logger.warn(line) });
  // Registered first, so it ends last: nothing pushes to it any more.
  shutdown.onShutdown('the simulated shop', close);
  const service = await startStandalone(config, shutdown, { shopUrl });
  await tellAddress(shopUrl, new JsonClient(service.httpUrl, { signal: shutdown.signal, connectAttempts: 20 }));
  return { ...service, shopUrl };
}

/**
 * The shop takes another port at every start, so the channels it plays get its new address. They are those at an
 * address of the loopback interface: no other shop listens there.
 */
async function tellAddress(shopUrl: string, einklang: JsonClient): Promise<void> {
  const { items } = await einklang.ask({ method: 'GET', path: '/v1/channels' }, channels);
  for (const { channel, ...settings } of items) {
    if (settings.connector !== 'simulated' || !isLoopback(settings.baseUrl) || settings.baseUrl === shopUrl) continue;
    const body = { ...settings, baseUrl: shopUrl };
    await einklang.ask({ method: 'PUT', path: `/v1/channels/${channel}`, body }, z.unknown());
  }
}

const isLoopback = (url: string): boolean => new URL(url).hostname === '127.0.0.1';

const channels = z.object({
  items: z.array(
    z.object({
      channel: z.string(),
      name: z.string(),
      connector: z.string(),
      currency: z.string(),
      baseUrl: z.string(),
      pushesPerSecond: z.int(),
    }),
  ),
});
