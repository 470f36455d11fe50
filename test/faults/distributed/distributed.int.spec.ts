import { expect, it } from '@jest/globals';
import { describeWithKafka } from '#testing';
import { quietly } from '../support/quietly.js';
import { loseBrokers } from './broker-loss.js';
import { skewClocks } from './clock-skew.js';
import { restartDatabase } from './database-restart.js';
import { cutNetwork } from './network-cut.js';
import { beginAnew } from './new-consumer.js';
import { poisonTopics } from './poison.js';
import { restartRolling } from './rolling-restart.js';
import { killServices } from './service-kills.js';
import { underTraffic } from './support/under-traffic.js';

// The short form of every misfortune, one after the other in one scene: starting it takes as long as all of them.
await describeWithKafka('services as processes, with people buying', () => {
  it('lose and double nothing when processes, brokers, database and network fail', async () => {
    const { figures, violations } = await underTraffic(quietly, {}, async (scene) => {
      await killServices(scene, {
        rounds: 1,
        kinds: [
          ['inventory', 'worker'],
          ['orders', 'all'],
        ],
      });
      await poisonTopics(scene, { messages: 8 });
      await loseBrokers(scene, { brokers: 1, rounds: 1, awayMs: 1_000 });
      await restartDatabase(scene, { rounds: 1, awayMs: 500 });
      await cutNetwork(scene, { rounds: 1, cutMs: 500, delayMs: 50 });
    });
    expect(violations).toEqual([]);
    expect(figures).toMatchObject({
      kills: 2,
      poisoned: 8,
      brokersKilled: 1,
      databaseKills: 1,
      lost: 0,
      doubled: 0,
      misallocated: 0,
    });
    expect(figures.declined).toBeGreaterThan(0);
  }, 400_000);

  it('are replaced one by one, with clocks that differ, and a service begins with an empty database', async () => {
    const { figures, violations } = await underTraffic(quietly, {}, async (scene) => {
      await restartRolling(scene, { rounds: 1, services: ['inventory', 'channels'] });
      await skewClocks(scene, { skewMs: 600_000, count: 50 });
      await beginAnew(scene, { count: 50 });
    });
    expect(violations).toEqual([]);
    expect(figures).toMatchObject({ restarts: 5, skewedProcesses: 3, lost: 0, doubled: 0, misallocated: 0 });
    expect(figures.replayed).toBeGreaterThan(0);
  }, 400_000);
});
