import { EventStoreDbStore } from '#event-store-eventstoredb';
import { until } from '../../../e2e/support/api.js';
import { openForTrade } from '../../../e2e/support/trade.js';
import type { FaultRun, Finding } from '../../fault.js';
import { audit } from './audit.js';
import { Landscape, type LandscapeOptions, USUAL } from './landscape.js';
import { SERVICES, type Service } from './service-process.js';
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

export interface TrafficOptions extends LandscapeOptions {
  /** Up to how long a buyer pauses between two purchases. */
  readonly pauseMs?: number;
  /** Starts who serves people at first: the services, unless told. */
  readonly serve?: (landscape: Landscape) => Promise<{ settled(): Promise<unknown> }>;
}

/**
 * The distributed profile with people buying, while `misfortune` does what it does. Afterwards everybody is served, every
 * service catches up, and the log, every view and every channel's number are held against what was acknowledged.
 */
export async function underTraffic(
  run: FaultRun,
  options: TrafficOptions,
  misfortune: (scene: Misfortune) => Promise<void>,
): Promise<Finding> {
  run.progress('starting Kafka, PostgreSQL, the event store and the services');
  const landscape = await Landscape.open(options);
  const stop = (): void => void landscape.close();
  run.signal.addEventListener('abort', stop, { once: true });
  const noted: Record<string, number> = {};
  const violations: string[] = [];
  try {
    const serving = await (options.serve ?? servicesOf(options))(landscape);
    await openForTrade(landscape.api, { shopUrl: landscape.shopUrl, stock: STOCK });
    await serving.settled();
    const traffic = new Traffic(landscape.api, options);
    const purchases = async (count: number): Promise<void> => {
      const goal = traffic.count + count;
      await until(
        `${count} more purchases are acknowledged`,
        async () => (traffic.count >= goal ? true : undefined),
        RETRY_FOR_MS,
      );
    };
    await purchases(50);
    run.progress('people buy');
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
    await landscape.settled(RETRY_FOR_MS);
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

const servicesOf =
  ({ formation = USUAL }: LandscapeOptions) =>
  async (landscape: Landscape) => {
    await landscape.startAll(formation);
    return landscape;
  };

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
  for (const service of SERVICES) violations.push(...(await verify(landscape, service)));
  return violations;
}

/** A violation where `ops verify` of a service finds any. */
export async function verify(landscape: Landscape, service: Service, ...args: string[]): Promise<string[]> {
  const { exitCode, output } = await landscape.ops(service, 'verify', '--service', service, ...args);
  return exitCode === 0 ? [] : [`verify of ${service} ended with ${exitCode}: ${output}`];
}

const RETRY_FOR_MS = 240_000;
