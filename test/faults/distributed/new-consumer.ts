import { query } from '../../e2e/support/database.js';
import type { Fault } from '../fault.js';
import { type Misfortune, underTraffic } from './support/under-traffic.js';

export const newConsumer: Fault = {
  name: 'new-consumer',
  summary: 'a service loses its database and begins with an empty one: everything comes again, and changes nothing',
  run: (run) => underTraffic(run, {}, (scene) => beginAnew(scene, { count: 4_000 })),
};

/** `count`: purchases before the database is lost. */
export async function beginAnew(
  { landscape, traffic, purchases, note, run }: Misfortune,
  { count }: { readonly count: number },
): Promise<void> {
  await purchases(count);
  for (const process of landscape.of('customers')) await process.kill();
  const server = await landscape.server.url();
  await query(server, 'drop database customers with (force)');
  await query(server, 'create database customers');
  const startedMs = performance.now();
  const before = traffic.count;
  run.progress(`customers begins again after ${before} purchases, and people go on buying`);
  await landscape.start('customers', 'all');
  await landscape.seen('customers');
  note({ replayed: before, replayMs: Math.round(performance.now() - startedMs) });
}
