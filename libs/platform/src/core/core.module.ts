import { type DynamicModule, Inject, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CLOCK, CommandRunner, EVENT_STORE } from '#event-sourcing';
import { PostgresIdempotencyStore, Processes, READ_MODELS, Runners } from '#read-models';
import { CONFIG, type Config } from '../config.js';
import { ExceptionsController } from '../exceptions/exceptions.controller.js';
import { Exceptions } from '../exceptions/exceptions.js';
import { IDEMPOTENCY_STORE, type IdempotencyStore } from '../http/idempotency-store.js';
import { HealthChecks } from '../operations/health.js';
import { Metrics } from '../operations/metrics.js';
import { PersonalDataHasher } from '../personal-data/personal-data-hasher.js';
import { ProcessesController } from '../processes/processes.controller.js';
import { Shutdown } from '../shutdown.js';
import { SliceCommandHandler, SliceQueryHandler, Slices } from '../slices/index.js';
import { MESSAGING, WARNINGS } from '../tokens.js';
import { CORE, type Core } from './core.js';
import { coreOf } from './core-of.js';
import type { OpenedCore } from './open-core.js';
import { StatusController } from './status.controller.js';

/** Gives every module the core and what is in it, and starts the runners once all have added theirs. */
export class CoreModule implements OnModuleInit, OnApplicationBootstrap {
  static over(
    opened: Omit<OpenedCore, 'database'>,
    idempotency: IdempotencyStore = new PostgresIdempotencyStore(opened.readModels),
  ): DynamicModule {
    const providers = [
      {
        provide: CORE,
        inject: [CONFIG, Shutdown, HealthChecks, Metrics],
        useFactory: ({ hashKey }: Config, shutdown: Shutdown, health: HealthChecks, metrics: Metrics) =>
          coreOf(opened, { shutdown, health, metrics, hashKey }),
      },
      { provide: CommandRunner, inject: [CORE], useFactory: ({ commands }: Core) => commands },
      { provide: Exceptions, inject: [CORE], useFactory: ({ exceptions }: Core) => exceptions },
      { provide: Processes, inject: [CORE], useFactory: ({ processes }: Core) => processes },
      { provide: PersonalDataHasher, inject: [CORE], useFactory: ({ hasher }: Core) => hasher },
      { provide: Slices, inject: [CORE], useFactory: ({ slices }: Core) => slices },
      { provide: EVENT_STORE, useValue: opened.store },
      { provide: READ_MODELS, useValue: opened.readModels },
      { provide: Runners, useValue: opened.runners },
      { provide: CLOCK, useValue: opened.clock },
      { provide: IDEMPOTENCY_STORE, useValue: idempotency },
      { provide: MESSAGING, useValue: opened.messaging },
      { provide: WARNINGS, useValue: opened.warnings ?? [] },
    ];
    return {
      module: CoreModule,
      global: true,
      imports: [CqrsModule.forRoot()],
      controllers: [StatusController, ExceptionsController, ProcessesController],
      providers: [...providers, SliceCommandHandler, SliceQueryHandler],
      exports: providers,
    };
  }

  constructor(
    @Inject(CORE) private readonly core: Core,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.core.runners.prepare();
  }

  onApplicationBootstrap(): void {
    this.core.runners.start();
    if (this.config.role !== 'api') this.core.messaging?.start();
  }
}
