import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';

/** What the simulated shop of a data directory remembers, created at its first start. */
export const shopFile = (dataDir: string): string => join(dataDir, 'simulated-shop.sqlite');

/** Whether channels of this data directory were ever played by its simulated shop. */
export const hasShop = (dataDir: string): boolean => existsSync(shopFile(dataDir));

/**
 * SIMULATED_SHOP_SECRET of the environment, or else the secret in `<dataDir>/simulated-shop-secret` (mode 0600), made
 * once. The connector `simulated` must be given the same.
 */
export async function shopSecretIn(dataDir: string, environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const given = environment.SIMULATED_SHOP_SECRET;
  if (given) return given;
  const file = join(dataDir, 'simulated-shop-secret');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  try {
    await writeFile(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if (!(isNativeError(error) && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}
