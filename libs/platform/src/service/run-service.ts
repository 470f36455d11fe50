import { type DynamicModule, Logger, type Type } from '@nestjs/common';
import { Command } from 'commander';
import { descriptionOf, type Publishes } from '#contracts';
import type { KafkaSettings } from '#messaging';
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
  /** Lines of `--help` for settings of this service alone. */
  readonly settings?: string;
  /** The modules of the service, and what binds its ports to the outside. */
  readonly modules: readonly (Type | DynamicModule)[];
}

/** The main function of a service: reads the environment, starts, tells where it answers, ends on SIGTERM and Ctrl-C. */
export function runService(program: ServiceProgram): Promise<void> {
  return runMain(async () => {
    const name = program.publishes.service;
    new Command(`einklang-${name}`)
      .description(descriptionOf(name).does)
      .addHelpText('after', `\n${SETTINGS}${program.settings ?? ''}\n${MORE}`)
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
      others: { kafka: await kafkaSettings(), publishes },
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
  const missing = Object.entries(NEEDED).filter(([variable]) => !process.env[variable]);
  if (missing.length === 0) return;
  throw new StartupError(
    `A service of its own needs ${missing.map(([variable, meaning]) => `${variable} (${meaning})`).join(', ')}. To run everything in one process without them: npm start.`,
  );
}

const NEEDED = {
  EVENTSTOREDB_URL: 'the log that all services share',
  DATABASE_URL: 'the PostgreSQL of this service',
  KAFKA_BROKERS: 'where the services meet',
  EINKLANG_HASH_KEY: 'the same secret for all services',
};

async function kafkaSettings(): Promise<KafkaSettings> {
  const { kafkaSettingsFrom } = await import('#messaging');
  try {
    return kafkaSettingsFrom(process.env);
  } catch (error) {
    throw new StartupError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

const SETTINGS = `Environment:
  EVENTSTOREDB_URL     the log, such as esdb://user:password@host:2113 (needed)
  DATABASE_URL         the PostgreSQL of this service (needed)
  KAFKA_BROKERS        host:port, separated by commas (needed); KAFKA_TLS…, KAFKA_SASL…: libs/messaging/README.md
  EINKLANG_HASH_KEY    secret of at least 32 characters, the same for all services (needed)
  EINKLANG_ROLE        api: answers requests; worker: views, processes, relays; all: both (all)
  EINKLANG_DATABASE_CONNECTIONS  connections to PostgreSQL at most (16)
  EINKLANG_HOST        address to listen on (127.0.0.1)
  EINKLANG_HTTP_PORT   REST, health and metrics (3000); 0 takes any free port
  EINKLANG_LOG_LEVEL   trace, debug, info, warn, error, fatal, silent (info)
`;
const MORE = 'The topics have to be there before: npm run ops -- topics --apply';
