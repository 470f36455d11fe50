import { Shutdown } from '#platform';
import { openDatabase } from '#platform/host';
import { openReadModels } from '#read-models';
import type { OpenedDatabase } from './with-database.js';

/** See {@link OpenedDatabase}. Throws StartupError when it cannot be had. */
export async function openServiceDatabase(options: {
  readonly dataDir: string;
  readonly databaseUrl?: string;
  readonly log: (message: string) => void;
}): Promise<OpenedDatabase> {
  const shutdown = new Shutdown();
  const close = async (): Promise<void> => {
    await shutdown.run();
  };
  try {
    const database = await openDatabase(options);
    shutdown.onShutdown('database', () => database.close());
    const readModels = await openReadModels({ url: database.url, poolSize: 1 });
    shutdown.onShutdown('read models', () => readModels.close());
    return { url: database.url, readModels, close };
  } catch (error) {
    await close();
    throw error;
  }
}
