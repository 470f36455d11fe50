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

  it('come from open locations only, and an empty location can be closed', async () => {
    const { api } = system;
    await api.put('/v1/locations/closing', { name: 'Old name' });
    await api.put('/v1/locations/closing', { name: 'New name', roles: ['pickup'] });
    await api.put('/v1/supply-maps/outlet', { locationIds: ['closing', 'second'] });
    await receive('LEFT', 3, 'closing');
    expect(await levelOf('LEFT')).toMatchObject({ locationId: 'closing', locationName: 'New name' });
    const refused = await api.send('POST', '/v1/locations/closing/close');
    expect(refused).toMatchObject({ status: 409, body: { code: 'location-not-empty', skus: ['LEFT'] } });

    const transfer = [
      { units: -3, locationId: 'closing' },
      { units: 3, locationId: 'second' },
    ].map((line) => ({ ...line, commandId: 'T-1', kind: 'adjustment', sku: 'LEFT', reason: 'moved' }));
    await api.post('/v1/stock/movements/bulk', { movements: transfer });
    await api.post('/v1/locations/closing/close', {});
    await api.post('/v1/locations/closing/close', {});
    expect(await openLocations()).not.toContain('New name');
    const receipt = { locationId: 'closing', units: 1 };
    expect(await api.send('POST', '/v1/stock/LEFT/receipts', receipt)).toMatchObject({
      status: 409,
      body: { code: 'location-closed' },
    });
    expect(await available('LEFT', 'outlet')).toBe(3);
    await api.put('/v1/locations/closing', { name: 'Open again' });
    await api.post('/v1/stock/LEFT/receipts', receipt);
    expect([await available('LEFT', 'outlet'), await openLocations()]).toEqual([
      4,
      ['Warehouse', 'Second warehouse', 'Open again'],
    ]);
    expect((await api.send('POST', '/v1/locations/never-opened/close')).body.code).toBe('unknown-location');
  });

  it('leave out goods that came back to a location that is not open, which is a case until it is', async () => {
    await receive('STRAY', 2);
    await sell('amazon', 'stray', { STRAY: 2 });
    const lines = [{ lineId: '1', units: 2 }];
    await system.api.post('/v1/orders/amazon.stray/shipments', { shipmentId: 's-1', lines });
    const back = { returnId: 'r-1', locationId: 'pop-up', condition: 'available', lines };
    await system.api.post('/v1/orders/amazon.stray/returns', back);
    expect(await available('STRAY', 'amazon')).toBe(0);
    expect(await exceptions('goods-at-no-open-location')).toEqual([
      ['STRAY at pop-up', '2 units stand at a location that is not open, and no channel is shown them.'],
    ]);
    await system.api.put('/v1/locations/pop-up', { name: 'Pop-up' });
    expect(await exceptions('goods-at-no-open-location')).toEqual([]);
  });

  it('are none where a channel has no supply map, and say why', async () => {
    await receive('UNMAPPED', 5);
    await reserve('UNMAPPED', 'cart-9', 'kiosk');
    await system.api.settled();
    const path = '/v1/availability?sku=UNMAPPED&channel=';
    expect((await system.api.send('GET', `${path}kiosk`)).body).toEqual({
      items: [{ sku: 'UNMAPPED', stockRevision: 1, available: {} }],
      noNumber: {
        channel: 'kiosk',
        reason: 'kiosk has no supply map. Say which locations supply it: PUT /v1/supply-maps/kiosk.',
      },
    });
    expect(await system.api.send('GET', `${path}typo`)).toMatchObject({
      status: 404,
      body: { code: 'unknown-channel' },
    });
    expect(await exceptions('channel-without-supply')).toEqual([['kiosk', expect.any(String)]]);
    await system.api.put('/v1/supply-maps/kiosk', { locationIds: ['main'] });
    expect(await available('UNMAPPED', 'kiosk')).toBe(4);
    expect(await exceptions('channel-without-supply')).toEqual([]);
  });

  it('are a case where a SKU is sold in one spelling and stocked in another', async () => {
    await receive('ABC-1', 5);
    await sell('amazon', 'respelt', { 'abc-1': 2 });
    expect(await exceptions('sku-look-alike')).toEqual([
      ['abc-1 and ABC-1', '2 units of abc-1 are sold and missing, while ABC-1 is in stock.'],
    ]);
    const lines = [{ lineId: '1', units: 2 }];
    await system.api.post('/v1/orders/amazon.respelt/cancellations', { lines, reason: 'respelt' });
    expect(await exceptions('sku-look-alike')).toEqual([]);
  });

  it('are those that the log gives', async () => {
    const { exitCode, output } = await installation.ops('verify', '--skip-channels');
    expect([exitCode, output]).toEqual([0, expect.any(String)]);
  });

  const receive = (sku: string, units: number, locationId = 'main') =>
    system.api.post(`/v1/stock/${sku}/receipts`, { locationId, units });

  async function exceptions(kind: string): Promise<[subject: string, detail: string][]> {
    await system.api.settled();
    const { items } = await system.api.ask('GET', `/v1/exceptions?kind=${kind}`, openCases);
    return items.map(({ subject, detail }) => [subject, detail]);
  }

  async function openLocations(): Promise<string[]> {
    return (await system.api.ask('GET', '/v1/locations', locations)).items.map(({ name }) => name);
  }

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
const openCases = z.object({ items: z.array(z.object({ subject: z.string(), detail: z.string() })) });
const locations = z.object({ items: z.array(z.object({ name: z.string() })) });
