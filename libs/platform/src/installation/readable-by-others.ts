import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/** In the data directory, and for the user alone who runs the system. */
const SECRETS = ['hash-key', 'postgres.password', 'simulated-shop-secret'];

/** A sentence for the data directory, and for every secret in it, that other users of this machine can read. */
export async function readableByOthers(dataDir: string): Promise<readonly string[]> {
  // Windows has no such modes.
  if (process.platform === 'win32') return [];
  const checked = await Promise.all([
    openTo(
      dataDir,
      '700',
      (mode) => `The data directory ${dataDir} can be read by other users of this machine (${mode})`,
    ),
    ...SECRETS.map((name) => join(dataDir, name)).map((path) =>
      openTo(path, '600', (mode) => `The secret ${path} can be read by other users of this machine (${mode})`),
    ),
  ]);
  return checked.filter((sentence) => sentence !== undefined);
}

async function openTo(path: string, wanted: string, found: (mode: string) => string): Promise<string | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats || (stats.mode & 0o077) === 0) return undefined;
  return `${found((stats.mode & 0o777).toString(8))}. Run: chmod ${wanted} ${path}`;
}
