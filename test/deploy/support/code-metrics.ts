import { z } from 'zod';
import { systemClock } from '#kernel';
import { IDEMPOTENCY_STORE, loadConfig, MemoryIdempotencyStore, Metrics } from '#platform';
import {
  createHttpApp,
  exportAvailabilityRelay,
  exportCommands,
  exportConsumers,
  exportForeignEvents,
  exportRunners,
} from '#platform/host';
import { ChannelMetrics } from '../../../apps/channels/src/channel-metrics.js';

/** Labels of every time series that our services show, by name: taken from the registry, not from a list. */
export async function seriesOfTheCode(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const app = await createHttpApp(
    { module: class {}, providers: [{ provide: IDEMPOTENCY_STORE, useClass: MemoryIdempotencyStore }], global: true },
    loadConfig({ EINKLANG_HASH_KEY: 'k'.repeat(32), EINKLANG_LOG_LEVEL: 'silent' }),
  );
  const metrics = app.get(Metrics);
  exportRunners(metrics, none, async () => 0);
  exportForeignEvents(metrics, () => 0);
  exportConsumers(metrics, none);
  exportAvailabilityRelay(metrics, () => undefined);
  exportCommands(metrics, none);
  new ChannelMetrics(metrics, systemClock);
  const registered = registry.parse(metrics.registry.getMetricsAsArray());
  await app.close();
  return new Map(registered.flatMap(({ name, type, labelNames }) => seriesOf(name, type, labelNames)));
}

const none = () => [];
const registry = z.array(z.object({ name: z.string(), type: z.string(), labelNames: z.array(z.string()) }));

function seriesOf(name: string, type: string, labels: readonly string[]): [string, Set<string>][] {
  if (type !== 'histogram') return [[name, new Set(labels)]];
  return [
    [`${name}_bucket`, new Set([...labels, 'le'])],
    [`${name}_sum`, new Set(labels)],
    [`${name}_count`, new Set(labels)],
  ];
}
