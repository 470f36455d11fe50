import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { JsonClient } from '#client';
import { type SimulatedShop, startSimulatedShop } from '../../../simulated-shop/src/start-simulated-shop.js';
import { ManualClock } from '../../../simulated-shop/src/testing/manual-clock.js';
import { demoCatalogue } from './demo-catalogue.js';
import { CHANNELS } from './demo-plan.js';
import type { DemoTime } from './demo-time.js';
import { type DemoOptions, runDemo } from './run-demo.js';
import { Shops } from './shops.js';
import { FakeEinklang } from './testing/fake-einklang.js';

const SECRET = 'a secret that only specs know, 32+';

let clock: ManualClock;
let einklang: FakeEinklang;
let shop: SimulatedShop;
let shops: Shops;

beforeEach(async () => {
  clock = new ManualClock();
  shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:', clock });
  shops = new Shops(new JsonClient(shop.url), SECRET);
  einklang = new FakeEinklang(SECRET);
  einklang.shopUrl = shop.url;
  await einklang.listen();
});

afterEach(async () => {
  await shop.close();
  await einklang.close();
});

/** Time that passes only while the demo waits, in steps short enough for the shop and Einklang to talk in between. */
function passingTime(onPause: (nowMs: number) => void | Promise<void> = () => {}): DemoTime {
  return {
    now: () => clock.now(),
    async pause(pauseMs, signal) {
      for (let passedMs = 0; passedMs < pauseMs; passedMs += STEP_MS) {
        signal.throwIfAborted();
        clock.advance(Math.min(STEP_MS, pauseMs - passedMs));
        await setImmediate();
        await einklang.pushed();
      }
      await onPause(clock.now());
      signal.throwIfAborted();
    },
  };
}

const STEP_MS = 50;

function demo(options: Partial<DemoOptions> = {}) {
  const written: string[] = [];
  const screen = { isTTY: false, write: (text: string) => written.push(text) };
  const result = runDemo({
    baseUrl: einklang.url,
    shopUrl: shop.url,
    secret: SECRET,
    screen,
    time: passingTime(),
    seconds: 5,
    ...options,
  });
  return { result, written };
}

const shoppersPerSecond = () =>
  Promise.all(CHANNELS.map(async ({ channel }) => (await shops.statistics(channel)).shoppersPerSecond));

const deliveries = () => [...einklang.receiptIds].filter((id) => id.startsWith('demo/delivery/')).length;

