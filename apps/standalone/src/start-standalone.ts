import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { grpcOfAll } from '#contracts';
import { type Config, Shutdown } from '#platform';
import { openCore, type RunningService, startService, startTracing } from '#platform/host';
import { standaloneModule } from './standalone.module.js';

/** Where a running system writes how it is reached, for the ops commands. */
export const runningFile = (dataDir: string): string => join(dataDir, 'running.json');

/** All services, on the database of the configuration. `shopUrl` is where a simulated shop answers that was started for it. */
export async function startStandalone(
  config: Config,
  shutdown: Shutdown = new Shutdown(),
  { shopUrl }: { readonly shopUrl?: string } = {},
): Promise<RunningService> {
  try {
    await startTracing('standalone', shutdown);
    const core = await openCore(config, shutdown, {
      writer: true,
      name: 'standalone',
      onFenced: () => {
        new Logger('Standalone').fatal(
          'Another process took over the event log. This one ends; start it again if it should be the one.',
        );
        void shutdown.run().finally(() => process.exit(1));
      },
    });
    const service = await startService(standaloneModule(core), config, {
      grpc: grpcOfAll(),
      shutdown,
    });
    await announce(config, service, shopUrl, shutdown);
    return service;
  } catch (error) {
    await shutdown.run();
    throw error;
  }
}

async function announce(
  config: Config,
  { httpUrl, grpcPort }: RunningService,
  shopUrl: string | undefined,
  shutdown: Shutdown,
): Promise<void> {
  const file = runningFile(config.dataDir);
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  await writeFile(file, JSON.stringify({ pid: process.pid, httpUrl, grpcPort, shopUrl }));
  shutdown.onShutdown('running.json', () => rm(file, { force: true }));
}
