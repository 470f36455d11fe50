import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { integerBetween, type Random, seededRandom } from '../../apps/simulated-shop/src/random.js';
import { type SimulatedShop, startSimulatedShop } from '../../apps/simulated-shop/src/start-simulated-shop.js';
import { type Answer, type Api, until } from './support/api.js';
import { query } from './support/database.js';
import { Installation, type RunningSystem, SECRET } from './support/installation.js';
import { CHANNELS, openForTrade, signed } from './support/trade.js';

const SEED = 20_261_121;
const WEBHOOKS = 1_400;
const BULKS = 24;
const SALES_PER_BULK = 25;
const ORDERS = 120;
const KILLS = 5;
const SENDERS = 24;
const PLACED_AT = '2026-01-31T12:00:00.000Z';
const SKUS = Array.from({ length: 20 }, (_, index) => `SKU-${index}`);
/** The last ones are too few for everybody: own-shop orders are declined, sales of channels become shortages. */
const STOCK = Object.fromEntries(SKUS.map((sku, index) => [sku, index < 15 ? 1_000 : 40]));

interface Line {
  readonly lineId: string;
  readonly sku: string;
  readonly units: number;
  readonly unitPriceMinor: number;
}

interface Sale {
  readonly channel: string;
  readonly externalOrderId: string;
  readonly lines: readonly Line[];
}

/** One request and what it must lead to. A channel repeats it until it is acknowledged; a shopper does not. */
interface Message {
  /** The answer; undefined where none came. */
  send(api: Api): Promise<Answer | undefined>;
  readonly sales: readonly Sale[];
  /** For an order of our own shop: its lines. */
  readonly ordered?: readonly Line[];
}

interface StoredOrder {
  readonly order_id: string;
  readonly channel: string;
  readonly status: 'submitted' | 'placed' | 'declined';
  readonly lines: readonly { readonly lineId: string; readonly sku: string; readonly ordered: number }[];
}

const submitted = z.object({ orderId: z.string() });

