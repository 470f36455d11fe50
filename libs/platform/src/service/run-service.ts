import { type DynamicModule, Logger, type Type } from '@nestjs/common';
import { Command } from 'commander';
import { descriptionOf, type Publishes } from '#contracts';
import type { KafkaSettings } from '#messaging';
import { kafkaSettings, processSettings, type Setting, settingsHelp } from '#settings';
import { type Config, loadConfig } from '../config.js';
import { CoreModule } from '../core/core.module.js';
import { openCore } from '../core/open-core.js';
import { PinoLogger } from '../logger.js';
import { startTracing } from '../observability/start-tracing.js';
import { runMain } from '../run-main.js';
import { endOnSignals, Shutdown } from '../shutdown.js';
import { type RunningService, startService } from '../start.js';
import { StartupError } from '../startup-error.js';

/** A service as a program of its own. */
export interface ServiceProgram {
  /** Names the service, and says what the others get of its events. */
  readonly publishes: Publishes;
  /** Settings of this service alone, for `--help`. */
  readonly settings?: readonly Parameters<typeof settingsHelp>[0][number][];
  /** The modules of the service, and what binds its ports to the outside. */
  readonly modules: readonly (Type | DynamicModule)[];
}

/** The main function of a service: reads the environment, starts, tells where it answers, ends on SIGTERM and Ctrl-C. */
export function runService(program: ServiceProgram): Promise<void> {
  return runMain(async () => {
    const name = program.publishes.service;
    new Command(`einklang-${name}`)
      .description(descriptionOf(name).does)
      .addHelpText(
        'after',
        `\nEnvironment:\n${settingsHelp([processSettings, kafkaSettings, ...(program.settings ?? [])])}\n\n${MORE}`,
      )
      .parse();
    requireSettings();
    const config = loadConfig();
    Logger.overrideLogger(new PinoLogger(config.logLevel));
    const shutdown = new Shutdown();
    endOnSignals(shutdown);
    const { httpUrl, grpcPort } = await startAlone(program, config, shutdown);
    process.stdout.write(
      `${name} (${config.role}) answers at ${httpUrl}${grpcPort === undefined ? '' : `, gRPC on port ${grpcPort}`}. Ctrl-C ends it.\n`,
    );
  });
}

class ServiceModule {}

async function startAlone(program: ServiceProgram, config: Config, shutdown: Shutdown): Promise<RunningService> {
  try {
    const { publishes, modules } = program;
    await startTracing(publishes.service, shutdown);
    const core = await openCore(config, shutdown, {
      writer: true,
      name: publishes.service,
      others: { kafka: await kafkaOf(), publishes },
    });
    const { grpc } = descriptionOf(publishes.service);
    const root = { module: ServiceModule, imports: [CoreModule.over(core), ...modules] };
    return await startService(root, config, { ...(grpc && { grpc }), shutdown });
  } catch (error) {
    await shutdown.run();
    throw error;
  }
}

/** Services share the log, so each needs a store and a database that several processes can use. */
function requireSettings(): void {
  const settings = Object.entries<Setting>({ ...processSettings.settings, ...kafkaSettings.settings });
  const missing = settings.filter(([variable, { neededAlone }]) => neededAlone && !process.env[variable]);
  if (missing.length === 0) return;
  throw new StartupError(
    `A service of its own needs ${missing.map(([variable]) => variable).join(', ')}. To run everything in one process without them: npm start.`,
  );
}

async function kafkaOf(): Promise<KafkaSettings> {
  const { kafkaSettingsFrom } = await import('#messaging');
  try {
    return kafkaSettingsFrom(process.env);
  } catch (error) {
    throw new StartupError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

const MORE = 'The topics have to be there before: npm run ops -- topics --apply';
