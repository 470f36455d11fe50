import { EventStoreDbStore } from '#event-store-eventstoredb';
import { until } from '../../../e2e/support/api.js';
import { openForTrade } from '../../../e2e/support/trade.js';
import type { FaultRun, Finding } from '../../fault.js';
import { audit } from './audit.js';
import { Landscape, type LandscapeOptions, USUAL } from './landscape.js';
import { SERVICES } from './service-process.js';
import { STOCK, Traffic } from './traffic.js';

export interface Misfortune {
  readonly landscape: Landscape;
  readonly traffic: Traffic;
  readonly run: FaultRun;
  /** Resolves when so many more purchases are acknowledged. */
  purchases(count: number): Promise<void>;
  /** Adds to the figures of the finding. */
  note(figures: Readonly<Record<string, number>>): void;
  /** What must not be. */
  violation(sentence: string): void;
}

/**
 * The distributed profile with people buying, while `misfortune` does what it does. Afterwards everybody is served, every
 * service catches up, and the log, every view and every channel's number are held against what was acknowledged.
 */
export async function underTraffic(
  run: FaultRun,
  options: LandscapeOptions,
  misfortune: (scene: Misfortune) => Promise<void>,
): Promise<Finding> {
  run.progress('starting Kafka, PostgreSQL, the event store and the services');
  const landscape = await Landscape.open(options);
  const stop = (): void => void landscape.close();
  run.signal.addEventListener('abort', stop, { once: true });
  const noted: Record<string, number> = {};
  const violations: string[] = [];
  try {
    await landscape.startAll(options.formation ?? USUAL);
    await openForTrade(landscape.api, { shopUrl: landscape.shopUrl, stock: STOCK });
    await landscape.settled();
    const traffic = new Traffic(landscape.api);
    const purchases = async (count: number): Promise<void> => {
      const goal = traffic.count + count;
      await until(
        `${count} more purchases are acknowledged`,
        async () => (traffic.count >= goal ? true : undefined),
        PATIENCE_MS,
      );
    };
    await purchases(50);
    run.progress(`${landscape.processes.size} processes of services run, people buy`);
    await misfortune({
      landscape,
      traffic,
      run,
      purchases,
      note: (figures) => void Object.assign(noted, figures),
      violation: (sentence) => void violations.push(sentence),
    });
    await purchases(50);
    const acknowledged = await traffic.end();
    run.progress(`${traffic.count} purchases are acknowledged; waiting until every service has seen them`);
    const startedMs = performance.now();
    await landscape.settled(PATIENCE_MS);
    const settledMs = Math.round(performance.now() - startedMs);
    const found = await auditOf(landscape, acknowledged);
    violations.push(...found.violations, ...(await verifyEach(landscape)));
    return {
      figures: { purchases: traffic.count, repeatedRequests: traffic.repeats, ...noted, settledMs, ...found.figures },
      violations,
    };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${landscape.lastWords()}`, { cause: error });
  } finally {
    run.signal.removeEventListener('abort', stop);
    await landscape.close();
  }
}

async function auditOf(landscape: Landscape, acknowledged: Traffic['acknowledged']) {
  const store = await EventStoreDbStore.open({ url: landscape.eventStoreUrl });
  try {
    return await audit(store, acknowledged);
  } finally {
    await store.close();
  }
}

/** `ops verify` of every service, on its own database; that of inventory asks every channel as well. */
async function verifyEach(landscape: Landscape): Promise<string[]> {
  const violations: string[] = [];
  for (const service of SERVICES) {
    const { exitCode, output } = await landscape.ops(service, 'verify', '--service', service);
    if (exitCode !== 0) violations.push(`verify of ${service} ended with ${exitCode}: ${output}`);
  }
  return violations;
}

const PATIENCE_MS = 240_000;
