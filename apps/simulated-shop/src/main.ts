import { readSettings, simulatedShopSettings } from '#settings';
import { startSimulatedShop } from './start-simulated-shop.js';

process.exitCode = await main();

/** The shop as a process of its own: prints `{"listening": <port>}` once it answers. */
async function main(): Promise<number> {
  try {
    const settings = readSettings(simulatedShopSettings, process.env);
    const { SIMULATED_SHOP_PORT: port, SIMULATED_SHOP_SECRET: secret, SIMULATED_SHOP_FILE: file } = settings;
    const shop = await startSimulatedShop({ port, secret, file });
    process.stdout.write(`${JSON.stringify({ listening: shop.port })}\n`);
    await askedToStop();
    await shop.close();
    // An open channel to the parent would keep this process alive.
    if (process.connected) process.disconnect();
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

/** By a signal, or because the process that started this one is gone: shoppers must not go on without anybody to look. */
function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    if (process.connected) process.once('disconnect', () => resolve());
  });
}
