import { expect, it } from '@jest/globals';
import { describeWithKafka } from '#testing';
import { quietly } from '../support/quietly.js';
import { loseBrokers } from './broker-loss.js';
import { skewClocks } from './clock-skew.js';
import { restartDatabase } from './database-restart.js';
import { beginAnew } from './new-consumer.js';
import { restartRolling } from './rolling-restart.js';
import { killServices } from './service-kills.js';
import { underTraffic } from './support/under-traffic.js';

// Short forms, one after the other in one scene: to start it takes as long as all of them. A cut network and messages that
// nobody can read have their own specs in libs/; here they are long forms only.
await describeWithKafka(
  'services as processes, with people buying',
  () => {
    it('lose and double nothing when processes, broker and database fail, clocks differ and one begins anew', async () => {
      const { figures, violations } = await underTraffic(quietly, {}, async (scene) => {
        await killServices(scene, { rounds: 1, kinds: [['inventory', 'worker']] });
        await restartRolling(scene, { rounds: 1, services: ['orders'] });
        await loseBrokers(scene, { brokers: 1, rounds: 1, awayMs: 500 });
        await restartDatabase(scene, { rounds: 1, awayMs: 500 });
        await skewClocks(scene, { skewMs: 600_000, count: 20 });
        await beginAnew(scene, { count: 20 });
      });
      expect(violations).toEqual([]);
      expect(figures).toMatchObject({ kills: 1, restarts: 2, brokersKilled: 1, databaseKills: 1, skewedProcesses: 3 });
      expect(figures).toMatchObject({ lost: 0, doubled: 0, misallocated: 0 });
      expect(figures.declined).toBeGreaterThan(0);
      expect(figures.replayed).toBeGreaterThan(0);
    }, 400_000);
  },
  { ownCluster: true },
);
