import type { DynamicModule, Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { CONFIG, type Config } from './config.js';
import { ObserveSystem } from './observability/observe-system.js';
import { HealthChecks } from './operations/health.js';
import { Metrics } from './operations/metrics.js';
import { OperationsController } from './operations/operations.controller.js';
import { Shutdown } from './shutdown.js';

/** The module that holds what every other one may inject. */
export class PlatformModule {}

/**
 * The platform around an application's root module: every module gets CONFIG, HealthChecks, Metrics and Shutdown without
 * an import, and /health and /metrics are served. Also for an application context without HTTP.
 */
export const platformAround = (root: Type | DynamicModule, config: Config, shutdown: Shutdown): DynamicModule => ({
  module: PlatformModule,
  global: true,
  imports: [root, DiscoveryModule],
  controllers: [OperationsController],
  providers: [
    { provide: CONFIG, useValue: config },
    { provide: Shutdown, useValue: shutdown },
    HealthChecks,
    Metrics,
    ObserveSystem,
  ],
  exports: [CONFIG, Shutdown, HealthChecks, Metrics],
});
