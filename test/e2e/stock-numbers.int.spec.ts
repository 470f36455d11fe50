import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { Installation, type RunningSystem } from './support/installation.js';

describe('the numbers a channel is shown', () => {
  let installation: Installation;
  let system: RunningSystem;

  beforeAll(async () => {
    installation = await Installation.create();
    system = await installation.start();
  });
  afterAll(() => installation?.remove());

  it('leave out what was sold before any location was open', async () => {
    await sell('early', 'first', { EARLY: 1 });
    await system.api.put('/v1/locations/main', { name: 'Warehouse' });
    await system.api.put('/v1/locations/second', { name: 'Second warehouse' });
    await system.api.put('/v1/supply-maps/early', { locationIds: ['main'] });
    await receive('EARLY', 10);
    expect(await available('EARLY', 'early')).toBe(9);
  });

  it('leave out what was sold and is missing, wherever goods arrive', async () => {
    await system.api.put('/v1/supply-maps/amazon', { locationIds: ['main', 'second'] });
    await system.api.put('/v1/supply-maps/store', { locationIds: ['second'] });
    await sell('amazon', 'missing', { LAMP: 5 });
    await receive('LAMP', 5, 'second');
    expect([await available('LAMP', 'amazon'), await available('LAMP', 'store')]).toEqual([0, 0]);
    await receive('LAMP', 2, 'second');
    expect([await available('LAMP', 'amazon'), await available('LAMP', 'store')]).toEqual([2, 2]);
  });

  it('are those that the log gives', async () => {
    const { exitCode, output } = await installation.ops('verify', '--skip-channels');
    expect([exitCode, output]).toEqual([0, expect.any(String)]);
  });

  const receive = (sku: string, units: number, locationId = 'main') =>
    system.api.post(`/v1/stock/${sku}/receipts`, { locationId, units });

  function sell(channel: string, externalOrderId: string, units: Record<string, number>): Promise<void> {
    const lines = Object.entries(units).map(([sku, count], index) => ({
      lineId: String(index + 1),
      sku,
      units: count,
      unitPriceMinor: 1_000,
    }));
    const sale = { channel, externalOrderId, revision: 1, currency: 'EUR', lines, placedAt: '2026-01-31T12:00:00Z' };
    return system.api.post('/v1/channel-sales', sale);
  }

  async function available(sku: string, channel: string): Promise<number | undefined> {
    await system.api.settled();
    const path = `/v1/availability?sku=${encodeURIComponent(sku)}&channel=${channel}`;
    const { items } = await system.api.ask('GET', path, availability);
    return items[0]?.available[channel];
  }
});

const availability = z.object({ items: z.array(z.object({ available: z.record(z.string(), z.int()) })) });
