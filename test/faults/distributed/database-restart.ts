import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import { type Misfortune, underTraffic } from './support/under-traffic.js';

export const databaseRestart: Fault = {
  name: 'database-restart',
  summary: 'kill -9 of the PostgreSQL server under all services, which comes back',
  run: (run) => underTraffic(run, {}, (scene) => restartDatabase(scene, { rounds: 5, awayMs: 3_000 })),
};

export async function restartDatabase(
  { landscape, purchases, note, run }: Misfortune,
  { rounds, awayMs }: { readonly rounds: number; readonly awayMs: number },
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    run.signal.throwIfAborted();
    await landscape.server.killMain();
    run.progress('killed PostgreSQL');
    await delay(awayMs, undefined, { signal: run.signal });
    await landscape.startDatabase();
    await purchases(50);
  }
  note({ databaseKills: rounds });
}
