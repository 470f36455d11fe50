import { Inject, Injectable, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type CommandFigures, CommandRunner, EVENT_STORE, type EventStore } from '#event-sourcing';
import type { ServiceMessaging } from '#messaging';
import { READ_MODELS, type ReadModels, Runners } from '#read-models';
import { CONFIG, type Config } from '../config.js';
import { MESSAGING } from '../core/tokens.js';
import { HealthChecks } from '../operations/health.js';
import { Metrics } from '../operations/metrics.js';
import { availabilityRelayCheck, consumersCheck, runnersCheck } from './system-health.js';
import {
  exportAvailabilityRelay,
  exportCommands,
  exportConsumers,
  exportForeignEvents,
  exportRunners,
} from './system-metrics.js';

/**
 * Shows what a program of ours consists of, as far as it has it: the log, views and processes, the database, consumers and
 * relays, the command runners. Nobody has to name a command runner: it is one when it is a provider, or when a provider
 * keeps it.
 */
@Injectable()
export class ObserveSystem implements OnApplicationBootstrap {
  constructor(
    private readonly metrics: Metrics,
    private readonly health: HealthChecks,
    private readonly discovery: DiscoveryService,
    @Inject(CONFIG) { role }: Config,
    @Optional() @Inject(EVENT_STORE) store?: EventStore,
    @Optional() @Inject(READ_MODELS) readModels?: ReadModels,
    @Optional() @Inject(Runners) runners?: Runners,
    @Optional() @Inject(MESSAGING) messaging?: ServiceMessaging,
  ) {
    if (store) health.add('event store', async () => ({ healthy: true, detail: { head: await store.head() } }));
    if (store) exportForeignEvents(metrics, () => store.foreignEvents);
    if (readModels) health.add('database', () => readModels.query('select 1').then(() => ({ healthy: true })));
    // A process that answers requests only starts neither.
    const ownMessaging = role === 'api' ? undefined : messaging;
    if (store && runners) this.showRunners(store, runners);
    if (ownMessaging) this.showMessaging(ownMessaging);
  }

  onApplicationBootstrap(): void {
    const runners = this.commandRunners();
    exportCommands(this.metrics, () => runners.map((runner) => runner.figures()));
  }

  private showRunners(store: EventStore, runners: Runners): void {
    const statusOfAll = () => runners.status();
    exportRunners(this.metrics, statusOfAll, () => store.head());
    this.health.add('runners', runnersCheck(statusOfAll));
  }

  private showMessaging(messaging: ServiceMessaging): void {
    exportConsumers(this.metrics, () => messaging.consumers());
    exportAvailabilityRelay(this.metrics, () => messaging.availabilityRelay());
    this.health.add(
      'consumers',
      consumersCheck(() => messaging.consumers()),
    );
    this.health.add(
      'availability relay',
      availabilityRelayCheck(() => messaging.availabilityRelay()),
    );
  }

  private commandRunners(): readonly { figures(): CommandFigures }[] {
    const providers: unknown[] = this.discovery.getProviders().map(({ instance }) => instance);
    const kept = providers.flatMap((provider) =>
      typeof provider === 'object' && provider !== null ? [provider, ...Object.values(provider)] : [],
    );
    return [...new Set(kept.filter((one) => one instanceof CommandRunner))];
  }
}
