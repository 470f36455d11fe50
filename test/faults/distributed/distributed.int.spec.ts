import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithKafka } from '#testing';
import { type Collector, startCollector } from '../../e2e/support/collector.js';
import { quietly } from '../support/quietly.js';
import { loseBrokers } from './broker-loss.js';
import { restartDatabase } from './database-restart.js';
import { restartRolling } from './rolling-restart.js';
import { killServices } from './service-kills.js';
import { SMALL } from './support/landscape.js';
import { tracedTo, traceOneSale } from './support/one-trace.js';
import { underTraffic } from './support/under-traffic.js';

// Some of the short forms, one after the other in one scene: to start it takes as long as all of them. The others take more
// processes than a test run has time for: `npm run faults -- --help`.
await describeWithKafka(
  'services as processes, with people buying',
  () => {
    let collector: Collector;
    beforeAll(async () => {
      collector = await startCollector();
    });
    afterAll(() => collector.close());

    it('lose and double nothing when processes, broker and database fail', async () => {
      let ways: string[][] = [];
      const options = { environment: tracedTo(collector), formation: SMALL, pauseMs: 400 };
      const { figures, violations } = await underTraffic(quietly, options, async (scene) => {
        ways = await traceOneSale(scene, collector);
        await killServices(scene, { rounds: 1, kinds: [['inventory', 'worker']] });
        await restartRolling(scene, { rounds: 1, services: ['orders'] });
        await loseBrokers(scene, { brokers: 1, rounds: 1, awayMs: 200 });
        await restartDatabase(scene, { rounds: 1, awayMs: 200 });
      });
      expect(violations).toEqual([]);
      for (const way of ways) expect(way).toEqual(WAY_OF_A_SALE.map((step) => expect.stringMatching(step)));
      expect(figures).toMatchObject({ kills: 1, restarts: 2, brokersKilled: 1, databaseKills: 1 });
      expect(figures).toMatchObject({ lost: 0, doubled: 0, misallocated: 0 });
      expect(figures.declined).toBeGreaterThan(0);
    }, 900_000);
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
