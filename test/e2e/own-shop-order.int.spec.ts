import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type Api, until } from './support/api.js';
import { takeLease } from './support/database.js';
import { Installation, type RunningSystem } from './support/installation.js';

const submitted = z.object({ orderId: z.string(), status: z.string() });

describe('an order of our own shop', () => {
  let installation: Installation;
  let system: RunningSystem;

  beforeAll(async () => {
    installation = await Installation.create();
    system = await installation.start();
    await system.api.put('/v1/locations/main', { name: 'Warehouse' });
    await system.api.put('/v1/supply-maps/web-shop', { locationIds: ['main'] });
    for (const sku of ['LAMP', 'VASE', 'BOWL'])
      await system.api.post(`/v1/stock/${sku}/receipts`, { locationId: 'main', units: 10 });
  });
  afterAll(() => installation?.remove());

  it('is placed, and its stock allocated', async () => {
    const { status, body } = await submit(system.api, 'first', { LAMP: 2, VASE: 1 });
    expect([status, body.status]).toEqual([201, 'placed']);
    expect(await freeUnits('LAMP')).toBe(8);
  });

  it('is declined with the numbers, all of it, and allocates nothing', async () => {
    const { status, body } = await submit(system.api, 'second', { LAMP: 2, VASE: 99 });
    expect(status).toBe(409);
    expect(body).toMatchObject({
      code: 'insufficient-stock',
      detail: '9 of VASE are left, not 99.',
      short: [{ sku: 'VASE', requested: 99, available: 9 }],
    });
    expect(await statusOf(String(body.orderId))).toBe('declined');
    expect([await freeUnits('LAMP'), await freeUnits('VASE')]).toEqual([8, 9]);
  });

  const ALLOCATE = '/v1/processes/when-order-is-submitted-allocate-stock';
  const DECIDE = '/v1/processes/when-stock-answers-place-or-decline-order';

  it('is shown as processes with their steps', async () => {
    const { body } = await submit(system.api, 'shown', { BOWL: 1 });
    await system.api.settled();
    for (const path of [ALLOCATE, DECIDE]) {
      const { status, body: process } = await system.api.send('GET', `${path}/${String(body.orderId)}`);
      expect([status, process.state, process.waitsFor]).toEqual([200, 'done', []]);
      const history = z.array(z.object({ type: z.string() })).parse(process.history);
      expect([history.at(0)?.type, history.at(-1)?.type]).toEqual(['ProcessStarted', 'ProcessEnded']);
    }
    const list = await system.api.send('GET', `/v1/processes?state=done&limit=1`);
    expect(list.body).toMatchObject({ items: [{ state: 'done' }], nextCursor: expect.any(String) });
    expect((await system.api.send('POST', `${DECIDE}/${String(body.orderId)}/retry`)).body.code).toBe(
      'process-not-waiting',
    );
    const end = { reason: 'too late' };
    expect((await system.api.send('POST', `${DECIDE}/${String(body.orderId)}/end`, end)).body.code).toBe(
      'process-has-ended',
    );
    for (const unknown of [`${DECIDE}/nothing`, '/v1/processes/when-nothing-happens-rest/1'])
      expect((await system.api.send('GET', unknown)).status).toBe(404);
    expect((await system.api.send('POST', `${DECIDE}/nothing/retry`)).body.code).toBe('unknown-process');
    expect((await system.api.send('POST', `${DECIDE}/nothing/end`, {})).status).toBe(400);
  });

  it('waits where a person sees it, who has it tried again or ends it', async () => {
    await system.kill();
    const lease = await takeLease(await installation.databaseUrl(), 'reaction.when-order-is-submitted-allocate-stock');
    system = await installation.start();
    const { body } = await submit(system.api, 'waits', { BOWL: 1 });
    const path = `${DECIDE}/${String(body.orderId)}`;
    const waiting = await until('the order waits', async () => {
      const { status, body: process } = await system.api.send('GET', path);
      return status === 200 ? process : undefined;
    });
    expect(waiting).toMatchObject({
      state: 'waiting',
      step: 'await-stock',
      waitsFor: expect.arrayContaining(['StockAllocated', 'StockAllocationDeclined']),
    });
    expect((await system.api.send('GET', '/metrics')).text).toMatch(
      /einklang_processes_open\{name="when-stock-answers-place-or-decline-order",state="waiting"\} 1/,
    );
    expect((await system.api.send('POST', `${path}/retry`)).status).toBe(200);
    const ended = await system.api.send('POST', `${path}/end`, { reason: 'the customer called' });
    expect([ended.status, ended.body.id]).toEqual([200, body.orderId]);
    await until('the process has ended', async () => {
      const { body: process } = await system.api.send('GET', path);
      return process.state === 'ended' && process.reason === 'the customer called' ? true : undefined;
    });
    await system.kill();
    await lease.release();
    system = await installation.start();
    expect(await statusOf(String(body.orderId))).toBe('submitted');
  });

  // Each of the three steps is kept from happening before the crash, as if the process had died just before it.
  it.each([
    ['reaction.when-order-is-submitted-allocate-stock', { LAMP: 1 }, 'placed', 201],
    ['reaction.when-stock-answers-place-or-decline-order', { LAMP: 1 }, 'placed', 201],
    ['reaction.when-order-is-submitted-allocate-stock', { VASE: 50 }, 'declined', 409],
    ['reaction.when-stock-answers-place-or-decline-order', { VASE: 50 }, 'declined', 409],
  ])('is resolved after a crash before %s of %j: %s', async (step, units, end, answered) => {
    const before = await freeUnits('LAMP');
    await system.kill();
    const lease = await takeLease(await installation.databaseUrl(), step);
    system = await installation.start();
    const key = `${step}-${end}`;
    const { status, body } = await submit(system.api, key, units);
    const { orderId } = submitted.parse(body);
    expect([status, body.status]).toEqual([202, 'submitted']);

    await system.kill();
    await lease.release();
    system = await installation.start();

    await until('the order is decided', async () => ((await statusOf(orderId)) === end ? true : undefined));
    await system.api.settled();
    expect(await freeUnits('LAMP')).toBe(before - ('LAMP' in units ? 1 : 0));
    expect((await submit(system.api, `${key}-later`, units)).status).toBe(answered);
  });

  it('is the same order when it is sent again with its key', async () => {
    const before = await freeUnits('LAMP');
    const first = await submit(system.api, 'again', { LAMP: 1 });
    const second = await submit(system.api, 'again', { LAMP: 1 });
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await freeUnits('LAMP')).toBe(before - 1);
    expect((await installation.ops('verify', '--skip-channels')).exitCode).toBe(0);
  });

  const submit = (api: Api, key: string, units: Record<string, number>) => {
    const lines = Object.entries(units).map(([sku, count], index) => ({
      lineId: String(index + 1),
      sku,
      units: count,
      unitPriceMinor: 999,
    }));
    return api.send('POST', '/v1/orders', { channel: 'web-shop', currency: 'EUR', lines }, { 'idempotency-key': key });
  };

  async function statusOf(orderId: string): Promise<string> {
    await system.api.settled();
    return (await system.api.ask('GET', `/v1/orders/${orderId}`, z.object({ status: z.string() }))).status;
  }

  async function freeUnits(sku: string): Promise<number> {
    await system.api.settled();
    const { levels } = await system.api.ask(
      'GET',
      `/v1/stock/${sku}`,
      z.object({ levels: z.array(z.object({ free: z.int() })) }),
    );
    return levels[0]?.free ?? Number.NaN;
  }
});
