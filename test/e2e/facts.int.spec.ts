import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { until } from './support/api.js';
import { Installation, type RunningSystem } from './support/installation.js';

describe('facts that contradict each other', () => {
  let installation: Installation;
  let system: RunningSystem;

  beforeAll(async () => {
    installation = await Installation.create();
    system = await installation.start();
    await system.api.put('/v1/locations/main', { name: 'Warehouse' });
    await system.api.put('/v1/supply-maps/amazon', { locationIds: ['main'] });
  });
  afterAll(() => installation?.remove());

  it('end in an empty shelf and a case, where a parcel of a cancelled order left', async () => {
    await receive('LAMP', 1);
    await sell('cancelled', [line('LAMP', 1)]);
    await system.api.post('/v1/orders/amazon.cancelled/cancellations', {
      lines: [{ lineId: '1', units: 1 }],
      reason: 'changed-my-mind',
    });
    expect(await levelOf('LAMP')).toMatchObject({ onHand: 1, allocated: 0 });
    await system.api.post('/v1/orders/amazon.cancelled/shipments', {
      shipmentId: 'S-1',
      lines: [{ lineId: '1', units: 1 }],
    });
    expect(await levelOf('LAMP')).toMatchObject({ onHand: 0, allocated: 0, shortage: 0 });
    expect(await kindsOf('amazon.cancelled')).toEqual(['parcel-of-cancelled-order']);

    const back = { returnId: 'R-1', locationId: 'main', condition: 'available', lines: [{ lineId: '1', units: 1 }] };
    await system.api.post('/v1/orders/amazon.cancelled/returns', back);
    await system.api.post('/v1/orders/amazon.cancelled/returns', back);
    expect(await levelOf('LAMP')).toMatchObject({ onHand: 1, allocated: 0 });
    expect(await kindsOf('amazon.cancelled')).toEqual([]);
  });

  it.each([
    ['cancels', 'lost', ['TRAY', 3], { cancelled: true }, 3],
    ['makes smaller', 'less', ['TRAY', 1], {}, 2],
    ['changes', 'other', ['DISH', 3], {}, 3],
  ] as const)('end in a case, where a channel %s what has left, until it is back', async (...row) => {
    const [, number, [sku, ordered], change, units] = row;
    await receive(sku, 3);
    await sell(number, [line('TRAY', 3)]);
    const lines = (back: number) => [{ lineId: '1', sku: 'TRAY', units: back }];
    await system.api.post(`/v1/orders/amazon.${number}/shipments`, { shipmentId: 'S-1', lines: lines(3) });
    await sell(number, [line(sku, ordered)], change);
    expect(await kindsOf(`amazon.${number}`)).toEqual(['parcel-of-cancelled-order']);
    const giveBack = (returnId: string, back: number) => {
      const place = { locationId: 'main', condition: 'available' };
      return system.api.post(`/v1/orders/amazon.${number}/returns`, { returnId, ...place, lines: lines(back) });
    };
    await giveBack('R-1', units - 1);
    expect(await kindsOf(`amazon.${number}`)).toEqual(['parcel-of-cancelled-order']);
    await giveBack('R-2', 1);
    expect(await kindsOf(`amazon.${number}`)).toEqual([]);
  });

  it('bind the units of an order that its channel takes up again, once', async () => {
    await receive('VASE', 3);
    await sell('again', [line('VASE', 2)]);
    await sell('again', [line('VASE', 2)], { cancelled: true });
    expect(await levelOf('VASE')).toMatchObject({ onHand: 3, allocated: 0 });
    await sell('again', [line('VASE', 2)], { revision: 2 });
    expect(await levelOf('VASE')).toMatchObject({ onHand: 3, allocated: 2 });
    expect(await kindsOf('amazon.again')).toEqual(['order-reopened']);
  });

  it('bind what is left to leave, where a parcel came before its order', async () => {
    await receive('BOWL', 5);
    const shipment = { shipmentId: 'S-2', lines: [{ lineId: '1', sku: 'BOWL', units: 2 }] };
    await system.api.post('/v1/orders/amazon.early/shipments', shipment);
    expect(await levelOf('BOWL')).toMatchObject({ onHand: 3, allocated: 0 });
    expect(await kindsOf('amazon.early')).toEqual(['movement-of-unknown-order']);
    await sell('early', [line('BOWL', 3)]);
    expect(await levelOf('BOWL')).toMatchObject({ onHand: 3, allocated: 1 });
    expect(await kindsOf('amazon.early')).toEqual([]);
  });

  it('follow the content that came last of one revision', async () => {
    await receive('CUP', 10);
    await sell('changed', [line('CUP', 1)]);
    await sell('changed', [line('CUP', 3)]);
    expect(await levelOf('CUP')).toMatchObject({ onHand: 10, allocated: 3 });
    await sell('changed', [line('CUP', 4)], { revision: 2, currency: 'USD' });
    expect(await levelOf('CUP')).toMatchObject({ onHand: 10, allocated: 4 });
    expect(await kindsOf('amazon.changed')).toEqual(['currency-changed']);
  });

  it('wait for the listing, where a sale names an offer that leads to no SKU', async () => {
    await receive('TEAPOT', 5);
    const offer = { lineId: '1', units: 2, unitPriceMinor: 1_000 };
    await sell('offered', [{ ...offer, externalId: 'B00TEAPOT' }]);
    expect(await kindsOf('amazon.offered/1')).toEqual(['unknown-offer']);
    await list('TEAPOT', 'B00TEAPOT');
    await until('the offer is ordered by its SKU', async () => {
      const { offers, lines } = await system.api.ask('GET', '/v1/orders/amazon.offered', order);
      return offers.length === 0 && lines[0]?.sku === 'TEAPOT' ? lines : undefined;
    });
    expect(await levelOf('TEAPOT')).toMatchObject({ onHand: 5, allocated: 2 });
    expect(await kindsOf('amazon.offered/1')).toEqual([]);
  });

  it('sell the SKU of an offer, where the channel sends its id beside or in place of ours', async () => {
    await receive('SPOON', 9);
    await list('SPOON', 'B00SPOON');
    await sell('beside', [{ lineId: '1', externalId: 'B00SPOON', units: 1, unitPriceMinor: 100 }]);
    await sell('in-place', [line('B00SPOON', 2)]);
    await sell('ours', [line('SPOON', 1)]);
    expect(await levelOf('SPOON')).toMatchObject({ onHand: 9, allocated: 4 });
    expect((await system.api.send('GET', '/v1/stock/B00SPOON')).status).toBe(404);
  });

  it('wait for the channel, where it is not set up', async () => {
    await sell('unheard-of', [line('CUP', 1)], { channel: 'amazn' });
    expect(await kindsOf('amazn')).toContain('unknown-channel');
    expect(await kindsOf('amazon')).not.toContain('unknown-channel');
    await system.api.put('/v1/supply-maps/amazn', { locationIds: ['main'] });
    expect(await kindsOf('amazn')).not.toContain('unknown-channel');
  });

  it('leave no shortage of what is no goods', async () => {
    await receive('MUG', 2);
    const [discount, shipping] = [
      { lineId: '2', sku: 'DISCOUNT', units: 1, unitPriceMinor: -500 },
      { lineId: '3', units: 1, unitPriceMinor: 490 },
    ];
    await sell('charged', [line('MUG', 2), discount, shipping, { ...line('CUP', 0), lineId: '4' }]);
    expect(await levelOf('MUG')).toMatchObject({ allocated: 2 });
    const { items } = await system.api.ask(
      'GET',
      '/v1/shortages?state=open',
      z.object({ items: z.array(z.unknown()) }),
    );
    expect(items).toEqual([]);
    expect((await system.api.send('GET', '/v1/stock/DISCOUNT')).status).toBe(404);
  });

  it('are in views that the log gives', async () => {
    const { exitCode, output } = await installation.ops('verify', '--skip-channels');
    expect([exitCode, output]).toEqual([0, expect.any(String)]);
  });

  const line = (sku: string, units: number) => ({ lineId: '1', sku, units, unitPriceMinor: 1_000 });

  const receive = (sku: string, units: number) =>
    system.api.post(`/v1/stock/${sku}/receipts`, { locationId: 'main', units });

  const sell = (externalOrderId: string, lines: object[], changes: object = {}) =>
    system.api.post('/v1/channel-sales', {
      channel: 'amazon',
      externalOrderId,
      revision: 1,
      currency: 'EUR',
      placedAt: '2026-01-31T12:00:00Z',
      lines,
      ...changes,
    });

  async function list(sku: string, externalId: string): Promise<void> {
    const row = { sku, title: sku, productId: sku.toLowerCase(), productTitle: sku };
    await system.api.post('/v1/catalog/import', { rows: [{ ...row, listings: [{ channel: 'amazon', externalId }] }] });
    await system.api.settled();
  }

  async function levelOf(sku: string): Promise<object | undefined> {
    await system.api.settled();
    const answer = await system.api.ask('GET', `/v1/stock/${sku}`, z.object({ levels: z.array(z.looseObject({})) }));
    return answer.levels[0];
  }

  async function kindsOf(about: string): Promise<string[]> {
    await system.api.settled();
    const { items } = await system.api.ask('GET', '/v1/exceptions', exceptions);
    return items.filter(({ subject }) => subject === about).map(({ kind }) => kind);
  }
});

const exceptions = z.object({ items: z.array(z.object({ kind: z.string(), subject: z.string() })) });
const order = z.object({ lines: z.array(z.object({ sku: z.string() })), offers: z.array(z.unknown()) });
