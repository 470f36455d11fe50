import { EventStoreDbStore } from '#event-store-eventstoredb';
import { Installation, type RunningSystem } from '../../e2e/support/installation.js';
import type { Fault, FaultRun, Finding } from '../fault.js';
import type { Landscape } from './support/landscape.js';
import { SERVICES, type Service } from './support/service-process.js';
import { type Misfortune, underTraffic, verify } from './support/under-traffic.js';

export const move: Fault = {
  name: 'move',
  summary: 'from standalone to services of their own, step by step as docs/operations.md says, while people wait',
  run: (run) => moveUnderTraffic(run, { purchases: 1_000 }),
};

/** `purchases`: so many before the doors close, and so many after they open again. */
export async function moveUnderTraffic(run: FaultRun, { purchases }: { readonly purchases: number }): Promise<Finding> {
  const standalone = await Installation.createEmpty();
  try {
    let system: RunningSystem | undefined;
    const serve = async (landscape: Landscape) => {
      const started = await standalone.start(await settingsOf(landscape));
      system = started;
      for (const service of SERVICES) landscape.gateway.add(service, started.httpUrl);
      return { settled: () => started.api.settled() };
    };
    return await underTraffic(run, { serve }, async (scene) => {
      await scene.purchases(purchases);
      if (system) await moveToServices(scene, standalone, system);
      await scene.purchases(purchases);
    });
  } finally {
    await standalone.remove();
  }
}

async function moveToServices(scene: Misfortune, standalone: Installation, system: RunningSystem): Promise<void> {
  const { landscape, note, violation, run } = scene;
  const migrate = () => standalone.ops('migrate-store', '--to', landscape.eventStoreUrl);
  run.progress('copying the log while people buy');
  const early = await migrate();
  if (early.exitCode !== 1)
    violation(`migrate-store beside a running system ended with ${early.exitCode}: ${early.output}`);

  const closedMs = performance.now();
  for (const service of SERVICES) landscape.gateway.remove(service, system.httpUrl);
  await system.api.settled();
  await system.stop();
  run.progress('doors closed; copying the rest and comparing');
  const late = await migrate();
  if (late.exitCode !== 0) throw new Error(`migrate-store ended with ${late.exitCode}: ${late.output}`);
  const moved = await eventsIn(landscape);

  run.progress(`${moved} events are there; making views, starting workers`);
  for (const service of SERVICES) await mustSucceed(landscape, service, 'prepare', '--service', service);
  await mustSucceed(landscape, 'inventory', 'rebuild', 'stock', '--service', 'inventory');
  await Promise.all(BEFORE_CHANNELS.map((service) => landscape.start(service, 'worker')));
  for (const service of BEFORE_CHANNELS) await landscape.seen(service);
  const grown = (await eventsIn(landscape)) - moved;
  if (grown !== 0) violation(`Processes that saw the log again added ${grown} events to it.`);
  for (const service of BEFORE_CHANNELS)
    for (const found of await verify(landscape, service, '--skip-channels')) violation(found);

  run.progress('every view is as the log says; opening the doors');
  await landscape.start('channels', 'worker');
  await Promise.all(SERVICES.map((service) => landscape.start(service, 'api')));
  note({ movedEvents: moved, closedMs: Math.round(performance.now() - closedMs) });
}

/** Those that only read the log and one another; the channels get nothing before these are right. */
const BEFORE_CHANNELS: readonly Service[] = ['inventory', 'orders', 'catalog', 'customers'];

/** What the standalone system shares with the services: a key by which people are known again, and the secret of the shop. */
async function settingsOf(landscape: Landscape): Promise<Record<string, string>> {
  const { EINKLANG_HASH_KEY = '', SIMULATED_SHOP_SECRET = '' } = await landscape.environmentOf('orders');
  return { EINKLANG_HASH_KEY, SIMULATED_SHOP_SECRET, EINKLANG_LOG_LEVEL: 'warn' };
}

async function mustSucceed(landscape: Landscape, service: Service, ...args: string[]): Promise<void> {
  const { exitCode, output } = await landscape.ops(service, ...args);
  if (exitCode !== 0) throw new Error(`ops ${args.join(' ')} ended with ${exitCode}: ${output}`);
}

async function eventsIn(landscape: Landscape): Promise<number> {
  const store = await EventStoreDbStore.open({ url: landscape.eventStoreUrl });
  try {
    let events = 0;
    for (let after = 0; ; ) {
      const page = await store.readAll({ after, limit: 1_000 });
      events += page.events.length;
      if (page.caughtUp) return events;
      after = page.position;
    }
  } finally {
    await store.close();
  }
}
