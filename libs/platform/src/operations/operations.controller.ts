import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Shutdown } from '../shutdown.js';
import { HealthChecks } from './health.js';
import { Metrics } from './metrics.js';

/** What an orchestrator and Prometheus ask. */
@ApiExcludeController()
@Controller()
export class OperationsController {
  constructor(
    @Inject(HealthChecks) private readonly health: HealthChecks,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(Shutdown) private readonly shutdown: Shutdown,
  ) {}

  /** The process answers at all. */
  @Get('health/live')
  live(): object {
    return { status: 'live' };
  }

  /** The process can serve: 200, also while it is degraded, or 503; with the checks that say why. */
  @Get('health/ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    if (this.shutdown.signal.aborted) {
      void reply.status(503);
      return { status: 'stopping', checks: {} };
    }
    const report = await this.health.report();
    void reply.status(report.status === 'not-ready' ? 503 : 200);
    return report;
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  prometheus(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