describe('the demo', () => {
  it('sets everything up, sells on five channels, oversells nothing and ends with every order recorded', async () => {
    const { result, written } = demo();
    const { orders, units, oversoldUnits, missingOrders, exitCode } = await result;

    expect(orders).toBeGreaterThan(120);
    expect(units).toBeGreaterThan(orders);
    expect({ oversoldUnits, missingOrders, exitCode }).toEqual({ oversoldUnits: 0, missingOrders: 0, exitCode: 0 });
    expect([...einklang.recorded.values()].reduce((sum, ids) => sum + ids.size, 0)).toBe(orders);
    expect(einklang.bodiesOf('PUT /v1/channels/etsy')).toEqual([
      { name: 'Etsy', connector: 'simulated', currency: 'USD', baseUrl: shop.url, pushesPerSecond: 25 },
    ]);
    expect(einklang.bodiesOf('PUT /v1/supply-maps/amazon')).toEqual([
      { locationIds: ['demo-store', 'demo-warehouse'] },
    ]);
    expect(einklang.bodiesOf('PUT /v1/stock-rules/ebay')).toEqual([{ buffer: 11 }]);
    expect(einklang.receiptIds.size).toBe(600);
    expect(await shoppersPerSecond()).toEqual([0, 0, 0, 0, 0]);
    expect(
      written.filter((line) => /^orders\/s \d+\.\d \| .* oversells 0 \| memory 123 MB\n$/.test(line)),
    ).toHaveLength(1);
    expect(written.at(-1)).toMatch(/oversells 0; every order is recorded\.\n$/);
  });

  it('reuses what is there when it starts again', async () => {
    await demo().result;
    const received = einklang.receiptIds.size;
    const second = demo();
    expect((await second.result).orders).toBeGreaterThan(120);
    expect(einklang.receiptIds.size).toBe(received);
    expect(second.written.join('')).not.toContain('opening stock');
  });

  it('goes on with a set-up that was broken off', async () => {
    const [first] = demoCatalogue();
    const sku = first?.sku ?? '';
    const movements = [
      {
        commandId: `demo/opening/${sku}/demo-warehouse`,
        kind: 'receipt',
        sku,
        locationId: 'demo-warehouse',
        units: 161,
      },
    ];
    await fetch(`${einklang.url}/v1/stock/movements/bulk`, { method: 'POST', body: JSON.stringify({ movements }) });
    await demo({ seconds: 1 }).result;
    expect(einklang.receiptIds.size).toBe(600);
  });

  it('replenishes what runs low', async () => {
    einklang.faults = { openingUnits: 14 };
    const { oversoldUnits } = await demo({ seconds: 15 }).result;
    expect(deliveries()).toBeGreaterThan(0);
    expect(oversoldUnits).toBe(0);
  });

  it('lets shoppers come again when the shop was restarted', async () => {
    let stopped = false;
    const seen: number[][] = [];
    const start = clock.now();
    const time = passingTime(async (nowMs) => {
      if (nowMs - start > 2_000 && !stopped) {
        stopped = true;
        await shops.startShoppers('etsy', 0, 1, `${einklang.url}/v1/channels/etsy/webhooks`);
      } else seen.push(await shoppersPerSecond());
    });
    await demo({ seconds: 12, time }).result;
    expect(stopped).toBe(true);
    expect(seen).toContainEqual([8, 8, 8, 8, 8]);
  });

  it('ends with exit code 1 when something was oversold', async () => {
    const time = passingTime(() => {
      if (einklang.recorded.values().some(({ size }) => size > 0)) einklang.faults = { oversoldUnits: 3 };
    });
    expect(await demo({ seconds: 6, time }).result).toMatchObject({ oversoldUnits: 3, exitCode: 1 });
  });

  it('counts what it sold itself, whatever lay in the data directory before', async () => {
    einklang.faults = { oversoldUnits: 3 };
    for (const { channel } of CHANNELS) einklang.recorded.get(channel)?.add('a sale of a replay');
    expect(await demo({ seconds: 1 }).result).toMatchObject({ oversoldUnits: 0, missingOrders: 0, exitCode: 0 });

    einklang.faults = { oversoldUnits: 3, losesSales: true };
    const { missingOrders, orders, exitCode } = await demo({ seconds: 1 }).result;
    expect({ missingOrders, exitCode }).toEqual({ missingOrders: orders, exitCode: 1 });
  });

  it('ends with exit code 1 and says so when sales do not arrive', async () => {
    einklang.faults = { losesSales: true };
    const { result, written } = demo({ seconds: 1 });
    const { orders, missingOrders, exitCode } = await result;
    expect(orders).toBeGreaterThan(0);
    expect({ missingOrders, exitCode }).toEqual({ missingOrders: orders, exitCode: 1 });
    expect(written.at(-1)).toContain('were not recorded in time');
  });

  it('stops the shoppers and returns on request, even before it has shown anything', async () => {
    const end = new AbortController();
    const start = clock.now();
    const time = passingTime((nowMs) => {
      if (nowMs - start > 4_000) end.abort();
    });
    const result = await demo({ seconds: 3_600, signal: end.signal, time }).result;
    expect(result).toEqual({ orders: 0, units: 0, oversoldUnits: 0, exitCode: 0 });
    expect(await shoppersPerSecond()).toEqual([0, 0, 0, 0, 0]);
  });

  it('shows a moment without an answer as such, and goes on', async () => {
    const start = clock.now();
    const time = passingTime((nowMs) => {
      const passedMs = nowMs - start;
      einklang.faults = { hidesStatus: passedMs > 4_000 && passedMs < 8_000 };
    });
    const { result, written } = demo({ seconds: 20, time });
    expect((await result).exitCode).toBe(0);
    expect(
      written.filter((line) =>
        line.includes('No figures right now: GET /v1/status was answered 500 (internal): It broke.'),
      ),
    ).toHaveLength(1);
    expect(written.filter((line) => line.startsWith('orders/s'))).toHaveLength(4);
  });

  it.each([0, -1, 5_001, Number.NaN])('refuses a rate of %p', async (ordersPerSecond) => {
    await expect(demo({ ordersPerSecond }).result).rejects.toThrow(RangeError);
  });
});