describe('kill -9 in the middle of 2,120 sales and orders', () => {
  let installation: Installation;
  let shop: SimulatedShop;
  let system: RunningSystem;
  const random = seededRandom(SEED);
  const messages = shuffled(random, [
    ...Array.from({ length: WEBHOOKS }, (_, number) => webhook(random, number)),
    ...Array.from({ length: BULKS }, (_, number) => bulk(random, number)),
    ...Array.from({ length: ORDERS }, () => ownShopOrder(random)),
  ]);
  const killAt = new Set(Array.from({ length: KILLS }, (_, kill) => killPoint(random, kill)));
  const answers = new Map<Message, Answer>();
  const unanswered: Message[] = [];
  const ended = new AbortController();
  let repeats = 0;
  let orders: StoredOrder[];

  beforeAll(async () => {
    installation = await Installation.create();
    shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:' });
    system = await installation.start({ EINKLANG_LOG_LEVEL: 'warn' });
    await openForTrade(system.api, { shopUrl: shop.url, stock: STOCK });
    await sendThroughKills();
    await everythingIsKnown();
    orders = await query(
      await installation.databaseUrl(),
      'select order_id, channel, status, lines from analytics.orders',
    );
  }, 300_000);
  afterAll(async () => {
    // Should the set-up have failed, no sender goes on.
    ended.abort();
    await shop?.close();
    await installation?.remove();
  });

  it('was survived: killed as often as planned, and what was in flight was sent again', () => {
    expect(answers.size + unanswered.length).toBe(messages.length);
    expect(killAt.size).toBe(0);
    expect(repeats).toBeGreaterThan(0);
  });

  it('leaves every acknowledged sale exactly once', () => {
    const expected = messages.flatMap(({ sales }) => sales);
    const stored = orders.filter(({ channel }) => channel !== 'own-shop-eu');
    expect(stored.map(({ order_id, lines }) => [order_id, ordered(lines)]).sort(byFirst)).toEqual(
      expected
        .map(({ channel, externalOrderId, lines }) => [
          `${channel}.${externalOrderId}`,
          lines.map(({ lineId, sku, units }) => [lineId, sku, units]),
        ])
        .sort(byFirst),
    );
  });

  it('records each of them as one event', async () => {
    const counts = await query<{ type: string; count: number }>(
      await installation.databaseUrl(),
      'select type, count(*)::integer as count from event_store.events group by type',
    );
    const of = (type: string) => counts.find((row) => row.type === type)?.count ?? 0;
    expect(of('SaleRecorded')).toBe(WEBHOOKS + BULKS * SALES_PER_BULK);
    expect(of('SaleAmended')).toBe(0);
    expect(of('OrderPlaced') + of('OrderDeclined')).toBe(of('OrderSubmitted'));
  });

  it('leaves own-shop orders placed or declined, as their buyers were answered, and none that was not sent', () => {
    const own = new Map(orders.filter(({ channel }) => channel === 'own-shop-eu').map((each) => [each.order_id, each]));
    expect(new Set([...own.values()].map(({ status }) => status))).toEqual(new Set(['placed', 'declined']));
    for (const [message, answer] of answers) {
      if (!message.ordered) continue;
      const { orderId } = submitted.parse(answer.body);
      const order = own.get(orderId);
      const expected = { 201: ['placed'], 202: ['placed', 'declined'], 409: ['declined'] }[answer.status];
      expect(expected).toContain(order?.status);
      expect(ordered(order?.lines ?? [])).toEqual(asked(message));
      own.delete(orderId);
    }
    const possible = unanswered.map((message) => JSON.stringify(asked(message)));
    const further = [...own.values()].map(({ lines }) => JSON.stringify(ordered(lines)));
    expect(possible).toEqual(expect.arrayContaining(further));
    expect(further.length).toBeLessThanOrEqual(possible.length);
  });

  it('allocates exactly what was sold, of everything', async () => {
    const sold = new Map(SKUS.map((sku) => [sku, 0]));
    for (const { status, lines } of orders) {
      if (status !== 'placed') continue;
      for (const { sku, ordered: units } of lines) sold.set(sku, (sold.get(sku) ?? 0) + units);
    }
    const levels = await query<{ sku: string; on_hand: number; allocated: number; shortage: number }>(
      await installation.databaseUrl(),
      `select sku, on_hand::integer, allocated::integer, shortage::integer from analytics.stock_levels`,
    );
    expect(levels.map(({ sku, allocated }) => [sku, allocated]).sort(byFirst)).toEqual([...sold].sort(byFirst));
    for (const { sku, on_hand, allocated, shortage } of levels) {
      expect(on_hand).toBe(STOCK[sku]);
      expect(shortage).toBe(Math.max(0, allocated - on_hand));
    }
    expect(levels.some(({ shortage }) => shortage > 0)).toBe(true);
  });

  it('verify finds no difference in the log, in any view and on any channel', async () => {
    const { exitCode, output } = await installation.ops('verify');
    expect(output).toContain('channel etsy: 20 listings, 0 differences');
    expect(output).not.toMatch(/[1-9]\d* differences/);
    expect(exitCode).toBe(0);
  });

  /** Every sender sends one message after the other; the one whose answer completes a kill point kills and restarts. */
  async function sendThroughKills(): Promise<void> {
    const waiting = [...messages];
    let running = Promise.resolve();
    const sendAll = async () => {
      for (let message = waiting.pop(); message; message = waiting.pop()) {
        await running;
        ended.signal.throwIfAborted();
        const answer = await message.send(system.api);
        if (answer) answers.set(message, answer);
        else if (message.ordered) unanswered.push(message);
        else {
          repeats += 1;
          waiting.push(message);
        }
        if (answer && killAt.delete(answers.size)) running = killAndRestart();
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, sendAll));
    await running;
  }

  async function killAndRestart(): Promise<void> {
    await system.kill();
    system = await installation.start({ EINKLANG_LOG_LEVEL: 'warn' });
  }

  async function everythingIsKnown(): Promise<void> {
    const url = await installation.databaseUrl();
    await until('the intake is empty', async () => {
      const [row] = await query<{ waiting: number }>(
        url,
        `select count(*)::integer as waiting from channels.intake where state <> 'done'`,
      );
      return row?.waiting === 0 ? true : undefined;
    });
    await system.api.settled();
    await until('every channel has its newest numbers', async () => {
      const { items } = await system.api.ask('GET', '/v1/channels/lag', lags);
      return items.every(({ waiting }) => waiting === 0) ? true : undefined;
    });
  }
});

