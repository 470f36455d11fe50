import { Inject, Injectable, Optional } from '@nestjs/common';
import { CommandRunner, EVENT_STORE, type EventStore } from '#event-sourcing';
import type { ServiceMessaging } from '#messaging';
import { READ_MODELS, type ReadModels, Runners } from '#read-models';
import { CONFIG, type Config } from '../config.js';
import { HealthChecks } from '../operations/health.js';
import { Metrics } from '../operations/metrics.js';
import { MESSAGING } from '../tokens.js';
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
 * relays, the command runner.
 */
@Injectable()
export class ObserveSystem {
  constructor(
    private readonly metrics: Metrics,
    private readonly health: HealthChecks,
    @Inject(CONFIG) { role }: Config,
    @Optional() @Inject(EVENT_STORE) store?: EventStore,
    @Optional() @Inject(READ_MODELS) readModels?: ReadModels,
    @Optional() @Inject(CommandRunner) commands?: CommandRunner,
    @Optional() @Inject(Runners) runners?: Runners,
    @Optional() @Inject(MESSAGING) messaging?: ServiceMessaging,
  ) {
    if (store) health.add('event store', async () => ({ healthy: true, detail: { head: await store.head() } }));
    if (store) exportForeignEvents(metrics, () => store.foreignEvents);
    if (readModels) health.add('database', () => readModels.query('select 1').then(() => ({ healthy: true })));
    // A process that answers requests only starts neither.
    const ownMessaging = role === 'api' ? undefined : messaging;
    if (commands) exportCommands(metrics, () => commands.figures());
    if (store && runners) this.showRunners(store, runners);
    if (ownMessaging) this.showMessaging(ownMessaging);
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
}
