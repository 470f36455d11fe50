import { type DynamicModule, Inject, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { CLOCK, EVENT_STORE } from '#event-sourcing';
import { PostgresIdempotencyStore, READ_MODELS, Runners } from '#read-models';
import { IDEMPOTENCY_STORE } from '../http/idempotency-store.js';
import { HealthChecks } from '../operations/health.js';
import type { Core } from './open-core.js';
import { StatusController } from './status.controller.js';

/** Gives every module the store, the read models and the runners, and starts the runners once all have added theirs. */
export class CoreModule implements OnModuleInit, OnApplicationBootstrap {
  static over({ store, readModels, runners, clock }: Core): DynamicModule {
    return {
      module: CoreModule,
      global: true,
      controllers: [StatusController],
      providers: [
        { provide: EVENT_STORE, useValue: store },
        { provide: READ_MODELS, useValue: readModels },
        { provide: Runners, useValue: runners },
        { provide: CLOCK, useValue: clock },
        { provide: IDEMPOTENCY_STORE, useFactory: () => new PostgresIdempotencyStore(readModels) },
      ],
      exports: [EVENT_STORE, READ_MODELS, Runners, CLOCK, IDEMPOTENCY_STORE],
    };
  }

  constructor(
    @Inject(Runners) private readonly runners: Runners,
    @Inject(HealthChecks) health: HealthChecks,
  ) {
    health.add('views and processes', () => {
      const waiting = runners.status().filter((status) => !status.ready && status.state !== 'standby');
      return {
        healthy: waiting.length === 0,
        detail: Object.fromEntries(waiting.map((status) => [status.name, status.state])),
      };
    });
  }

  async onModuleInit(): Promise<void> {
    await this.runners.prepare();
  }

  onApplicationBootstrap(): void {
    this.runners.start();
  }
}
