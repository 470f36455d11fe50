import { type DynamicModule, Inject, type OnApplicationBootstrap, type OnModuleInit, Optional } from '@nestjs/common';
import { CLOCK, EVENT_STORE } from '#event-sourcing';
import type { ServiceMessaging } from '#messaging';
import { PostgresIdempotencyStore, READ_MODELS, Runners } from '#read-models';
import { CONFIG, type Config } from '../config.js';
import { ExceptionsController } from '../exceptions/exceptions.controller.js';
import { type ExceptionSource, Exceptions } from '../exceptions/exceptions.js';
import { IDEMPOTENCY_STORE } from '../http/idempotency-store.js';
import type { Core } from './open-core.js';
import { StatusController } from './status.controller.js';
import { MESSAGING, WARNINGS } from './tokens.js';

/** Gives every module the store, the read models and the runners, and starts the runners once all have added theirs. */
export class CoreModule implements OnModuleInit, OnApplicationBootstrap {
  static over({ store, readModels, runners, clock, messaging, warnings = [] }: Core): DynamicModule {
    return {
      module: CoreModule,
      global: true,
      controllers: [StatusController, ExceptionsController],
      providers: [
        { provide: EVENT_STORE, useValue: store },
        { provide: READ_MODELS, useValue: readModels },
        { provide: Runners, useValue: runners },
        { provide: CLOCK, useValue: clock },
        { provide: IDEMPOTENCY_STORE, useFactory: () => new PostgresIdempotencyStore(readModels) },
        { provide: MESSAGING, useValue: messaging },
        { provide: WARNINGS, useValue: warnings },
        Exceptions,
      ],
      exports: [EVENT_STORE, READ_MODELS, Runners, CLOCK, IDEMPOTENCY_STORE, MESSAGING, Exceptions],
    };
  }

  constructor(
    @Inject(Runners) private readonly runners: Runners,
    @Inject(CONFIG) private readonly config: Config,
    exceptions: Exceptions,
    @Optional() @Inject(MESSAGING) private readonly messaging?: ServiceMessaging,
  ) {
    exceptions.add(PARKED_EVENTS);
  }

  async onModuleInit(): Promise<void> {
    await this.runners.prepare();
  }

  onApplicationBootstrap(): void {
    this.runners.start();
    if (this.config.role !== 'api') this.messaging?.start();
  }
}

const PARKED_EVENTS: ExceptionSource = {
  kind: 'parked-event',
  whatToDo:
    'Events of this stream wait, all others go on. Read the error, mend its cause, then try again with ops parked retry, or do without it with ops parked skip.',
  openCases: `
    select runner || ' ' || stream as subject, min(parked_at) as since,
           count(*) || ' events wait, the first at position ' || min(position) || ': '
             || (array_agg(error order by position))[1] as detail
      from read_models.parked where skipped_at is null group by runner, stream`,
};
