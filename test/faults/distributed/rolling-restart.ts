import type { Fault } from '../fault.js';
import { SERVICES, type Service } from './support/service-process.js';
import { type Misfortune, underTraffic } from './support/under-traffic.js';

export const rollingRestart: Fault = {
  name: 'rolling-restart',
  summary:
    'every process is replaced by a new one with SIGTERM, as an upgrade does, so that every group rebalances under load',
  run: (run) => underTraffic(run, {}, (scene) => restartRolling(scene, { rounds: 1 })),
};

export async function restartRolling(
  { landscape, purchases, note, violation, run }: Misfortune,
  { rounds = 1, services = SERVICES as readonly Service[] },
): Promise<void> {
  let restarts = 0;
  let slowestStopMs = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const old of services.flatMap((service) => landscape.of(service))) {
      run.signal.throwIfAborted();
      await landscape.start(old.service, old.role);
      landscape.gateway.remove(old.service, old.httpUrl);
      const startedMs = performance.now();
      const exitCode = await old.stop();
      slowestStopMs = Math.max(slowestStopMs, Math.round(performance.now() - startedMs));
      if (exitCode !== 0) violation(`${old.service} (${old.role}) ended with ${exitCode}: ${old.output().slice(-500)}`);
      restarts += 1;
      run.progress(`replaced ${old.service} (${old.role})`);
      await purchases(10);
    }
  }
  note({ restarts, slowestStopMs });
}
