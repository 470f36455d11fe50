import type { Fault } from '../fault.js';
import type { Role, Service } from './support/service-process.js';
import { type Misfortune, underTraffic } from './support/under-traffic.js';

export const serviceKills: Fault = {
  name: 'service-kills',
  summary: 'kill -9 of every kind of process of every service in turn, each replaced by another, with people buying',
  run: (run) => underTraffic(run, {}, (scene) => killServices(scene, { rounds: 2 })),
};

const KINDS: readonly (readonly [Service, Role])[] = [
  ['inventory', 'worker'],
  ['inventory', 'api'],
  ['orders', 'all'],
  ['channels', 'all'],
  ['customers', 'all'],
  ['catalog', 'all'],
];

export async function killServices(
  { landscape, purchases, note, run }: Misfortune,
  { rounds = 1, kinds = KINDS },
): Promise<void> {
  let kills = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const [service, role] of kinds) {
      run.signal.throwIfAborted();
      const victim = landscape.of(service).find((process) => process.role === role);
      if (!victim) throw new Error(`No ${service} (${role}) runs.`);
      await victim.kill();
      kills += 1;
      run.progress(`killed ${service} (${role})`);
      await landscape.start(service, role);
      await purchases(20);
    }
  }
  note({ kills });
}