const lags = z.object({ items: z.array(z.object({ waiting: z.int() })) });

function webhook(random: Random, number: number): Message {
  const sale = saleOf(random, `W-${number}`);
  const order = {
    ...sale,
    revision: 0,
    placedAt: PLACED_AT,
    currency: 'EUR',
    cancelled: false,
    customer: buyer(random),
  };
  const body = JSON.stringify({ topic: 'order.created', order });
  const headers = signed(sale.channel, `message-${number}`, body);
  return {
    sales: [sale],
    send: (api) => expecting([202], api.send('POST', `/v1/channels/${sale.channel}/webhooks`, body, headers)),
  };
}

function bulk(random: Random, number: number): Message {
  const sales = Array.from({ length: SALES_PER_BULK }, (_, index) => saleOf(random, `B-${number}-${index}`));
  const known = { placedAt: PLACED_AT, currency: 'EUR' };
  const body = { sales: sales.map((sale) => ({ ...sale, ...known, messageId: `bulk-${sale.externalOrderId}` })) };
  return { sales, send: (api) => expecting([200], api.send('POST', '/v1/channel-sales/bulk', body)) };
}

function ownShopOrder(random: Random): Message {
  const lines = linesOf(random);
  const body = { channel: 'own-shop-eu', currency: 'EUR', lines, customer: buyer(random) };
  return { sales: [], ordered: lines, send: (api) => expecting([201, 202, 409], api.send('POST', '/v1/orders', body)) };
}

/** Any other answer is a fault of the system or of these specs; only a process that is killed may give none. */
async function expecting(statuses: readonly number[], sent: Promise<Answer>): Promise<Answer | undefined> {
  const answer = await sent.catch(() => undefined);
  if (answer && !statuses.includes(answer.status)) throw new Error(`Answered ${answer.status}: ${answer.text}`);
  return answer;
}

function saleOf(random: Random, externalOrderId: string): Sale {
  const marketplaces = CHANNELS.filter((name) => name !== 'own-shop-eu');
  const channel = marketplaces[integerBetween(random, 0, marketplaces.length - 1)] ?? '';
  return { channel, externalOrderId, lines: linesOf(random) };
}

function linesOf(random: Random): Line[] {
  const skus = shuffled(random, SKUS).slice(0, integerBetween(random, 1, 3));
  return skus.map((sku, index) => ({
    lineId: String(index + 1),
    sku,
    units: integerBetween(random, 1, 3),
    unitPriceMinor: 999,
  }));
}

function buyer(random: Random) {
  return { email: `buyer-${integerBetween(random, 0, 300)}@example.com` };
}

/** Somewhere in its part of the run, so that kills do not follow each other at once. */
function killPoint(random: Random, kill: number): number {
  const part = Math.floor((WEBHOOKS + BULKS + ORDERS) / (KILLS + 1));
  return part * kill + integerBetween(random, 50, part - 1);
}

const asked = ({ ordered: lines = [] }: Message) => lines.map(({ lineId, sku, units }) => [lineId, sku, units]);

const ordered = (lines: StoredOrder['lines']) => lines.map(({ lineId, sku, ordered: units }) => [lineId, sku, units]);

const byFirst = (a: readonly unknown[], b: readonly unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1);

function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
