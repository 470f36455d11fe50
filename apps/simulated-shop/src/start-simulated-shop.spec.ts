import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { credentialsOf } from './credentials.js';
import { type Answer, clientOf, listing, openReceiver, openShop, SECRET } from './testing/shop-harness.js';

type OpenShop = Awaited<ReturnType<typeof openShop>>;

let open: OpenShop;
let call: OpenShop['call'];

beforeEach(async () => {
  open = await openShop();
  call = open.call;
});
afterEach(() => open.shop.close());

/** Lists SKUs 1..count, each showing `quantity`. */
async function stocked(count: number, quantity: number, on = call) {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  await on('PUT', 'listings', { listings: numbers.map((number) => listing(number)) });
  await on('PUT', 'stock', {
    updates: numbers.map((number) => ({ externalId: listing(number).externalId, quantity, revision: 1 })),
  });
}

const shown = async (on = call): Promise<number[]> =>
  (await on('GET', 'stock')).body.items.map(({ quantity }: { quantity: number }) => quantity);

const refused = ({ status, body }: Answer) => ({ status, code: body.code });

describe('listings and stock', () => {
  it('shows 0 of a new listing and keeps the number of one that is replaced', async () => {
    await call('PUT', 'listings', { listings: [listing(1)] });
    expect(await shown()).toEqual([0]);
    await call('PUT', 'stock', { updates: [{ externalId: 'L-0001', quantity: 5, revision: 1 }] });
    const replaced = await call('PUT', 'listings', { listings: [listing(1, { sku: 'OTHER' }), listing(2)] });
    expect(replaced).toMatchObject({
      status: 200,
      body: {
        results: [
          { externalId: 'L-0001', status: 'ok' },
          { externalId: 'L-0002', status: 'ok' },
        ],
      },
    });
    const { body } = await call('GET', 'stock');
    expect(body).toEqual({
      items: [
        { externalId: 'L-0001', sku: 'OTHER', quantity: 5 },
        { externalId: 'L-0002', sku: 'SKU-2', quantity: 0 },
      ],
      next: null,
    });
  });

  it('sets the number it gets, even one of an older revision', async () => {
    await stocked(1, 10);
    await call('PUT', 'stock', { updates: [{ externalId: 'L-0001', quantity: 3, revision: 9 }] });
    const { body } = await call('PUT', 'stock', {
      updates: [
        { externalId: 'L-0001', quantity: 7, revision: 8 },
        { externalId: 'L-9999', quantity: 1, revision: 8 },
      ],
    });
    expect(body.results).toEqual([
      { externalId: 'L-0001', status: 'ok' },
      { externalId: 'L-9999', status: 'unknown-listing' },
    ]);
    expect(await shown()).toEqual([7]);
    expect((await call('GET', 'statistics')).body.stockWrites).toBe(3);
  });

  it('pages through its numbers', async () => {
    await stocked(5, 1);
    const pages: string[][] = [];
    for (let after: string | null = ''; after !== null; ) {
      const { body }: Answer = await call('GET', `stock?limit=2&after=${after}`);
      pages.push(body.items.map(({ externalId }: { externalId: string }) => externalId));
      after = body.next;
    }
    expect(pages).toEqual([['L-0001', 'L-0002'], ['L-0003', 'L-0004'], ['L-0005']]);
  });

  it('keeps channels apart', async () => {
    await stocked(2, 4);
    const other = clientOf(open.shop, 'other');
    expect(await shown(other)).toEqual([]);
    await stocked(1, 9, other);
    expect(await shown()).toEqual([4, 4]);
  });
});

