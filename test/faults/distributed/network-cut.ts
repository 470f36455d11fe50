import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import type { ServiceProcess } from './support/service-process.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { type Misfortune, underTraffic } from './support/under-traffic.js';

export const networkCut: Fault = {
  name: 'network-cut',
  summary:
    'the way of processes to the event store, to PostgreSQL and to orders is slow, breaks, and is silent for a while',
  run: (run) => underTraffic(run, {}, (scene) => cutNetwork(scene, { rounds: 4, cutMs: 5_000, delayMs: 150 })),
};

export async function cutNetwork(
  { landscape, purchases, note, run }: Misfortune,
  { rounds, cutMs, delayMs }: { readonly rounds: number; readonly cutMs: number; readonly delayMs: number },
): Promise<void> {
  const toStore = await TcpProxy.open(landscape.eventStoreUrl.replace(/^esdb:/, 'http:'));
  const toDatabase = await TcpProxy.open(await landscape.server.url());
  const toOrders = await TcpProxy.open(landscape.gateway.url);
  const ways = [toStore, toDatabase, toOrders];
  const proxied: ServiceProcess[] = [];
  try {
    for (const service of ['inventory', 'orders', 'channels'] as const) {
      const [old] = landscape.of(service);
      if (!old) throw new Error(`No process of ${service} runs.`);
      const one = await landscape.start(service, old.role, {
        EVENTSTOREDB_URL: toStore.through(landscape.eventStoreUrl),
        DATABASE_URL: toDatabase.through(await landscape.databaseUrl(service)),
        ORDERS_URL: toOrders.through(landscape.gateway.url),
      });
      proxied.push(one);
      await old.kill();
    }
    run.progress('one process each of inventory, orders and channels works over proxies');
    for (let round = 0; round < rounds; round += 1) {
      for (const way of ways) way.delayMs = delayMs;
      await purchases(20);
      for (const way of ways) way.delayMs = 0;
      for (const way of ways) way.breakAll();
      run.progress('every connection was reset');
      await purchases(20);
      for (const way of ways) way.isSilent = true;
      await delay(cutMs, undefined, { signal: run.signal });
      for (const way of ways) way.isSilent = false;
      run.progress(`nothing came through for ${cutMs} ms`);
      await purchases(20);
    }
    note({ rounds, cutMs, delayMs });
    // The scene is looked at over straight ways.
    for (const process of proxied) {
      await landscape.start(process.service, process.role);
      await process.kill();
    }
  } finally {
    await Promise.all(ways.map((way) => way.close()));
  }
}
