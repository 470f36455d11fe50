import { z } from 'zod';
import { startSimulatedShop } from './start-simulated-shop.js';

const environment = z.object({
  SIMULATED_SHOP_PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port number; 0 takes any free port')
    .transform(Number)
    .default(0),
  SIMULATED_SHOP_SECRET: z
    .string('must be set: tokens and webhook keys are derived from it')
    .min(32, 'must have at least 32 characters'),
  SIMULATED_SHOP_FILE: z.string().min(1, 'must be a path or :memory:').default(':memory:'),
});

process.exitCode = await main();

/** The shop as a process of its own: prints `{"listening": <port>}` once it answers. */
async function main(): Promise<number> {
  const settings = environment.safeParse(process.env);
  if (!settings.success) {
    console.error(settings.error.issues.map(({ path, message }) => `${path.join('.')} ${message}.`).join('\n'));
    return 1;
  }
  const { SIMULATED_SHOP_PORT: port, SIMULATED_SHOP_SECRET: secret, SIMULATED_SHOP_FILE: file } = settings.data;
  try {
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
