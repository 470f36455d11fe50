import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithKafka } from '#testing';
import { type Collector, startCollector } from '../../e2e/support/collector.js';
import { quietly } from '../support/quietly.js';
import { loseBrokers } from './broker-loss.js';
import { skewClocks } from './clock-skew.js';
import { restartDatabase } from './database-restart.js';
import { beginAnew } from './new-consumer.js';
import { restartRolling } from './rolling-restart.js';
import { killServices } from './service-kills.js';
import { tracedTo, traceOneSale } from './support/one-trace.js';
import { underTraffic } from './support/under-traffic.js';

// Short forms, one after the other in one scene: to start it takes as long as all of them. A cut network and messages that
// nobody can read have their own specs in libs/; here they are long forms only.
await describeWithKafka(
  'services as processes, with people buying',
  () => {
    let collector: Collector;
    beforeAll(async () => {
      collector = await startCollector();
    });
    afterAll(() => collector.close());

    it('lose and double nothing when processes, broker and database fail, clocks differ and one begins anew', async () => {
      let ways: string[][] = [];
      const options = { environment: tracedTo(collector) };
      const { figures, violations } = await underTraffic(quietly, options, async (scene) => {
        ways = await traceOneSale(scene, collector);
        await killServices(scene, { rounds: 1, kinds: [['inventory', 'worker']] });
        await restartRolling(scene, { rounds: 1, services: ['orders'] });
        await loseBrokers(scene, { brokers: 1, rounds: 1, awayMs: 500 });
        await restartDatabase(scene, { rounds: 1, awayMs: 500 });
        await skewClocks(scene, { skewMs: 600_000, count: 20 });
        await beginAnew(scene, { count: 20 });
      });
      expect(violations).toEqual([]);
      for (const way of ways) expect(way).toEqual(WAY_OF_A_SALE.map((step) => expect.stringMatching(step)));
      expect(figures).toMatchObject({ kills: 1, restarts: 2, brokersKilled: 1, databaseKills: 1, skewedProcesses: 3 });
      expect(figures).toMatchObject({ lost: 0, doubled: 0, misallocated: 0 });
      expect(figures.declined).toBeGreaterThan(0);
      expect(figures.replayed).toBeGreaterThan(0);
    }, 400_000);
  },
  { ownCluster: true },
);

/** From a push back to the webhook, over three services and two topics. */
const WAY_OF_A_SALE = [
  /^channels: push /,
  /^channels: consume /,
  /^inventory: send /,
  /^inventory: view stock$/,
  /^inventory: command AllocateLines$/,
  /^inventory: /,
  /^orders: /,
  /^orders: command RecordSale$/,
  /^channels: POST /,
];