describe('buying', () => {
  it('sells what it shows, and answers the order', async () => {
    await stocked(2, 10);
    const { status, body } = await call('POST', 'buy', {
      lines: [
        { externalId: 'L-0001', units: 2 },
        { externalId: 'L-0002', units: 1 },
      ],
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      externalOrderId: expect.stringMatching(/^[0-9A-Z]+-1$/),
      revision: 0,
      placedAt: '2026-01-15T12:00:00.000Z',
      currency: 'EUR',
      cancelled: false,
      lines: [
        { lineId: '1', externalId: 'L-0001', sku: 'SKU-1', units: 2, unitPriceMinor: 1_001 },
        { lineId: '2', externalId: 'L-0002', sku: 'SKU-2', units: 1, unitPriceMinor: 1_002 },
      ],
      customer: {
        email: expect.stringMatching(/^[a-z]+\.[a-z]+\.\d+@example\.com$/),
        phone: expect.stringMatching(/^\+99955\d{7}$/),
        customerId: expect.stringMatching(/^web-customer-\d+$/),
      },
      sequence: 1,
    });
    expect(await shown()).toEqual([8, 9]);
    expect((await call('GET', 'statistics')).body).toMatchObject({ orders: 1, soldUnits: 3, soldOutAttempts: 0 });
  });

  it('sells nothing of an order it cannot serve in full', async () => {
    await stocked(2, 1);
    const lines = [
      { externalId: 'L-0001', units: 1 },
      { externalId: 'L-0002', units: 2 },
    ];
    expect(refused(await call('POST', 'buy', { lines }))).toEqual({ status: 409, code: 'sold-out' });
    expect(await shown()).toEqual([1, 1]);
    expect((await call('GET', 'orders')).body.orders).toEqual([]);
    expect((await call('GET', 'statistics')).body).toMatchObject({ orders: 0, soldUnits: 0, soldOutAttempts: 1 });
  });

  it('counts a listing that is named twice twice', async () => {
    await stocked(1, 3);
    const lines = [
      { externalId: 'L-0001', units: 2 },
      { externalId: 'L-0001', units: 2 },
    ];
    expect(refused(await call('POST', 'buy', { lines }))).toEqual({ status: 409, code: 'sold-out' });
    expect(await shown()).toEqual([3]);
  });

  it('refuses what it does not list and what has no common currency', async () => {
    await stocked(1, 3);
    expect(refused(await call('POST', 'buy', { lines: [{ externalId: 'gone', units: 1 }] }))).toEqual({
      status: 404,
      code: 'unknown-listing',
    });
    await call('PUT', 'listings', { listings: [listing(2, { currency: 'USD' })] });
    await call('PUT', 'stock', { updates: [{ externalId: 'L-0002', quantity: 1, revision: 1 }] });
    const mixed = {
      lines: [
        { externalId: 'L-0001', units: 1 },
        { externalId: 'L-0002', units: 1 },
      ],
    };
    expect(refused(await call('POST', 'buy', mixed))).toEqual({ status: 400, code: 'mixed-currencies' });
    expect(await shown()).toEqual([3, 1]);
  });
});

