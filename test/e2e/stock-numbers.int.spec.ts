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

  it('count the units of a cart once when its order names the reservation', async () => {
    await system.api.put('/v1/supply-maps/web-shop', { locationIds: ['main'] });
    await receive('VASE', 1);
    await reserve('VASE', 'cart-7');
    expect(await submit('VASE', {})).toMatchObject([409, { code: 'insufficient-stock' }]);
    expect(await submit('VASE', { reservationId: 'cart-8' })).toMatchObject([409, { code: 'unknown-reservation' }]);
    expect(await submit('VASE', { reservationId: 'cart-7' })).toMatchObject([201, { status: 'placed' }]);
    expect(await levelOf('VASE')).toMatchObject({ onHand: 1, allocated: 1, reserved: 0, shortage: 0 });
  });

  it.each(['1001', 'amazon.1002'])('count a sale once that was confirmed before as order %s', async (orderId) => {
    const sku = `CUP-${orderId}`;
    await receive(sku, 3);
    await reserve(sku, 'cart-8', 'amazon');
    await system.api.post(`/v1/reservations/${sku}/cart-8/confirm`, { channel: 'amazon', orderId, lineId: 'other' });
    await sell('amazon', orderId.replace('amazon.', ''), { [sku]: 1 });
    expect(await levelOf(sku)).toMatchObject({ onHand: 3, allocated: 1, reserved: 0 });
    expect(await available(sku, 'amazon')).toBe(2);
  });

  it('do not get a quota back from an order that is older', async () => {
    await receive('BOWL', 100);
    await sell('amazon', 'old', { BOWL: 5 });
    await system.api.settled();
    await system.api.put('/v1/stock/BOWL/channel-rules/amazon', { quota: 10 });
    await sell('amazon', 'new', { BOWL: 4 });
    await system.api.settled();
    await system.api.post('/v1/orders/amazon.old/cancellations', {
      lines: [{ lineId: '1', units: 5 }],
      reason: 'changed-my-mind',
    });
    expect(await available('BOWL', 'web-shop')).toBe(90);
  });

  it('are those that the log gives', async () => {
    const { exitCode, output } = await installation.ops('verify', '--skip-channels');
    expect([exitCode, output]).toEqual([0, expect.any(String)]);
  });

  const receive = (sku: string, units: number, locationId = 'main') =>
    system.api.post(`/v1/stock/${sku}/receipts`, { locationId, units });

  const reserve = (sku: string, reservationId: string, channel = 'web-shop') =>
    system.api.post('/v1/reservations', { sku, channel, units: 1, reservationId });

  async function submit(sku: string, line: object): Promise<[number, object]> {
    const lines = [{ lineId: '1', sku, units: 1, unitPriceMinor: 1_000, ...line }];
    const { status, body } = await system.api.send('POST', '/v1/orders', {
      channel: 'web-shop',
      currency: 'EUR',
      lines,
    });
    return [status, body];
  }

  async function levelOf(sku: string): Promise<object | undefined> {
    await system.api.settled();
    const answer = await system.api.ask('GET', `/v1/stock/${sku}`, z.object({ levels: z.array(z.looseObject({})) }));
    return answer.levels[0];
  }

  function sell(channel: string, externalOrderId: string, units: Record<string, number>): Promise<void> {
    const lines = Object.entries(units).map(([sku, count], index) => ({
      lineId: String(index + 1),
      sku,
      units: count,
      unitPriceMinor: 1_000,
    }));
    const placedAt = '2026-01-31T12:00:00Z';
    const sale = { channel, externalOrderId, revision: 1, currency: 'EUR', lines, placedAt };
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
