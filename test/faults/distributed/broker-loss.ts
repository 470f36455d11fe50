import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import { type Misfortune, underTraffic } from './support/under-traffic.js';

export const brokerRestart: Fault = {
  name: 'broker-restart',
  summary: 'kill -9 of the only broker, which comes back on its data',
  run: (run) =>
    underTraffic(run, { brokers: 1 }, (scene) => loseBrokers(scene, { brokers: 1, rounds: 3, awayMs: 5_000 })),
};

export const brokerLoss: Fault = {
  name: 'broker-loss',
  summary:
    'kill -9 of each of three brokers in turn: the leaders of a third of the partitions are lost and elected again',
  run: (run) =>
    underTraffic(run, { brokers: 3 }, (scene) => loseBrokers(scene, { brokers: 3, rounds: 1, awayMs: 10_000 })),
};

export async function loseBrokers(
  { landscape, purchases, note, run }: Misfortune,
  { brokers, rounds, awayMs }: { readonly brokers: number; readonly rounds: number; readonly awayMs: number },
): Promise<void> {
  let lost = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (let node = 0; node < brokers; node += 1) {
      run.signal.throwIfAborted();
      await landscape.kafka.kill(node);
      run.progress(`killed broker ${node + 1} of ${brokers}`);
      await delay(awayMs, undefined, { signal: run.signal });
      await landscape.kafka.restart(node);
      lost += 1;
      await purchases(30);
    }
  }
  note({ brokersKilled: lost });
}