describe('orders', () => {
  it('can be pulled, oldest change first, and a cancelled one comes again', async () => {
    await stocked(1, 10);
    const first = (await call('POST', 'buy', { lines: [{ externalId: 'L-0001', units: 1 }] })).body;
    const second = (await call('POST', 'buy', { lines: [{ externalId: 'L-0001', units: 2 }] })).body;
    expect((await call('GET', 'orders?limit=1')).body).toEqual({ orders: [first], next: 1 });
    expect((await call('GET', 'orders?after=1')).body).toEqual({ orders: [second], next: 2 });

    const cancelled = await call('POST', `orders/${first.externalOrderId}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { ...first, cancelled: true, revision: 1, sequence: 3 } });
    expect((await call('GET', 'orders')).body).toEqual({ orders: [second, cancelled.body], next: 3 });
    expect((await call('GET', 'orders?after=3')).body).toEqual({ orders: [], next: 3 });
    expect(await shown()).toEqual([7]);
  });

  it('cannot be cancelled twice, nor when there is none', async () => {
    await stocked(1, 10);
    const { externalOrderId } = (await call('POST', 'buy', { lines: [{ externalId: 'L-0001', units: 1 }] })).body;
    await call('POST', `orders/${externalOrderId}/cancel`);
    expect(refused(await call('POST', `orders/${externalOrderId}/cancel`))).toEqual({
      status: 409,
      code: 'already-cancelled',
    });
    expect(refused(await call('POST', 'orders/none/cancel'))).toEqual({ status: 404, code: 'unknown-order' });
  });
});

describe('webhooks', () => {
  it('are signed over the bytes that are sent, and tried again under the same id', async () => {
    const receiver = await openReceiver([503]);
    await stocked(1, 10);
    await call('POST', 'shoppers', { perSecond: 0, seed: 1, webhookUrl: receiver.url });
    const order = (await call('POST', 'buy', { lines: [{ externalId: 'L-0001', units: 1 }] })).body;
    const refusedAttempt = await receiver.next();
    // The retry is scheduled once the answer has arrived; each step of the clock finds it as soon as it is there.
    const retried = receiver.next();
    const steps = setInterval(() => open.clock.advance(250), 1);
    const delivered = await retried;
    clearInterval(steps);
    const { webhookSecret } = credentialsOf(SECRET, 'web');
    for (const webhook of [refusedAttempt, delivered]) {
      expect(JSON.parse(webhook.raw)).toEqual({ topic: 'order.created', order });
      expect(webhook.headers).toMatchObject({
        'x-simulated-signature': createHmac('sha256', webhookSecret).update(webhook.raw).digest('base64'),
        'x-simulated-message-id': `${order.externalOrderId}/0`,
        'x-simulated-sent-at': expect.stringMatching(/^2026-01-15T12:0\d:\d\d\.\d{3}Z$/),
      });
    }
    receiver.close();
  });

  it('tell that an order is cancelled', async () => {
    const receiver = await openReceiver();
    await stocked(1, 10);
    await call('POST', 'shoppers', { perSecond: 0, seed: 1, webhookUrl: receiver.url });
    const { externalOrderId } = (await call('POST', 'buy', { lines: [{ externalId: 'L-0001', units: 1 }] })).body;
    await receiver.next();
    await call('POST', `orders/${externalOrderId}/cancel`);
    const { raw, headers } = await receiver.next();
    expect(JSON.parse(raw)).toMatchObject({
      topic: 'order.cancelled',
      order: { externalOrderId, revision: 1, cancelled: true },
    });
    expect(headers['x-simulated-message-id']).toBe(`${externalOrderId}/1`);
    receiver.close();
  });
});

describe('shoppers', () => {
  const webhookUrl = 'http://127.0.0.1:9/nobody-listens';

  it('buy until nothing is left, and never what is not shown', async () => {
    await stocked(20, 7);
    await call('POST', 'shoppers', { perSecond: 100, seed: 3, webhookUrl });
    open.clock.advance(60_000);
    const { soldUnits, soldOutAttempts } = (await call('GET', 'statistics')).body;
    expect(await shown()).toEqual(Array.from({ length: 20 }, () => 0));
    expect(soldUnits).toBe(20 * 7);
    expect(soldOutAttempts).toBeGreaterThan(0);
    expect(await orderedUnits()).toBe(20 * 7);
  });

  it('come about as often as asked, and choose popular goods more often', async () => {
    await stocked(100, 1_000);
    await call('POST', 'shoppers', { perSecond: 50, seed: 3, webhookUrl });
    open.clock.advance(20_000);
    const { orders } = (await call('GET', 'statistics')).body;
    expect(orders).toBeGreaterThan(900);
    expect(orders).toBeLessThan(1_100);
    const sold = (await shown()).map((quantity) => 1_000 - quantity).sort((left, right) => right - left);
    expect(sold[0]).toBeGreaterThan(3 * (sold[90] ?? 0));
  });

  it('buy the same for the same seed, and something else for another', async () => {
    const bought = async (seed: number) => {
      const { shop, clock, call: onIt } = await openShop();
      await stocked(20, 50, onIt);
      await onIt('POST', 'shoppers', { perSecond: 20, seed, webhookUrl });
      clock.advance(5_000);
      const { orders } = (await onIt('GET', 'orders')).body;
      await shop.close();
      return orders;
    };
    const orders = await bought(11);
    expect(orders.length).toBeGreaterThan(50);
    expect(await bought(11)).toEqual(orders);
    expect(await bought(12)).not.toEqual(orders);
  });

  it('stop when told 0 per second, and notice new listings', async () => {
    await call('POST', 'shoppers', { perSecond: 50, seed: 3, webhookUrl });
    open.clock.advance(1_000);
    await stocked(5, 1_000);
    open.clock.advance(2_000);
    const before = (await call('GET', 'statistics')).body;
    expect(before.orders).toBeGreaterThan(50);
    expect(before.shoppersPerSecond).toBe(50);
    await call('POST', 'shoppers', { perSecond: 0, seed: 3, webhookUrl });
    open.clock.advance(10_000);
    expect((await call('GET', 'statistics')).body).toMatchObject({ orders: before.orders, shoppersPerSecond: 0 });
  });

  async function orderedUnits(): Promise<number> {
    let units = 0;
    for (let after = 0, more = true; more; ) {
      const { body }: Answer = await call('GET', `orders?after=${after}`);
      for (const order of body.orders) for (const line of order.lines) units += line.units;
      more = body.orders.length > 0;
      after = body.next;
    }
    return units;
  }
});

describe('bad days', () => {
  it('answers 429 with Retry-After and 500 as often as told, to sellers only', async () => {
    await stocked(1, 5);
    await call('PUT', 'behaviour', { answer429Percent: 100, retryAfterSeconds: 7 });
    const limited = await call('PUT', 'stock', { updates: [{ externalId: 'L-0001', quantity: 9, revision: 2 }] });
    expect(refused(limited)).toEqual({ status: 429, code: 'too-many-requests' });
    expect(limited.headers.get('retry-after')).toBe('7');

    await call('PUT', 'behaviour', { answer500Percent: 100 });
    expect(refused(await call('GET', 'orders'))).toEqual({ status: 500, code: 'told-to-fail' });
    expect((await call('POST', 'buy', { lines: [{ externalId: 'L-0001', units: 1 }] })).status).toBe(201);

    await call('PUT', 'behaviour', {});
    expect(await shown()).toEqual([4]);
  });

  it('fails a share of the requests, the same ones for the same seed', async () => {
    const statuses = async () => {
      const { shop, call: onIt } = await openShop();
      await onIt('PUT', 'behaviour', { answer429Percent: 20, answer500Percent: 20 });
      const seen: number[] = [];
      for (let request = 0; request < 100; request++) seen.push((await onIt('GET', 'stock')).status);
      await shop.close();
      return seen;
    };
    const seen = await statuses();
    expect(new Set(seen)).toEqual(new Set([200, 429, 500]));
    expect(seen.filter((status) => status === 200).length).toBeGreaterThan(45);
    expect(await statuses()).toEqual(seen);
  });

  it('fails the next requests, and then no more', async () => {
    await call('PUT', 'behaviour', { failNext: { count: 2, status: 503 } });
    const seen: number[] = [];
    for (let request = 0; request < 3; request++) seen.push((await call('GET', 'stock')).status);
    expect(seen).toEqual([503, 503, 200]);
  });

  it('answers late when told to, and not before', async () => {
    await stocked(1, 5);
    await call('PUT', 'behaviour', { latencyMs: 5_000 });
    let answered = false;
    const late = call('GET', 'stock').finally(() => {
      answered = true;
    });
    // A request sent after it is answered first: by then the late one has been taken.
    await call('GET', 'statistics');
    expect(answered).toBe(false);
    const steps = setInterval(() => open.clock.advance(5_000), 1);
    expect((await late).status).toBe(200);
    clearInterval(steps);
  });
});

describe('what is not right', () => {
  const update = { externalId: 'L-0001', quantity: 1, revision: 1 };
  const bad: [name: string, method: string, path: string, body: unknown, status: number, code: string][] = [
    ['a negative number', 'PUT', 'stock', { updates: [{ ...update, quantity: -1 }] }, 400, 'invalid-request'],
    ['half a unit', 'PUT', 'stock', { updates: [{ ...update, quantity: 0.5 }] }, 400, 'invalid-request'],
    ['2^53 units', 'PUT', 'stock', { updates: [{ ...update, quantity: 2 ** 53 }] }, 400, 'invalid-request'],
    ['no updates', 'PUT', 'stock', { updates: [] }, 400, 'invalid-request'],
    ['251 updates', 'PUT', 'stock', { updates: Array.from({ length: 251 }, () => update) }, 400, 'invalid-request'],
    ['a field too many', 'PUT', 'stock', { updates: [update], force: true }, 400, 'invalid-request'],
    [
      '1,001 listings',
      'PUT',
      'listings',
      { listings: Array.from({ length: 1_001 }, (_, n) => listing(n)) },
      400,
      'invalid-request',
    ],
    [
      'a currency of two letters',
      'PUT',
      'listings',
      { listings: [listing(1, { currency: 'EU' })] },
      400,
      'invalid-request',
    ],
    ['nothing to buy', 'POST', 'buy', { lines: [] }, 400, 'invalid-request'],
    [
      '1,001 shoppers per second',
      'POST',
      'shoppers',
      { perSecond: 1_001, seed: 1, webhookUrl: 'http://a/' },
      400,
      'invalid-request',
    ],
    [
      'webhooks to a file',
      'POST',
      'shoppers',
      { perSecond: 1, seed: 1, webhookUrl: 'file:///etc/passwd' },
      400,
      'invalid-request',
    ],
    ['101 percent', 'PUT', 'behaviour', { duplicatePercent: 101 }, 400, 'invalid-request'],
    ['a page of 0', 'GET', 'stock?limit=0', undefined, 400, 'invalid-request'],
    ['a page of 251 orders', 'GET', 'orders?limit=251', undefined, 400, 'invalid-request'],
    ['no JSON', 'PUT', 'stock', '{"updates":', 400, 'invalid-json'],
    ['no UTF-8', 'PUT', 'stock', new Uint8Array([0x22, 0xff, 0x22]), 400, 'invalid-utf8'],
    ['more than a MiB', 'PUT', 'stock', `"${'x'.repeat(1024 * 1024)}"`, 413, 'body-too-large'],
    ['an unknown route', 'GET', 'prices', undefined, 404, 'unknown-route'],
    ['a broken escape', 'POST', 'orders/%E0%A4%A/cancel', undefined, 404, 'unknown-route'],
    ['another method', 'DELETE', 'stock', undefined, 405, 'method-not-allowed'],
  ];

  it.each(bad)('%s is refused with a code and a sentence', async (_name, method, path, body, status, code) => {
    await stocked(1, 5);
    const answer = await call(method, path, body);
    expect(refused(answer)).toEqual({ status, code });
    expect(answer.body.message).toMatch(/\S/);
    expect(await shown()).toEqual([5]);
  });

  it('takes the token of this channel and no other', async () => {
    for (const token of [
      '',
      'guess',
      credentialsOf(SECRET, 'other').apiToken,
      credentialsOf(SECRET, 'web').webhookSecret,
    ]) {
      const stranger = clientOf(open.shop, 'web', token);
      expect(refused(await stranger('GET', 'stock'))).toEqual({ status: 401, code: 'unauthenticated' });
    }
  });

  it('knows no channel of a name that is none', async () => {
    const answers = await Promise.all(['Web', 'a_b', ''].map((name) => clientOf(open.shop, name)('GET', 'stock')));
    expect(answers.map(refused)).toEqual(answers.map(() => ({ status: 404, code: 'unknown-route' })));
  });
});

describe('a shop that starts again', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'simulated-shop-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('still has its numbers, its orders and where webhooks go', async () => {
    const receiver = await openReceiver();
    const file = join(folder, 'shop.sqlite');
    const before = await openShop({ file });
    await stocked(2, 10, before.call);
    await before.call('POST', 'shoppers', { perSecond: 0, seed: 1, webhookUrl: receiver.url });
    const order = (await before.call('POST', 'buy', { lines: [{ externalId: 'L-0001', units: 3 }] })).body;
    await receiver.next();
    await before.shop.close();

    const after = await openShop({ file });
    expect(await shown(after.call)).toEqual([7, 10]);
    expect((await after.call('GET', 'orders')).body).toEqual({ orders: [order], next: 1 });
    expect((await after.call('GET', 'statistics')).body).toMatchObject({ orders: 1, soldUnits: 3, stockWrites: 2 });
    const next = (await after.call('POST', 'buy', { lines: [{ externalId: 'L-0001', units: 1 }] })).body;
    expect(next.sequence).toBe(2);
    expect(JSON.parse((await receiver.next()).raw).order).toEqual(next);
    await after.shop.close();
    receiver.close();
  });

  it('sells nothing until shoppers are asked for again', async () => {
    const file = join(folder, 'shop.sqlite');
    const before = await openShop({ file });
    await stocked(2, 10, before.call);
    await before.call('POST', 'shoppers', { perSecond: 50, seed: 1, webhookUrl: 'http://127.0.0.1:9/' });
    await before.shop.close();
    const after = await openShop({ file });
    after.clock.advance(10_000);
    expect(await shown(after.call)).toEqual([10, 10]);
    await after.shop.close();
  });
});
