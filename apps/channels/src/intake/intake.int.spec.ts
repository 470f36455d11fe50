import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChannelSale, SaleResult, SalesIntake } from '#contracts';
import { EventStoreUnavailable, Overloaded, runInContext, WakeSignal } from '#event-sourcing';
import { Rejected, systemClock } from '#kernel';
import { PersonalDataHasher, PersonalDataSealer } from '#platform';
import { openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, type TestDatabase } from '#testing';
import type { ChannelConnector, OrdersPage, RawMessage, Reading } from '../connectors/connector.js';
import { createTables } from '../tables.js';
import { IntakeInbox } from './intake-inbox.js';
import { IntakeRows } from './intake-rows.js';
import { IntakeTable } from './intake-table.js';
import { IntakeWorker } from './intake-worker.js';
import { OrdersPoller } from './orders-poller.js';

let database: TestDatabase;
let readModels: ReadModels;
let table: IntakeTable;
let wakeSignal: WakeSignal;
let inbox: IntakeInbox;
let orders: RecordingOrders;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url });
  await createTables(readModels);
});

afterAll(async () => {
  await readModels?.close();
  await database?.drop();
});

beforeEach(async () => {
  await readModels.execute('truncate channels.intake, channels.watermark');
  table = new IntakeTable(readModels);
  wakeSignal = new WakeSignal();
  inbox = inboxOf(1_000);
  orders = new RecordingOrders();
});

describe('the intake', () => {
  it('stores a message once and hands it over once', async () => {
    expect(await Promise.all([1, 2, 3].map(() => take('m-1', [sale('A-1')])))).toEqual([
      true,
      expect.any(Boolean),
      expect.any(Boolean),
    ]);
    expect(await take('m-1', [sale('A-1')])).toBe(false);
    await workUntil(() => orders.recorded.length > 0);
    expect(orders.recorded).toMatchObject([{ externalOrderId: 'A-1', messageId: 'm-1' }]);
    expect(await take('m-1', [sale('A-1')])).toBe(false);
    expect(await table.waiting(10, new Date().toISOString())).toEqual([]);
  });

  it('hands over with the request that brought the message, which is answered by then', async () => {
    const cause = { correlationId: 'c-1', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
    await runInContext({ ...cause, actor: 'shop' }, () => take('m-1', [sale('A-1')]));
    await runInContext({ correlationId: 'c-2', actor: 'shop' }, () => take('m-2', [sale('A-2')]));
    await take('m-3', [sale('A-3')]);
    await workUntil(() => orders.recorded.length === 3);
    expect(orders.recorded.map((recorded) => recorded.cause)).toEqual([cause, { correlationId: 'c-2' }, undefined]);
  });

  it('takes other words under a known message id for a message of its own', async () => {
    expect(await take('m-1', [sale('A-1')])).toBe(true);
    await workUntil(() => orders.recorded.length === 1);
    expect(await take('m-1', [{ ...sale('A-1'), cancelled: true }])).toBe(true);
    expect(await take('m-1', [{ ...sale('A-1'), cancelled: true }])).toBe(false);
    await workUntil(() => orders.recorded.length === 2);
    expect(orders.recorded.map(({ cancelled }) => cancelled)).toEqual([false, true]);
  });

  it.each<[string, Partial<ChannelSale>]>([
    ['text with NUL', { currency: 'E\0R' }],
    ['a lone surrogate', { lines: [{ lineId: '\ud800', sku: 'a', units: 1, unitPriceMinor: 1 }] }],
    ['a revision that no column holds', { revision: 1e25 }],
    ['an order number that no index holds', { externalOrderId: randomBytes(6_000).toString('hex') }],
  ])('takes fifty sound messages beside one with %s, which is kept whole', async (_, change) => {
    const sound = Array.from({ length: 50 }, (_, index) => take(`m-${index}`, [sale(`A-${index}`)]));
    const bad = take('m-bad', [{ ...sale('A-bad'), ...change }]);
    expect(await Promise.all([...sound, bad])).toEqual(Array(51).fill(true));
    await workUntil(() => orders.recorded.length === 50);
    expect(await table.parked('web-shop', 0, 10)).toMatchObject([{ messageId: 'm-bad', kind: 'unreadable' }]);
    expect(await take('m-bad', [{ ...sale('A-bad'), ...change }])).toBe(false);
  });

  it('takes a revision that is a time in milliseconds', async () => {
    expect(await take('m-1', [{ ...sale('A-1'), revision: 1_767_225_600_000 }])).toBe(true);
    await workUntil(() => orders.recorded.length === 1);
    expect(orders.recorded[0]).toMatchObject({ externalOrderId: 'A-1', revision: 1_767_225_600_000 });
  });

  it('erases what was never understood when its time is over, and goes on showing that it came', async () => {
    await inbox.take('web-shop', { raw: rawOf('m-1', { email: 'ada@example.com' }, 'webhook'), reading: UNREADABLE });
    expect(await table.eraseSealed(new Date(Date.now() - 60_000).toISOString())).toBe(0);
    expect(await table.eraseSealed(new Date(Date.now() + 60_000).toISOString())).toBe(1);
    const [parked] = await table.parked('web-shop', 0, 10);
    expect(parked).toMatchObject({ messageId: 'm-1', error: expect.stringContaining('time was over') });
    expect(await table.unpark('web-shop', parked?.id ?? 0)).toBe(false);
  });

  it('stores concurrent messages with few statements', async () => {
    let statements = 0;
    const counting = new IntakeTable({
      ...readModels,
      query: (sql, params) => {
        statements += 1;
        return readModels.query(sql, params);
      },
    } as ReadModels);
    const busy = new IntakeInbox(counting, rows, systemClock, wakeSignal, readModels.log, { maxWaiting: 1_000 });
    await Promise.all(Array.from({ length: 500 }, (_, index) => take(`m-${index}`, [sale(`A-${index}`)], busy)));
    expect(await table.countWaiting(1_000)).toBe(500);
    expect(statements).toBeLessThanOrEqual(3);
  });

  it('keeps no clear-text personal data in any column', async () => {
    await take('m-1', [sale('A-1')]);
    const [row] = await readModels.query<{ text: string }>(`select i::text as text from channels.intake i`);
    for (const secret of ['ada', 'example.com', '4930123456', 'c-7'])
      expect(row?.text.toLowerCase()).not.toContain(secret);
    await workUntil(() => orders.recorded.length > 0);
    expect(orders.recorded[0]).not.toHaveProperty('customer');
    expect(orders.recorded[0]?.buyer).toEqual({
      emailHash: hasher.hashEmail('ada@example.com'),
      phoneHash: hasher.hashPhone('+4930123456'),
      channelCustomerHash: hasher.hashChannelCustomer('web-shop', 'c-7'),
    });
    const [done] = await readModels.query<{ sale: unknown }>('select sale from channels.intake');
    expect(done?.sale).toBeNull();
  });

  it('hands over in the order of arrival, with the time of arrival', async () => {
    for (const id of ['A-1', 'A-2', 'A-3']) await take(`m-${id}`, [sale(id)]);
    await workUntil(() => orders.recorded.length === 3);
    expect(orders.recorded.map(({ externalOrderId }) => externalOrderId)).toEqual(['A-1', 'A-2', 'A-3']);
    expect(orders.recorded[0]?.receivedAt).toMatch(/^\d{4}-.*Z$/);
  });

  it('has columns that hold what channels count, in a database of an earlier version too', async () => {
    await readModels.execute(`
      alter table channels.intake alter column external_revision type integer, alter column place type smallint;
      alter table channels.push_ledger alter column wanted_quantity type integer, alter column acknowledged_quantity type integer;
      drop table channels.migrations`);
    await createTables(readModels);
    const narrow = await readModels.query(
      `select table_name, column_name from information_schema.columns
        where table_schema = 'channels' and data_type in ('smallint', 'integer') and column_name <> 'attempts' and table_name <> 'migrations'`,
    );
    expect(narrow).toEqual([]);
  });

  it('refuses more than may wait', async () => {
    const small = inboxOf(2);
    await take('m-1', [sale('A-1')], small);
    await take('m-2', [sale('A-2')], small);
    await expect(take('m-3', [sale('A-3')], small)).rejects.toBeInstanceOf(Overloaded);
    expect(await table.countWaiting(10)).toBe(2);
  });

  it('hands over again after a crash between recording and noting it', async () => {
    await take('m-1', [sale('A-1')]);
    const crashing = new IntakeTable(readModels);
    crashing.settle = () => Promise.reject(new Error('the process died here'));
    await expect(workerOf(crashing).takeBatch()).rejects.toThrow('died');
    expect(orders.recorded).toHaveLength(1);
    await workUntil(async () => (await table.countWaiting(10)) === 0);
    expect(orders.recorded.map(({ messageId }) => messageId)).toEqual(['m-1', 'm-1']);
  });

  it('parks a refused sale at once, goes on with the others, and tries again when asked to', async () => {
    orders.answers.set('A-2', new Rejected('invalid', 'no-such-currency', 'This currency is not known.'));
    for (const id of ['A-1', 'A-2', 'A-3']) await take(`m-${id}`, [sale(id)]);
    await workUntil(async () => (await table.countWaiting(10)) === 0);
    const [parked] = await table.parked('web-shop', 0, 10);
    expect(parked).toMatchObject({ externalOrderId: 'A-2', error: 'This currency is not known.', attempts: 1 });
    orders.answers.clear();
    expect(await table.unpark('web-shop', parked?.id ?? 0)).toBe(true);
    expect(await table.unpark('web-shop', parked?.id ?? 0)).toBe(false);
    await workUntil(() => orders.recorded.length === 3);
    expect(await table.parked('web-shop', 0, 10)).toEqual([]);
  });

  it.each([1, 2])(
    'closes what is parked of revision 1 when revision %i of the order is recorded, and not with an older one',
    async (newer) => {
      orders.answers.set('A-2', new Rejected('invalid', 'invalid-placed-at', 'That is far ahead.'));
      await take('m-1', [{ ...sale('A-2'), revision: 1 }]);
      await workUntil(async () => (await table.countWaiting(10)) === 0);
      orders.answers.clear();
      const parkedIds = async () =>
        (await table.parked('web-shop', 0, 10)).map(({ externalRevision }) => externalRevision);
      for (const [revision, parked] of [
        [0, [1]],
        [newer, []],
      ] as const) {
        await take(`m-${revision}-again`, [
          { ...sale('A-2'), revision },
          { ...sale('A-3'), revision },
        ]);
        await workUntil(async () => (await table.countWaiting(10)) === 0);
        expect(await parkedIds()).toEqual(parked);
      }
    },
  );

  it('parks a sale that keeps failing after its attempts, also when it spoils every batch', async () => {
    orders.throwsFor = 'A-2';
    for (const id of ['A-1', 'A-2', 'A-3']) await take(`m-${id}`, [sale(id)]);
    await workUntil(async () => (await table.countWaiting(10)) === 0);
    expect(await table.parked('web-shop', 0, 10)).toMatchObject([{ externalOrderId: 'A-2', attempts: 3 }]);
    expect(new Set(orders.recorded.map(({ externalOrderId }) => externalOrderId))).toEqual(new Set(['A-1', 'A-3']));
  });

  it.each([
    ['the orders service is away', () => new Overloaded('The service', 10)],
    ['the event store is away', () => new EventStoreUnavailable('The event store did not answer.')],
  ])('parks nothing while %s', async (_, outage) => {
    orders.outages = 10;
    orders.outage = outage;
    await take('m-1', [sale('A-1')]);
    await workUntil(async () => (await table.countWaiting(10)) === 0);
    expect(orders.recorded).toHaveLength(1);
    expect(await table.parked('web-shop', 0, 10)).toEqual([]);
  });

  it('forgets messages that were done long ago', async () => {
    await take('m-1', [sale('A-1')]);
    await workUntil(async () => (await table.countWaiting(10)) === 0);
    expect(await table.forgetDone(new Date(Date.now() - 60_000).toISOString())).toBe(0);
    expect(await table.forgetDone(new Date(Date.now() + 60_000).toISOString())).toBe(1);
  });
});

describe('the poll for orders', () => {
  it('brings what webhooks lost and nothing else, page by page, from the stored watermark on', async () => {
    await take('m-1', [sale('A-1')]);
    const pages: Record<string, OrdersPage> = {
      '0': { messages: [pulled('A-1'), pulled('A-2')], next: '2', more: true },
      '2': { messages: [pulled('A-3')], next: '3', more: false },
      '3': { messages: [], next: '3', more: false },
    };
    const asked: (string | undefined)[] = [];
    const connector = connectorOf((after) => {
      asked.push(after);
      return pages[after ?? '0'];
    });
    const poller = new OrdersPoller(table, inbox);
    const { signal } = new AbortController();
    expect(await poller.poll('web-shop', connector, signal)).toMatchObject({ stored: 2 });
    expect(await poller.poll('web-shop', connector, signal)).toMatchObject({ stored: 0 });
    expect(asked).toEqual([undefined, '2', '3']);
    await workUntil(() => orders.recorded.length === 3);
    expect(orders.recorded.map(({ externalOrderId }) => externalOrderId)).toEqual(['A-1', 'A-2', 'A-3']);
  });

  it.each<[string, string, object]>([
    ['unreadable', 'A-bad', { lines: undefined }],
    ['unstorable', 'A-bad', { currency: 'E\0R' }],
    ['of a revision that no column holds', 'A-bad', { revision: 1e25 }],
  ])('gets past an order that is %s, keeps it whole and brings the sound one beside it', async (_, id, change) => {
    const connector = connectorOf(() => ({ messages: [pulled(id, change), pulled('A-1')], next: '2', more: false }));
    const poller = new OrdersPoller(table, inbox);
    expect(await poller.poll('web-shop', connector, new AbortController().signal)).toMatchObject({ stored: 2 });
    expect(await table.watermark('web-shop')).toBe('2');
    await workUntil(() => orders.recorded.length === 1);
    const [parked] = await table.parked('web-shop', 0, 10);
    expect(parked).toMatchObject({ kind: 'unreadable', externalOrderId: id });
    const kept = await table.sealed('web-shop', parked?.id ?? 0);
    expect(kept && JSON.parse(rows.open('web-shop', kept).body.toString())).toMatchObject({ externalOrderId: id });
    const [row] = await readModels.query<{ text: string }>(
      `select i::text || encode(sealed, 'escape') as text from channels.intake i where state = 'parked'`,
    );
    expect(row?.text).not.toContain('ada@example');
  });

  it('brings other words for a revision that a webhook has brought', async () => {
    await take('m-1', [sale('A-1')]);
    const page = { messages: [pulled('A-1', { cancelled: true })], next: '1', more: false };
    expect(
      await new OrdersPoller(table, inbox).poll(
        'web-shop',
        connectorOf(() => page),
        new AbortController().signal,
      ),
    ).toMatchObject({ stored: 1 });
    await workUntil(() => orders.recorded.length === 2);
    expect(orders.recorded.at(-1)).toMatchObject({ externalOrderId: 'A-1', revision: 0, cancelled: true });
  });

  it('leaves the watermark when the sales cannot be stored', async () => {
    const poller = new OrdersPoller(table, inboxOf(0));
    const connector = connectorOf(() => ({ messages: [pulled('A-1')], next: '1', more: false }));
    await expect(poller.poll('web-shop', connector, new AbortController().signal)).rejects.toBeInstanceOf(Overloaded);
    expect(await table.watermark('web-shop')).toBeUndefined();
  });
});

const hasher = new PersonalDataHasher(Buffer.alloc(32, 1));
const rows = new IntakeRows(hasher, new PersonalDataSealer(Buffer.alloc(32, 1)));
const take = (messageId: string, sales: ChannelSale[], on = inbox) =>
  on.take('web-shop', { raw: rawOf(messageId, sales, 'webhook'), reading: { kind: 'sales', sales } });
const inboxOf = (maxWaiting: number) =>
  new IntakeInbox(table, rows, systemClock, wakeSignal, readModels.log, { maxWaiting });

const workerOf = (on: IntakeTable) =>
  new IntakeWorker(on, inbox, orders, wakeSignal, systemClock, readModels, {
    batchSize: 100,
    pollMs: 10,
    attempts: 3,
    keepDoneMs: 60_000,
    keepUnreadableMs: 60_000,
    backoffMsMin: 2,
    random: () => 0.01,
  });

async function workUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  const controller = new AbortController();
  const done = workerOf(table).run(controller.signal);
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('This did not come about within 20 s.');
    await delay(5);
  }
  controller.abort();
  await done;
}

const sale = (externalOrderId: string): ChannelSale => ({
  channel: 'web-shop',
  externalOrderId,
  revision: 0,
  messageId: `m-${externalOrderId.slice(2)}`,
  placedAt: '2026-01-31T12:00:00.000Z',
  currency: 'EUR',
  lines: [{ lineId: '1', sku: '85123A', units: 1, unitPriceMinor: 1299 }],
  customer: { email: 'ada@example.com', phone: '+4930123456', channelCustomerId: 'c-7' },
  cancelled: false,
});
const UNREADABLE: Reading = { kind: 'unreadable', reason: 'lines: missing' };
const rawOf = (messageId: string, said: unknown, via: RawMessage['via']): RawMessage => ({
  messageId,
  via,
  body: Buffer.from(JSON.stringify(said)),
});
const pulled = (externalOrderId: string, change: object = {}): RawMessage =>
  rawOf(`pull:${externalOrderId}`, { ...sale(externalOrderId), ...change }, 'poll');

/** Its messages are sales as they are; what has no lines makes no sense to it. */
const connectorOf = (page: (after: string | undefined) => OrdersPage | undefined): ChannelConnector =>
  ({
    pullOrders: async (after: string | undefined) => page(after),
    read: ({ messageId, body }: RawMessage): Reading => {
      const said: ChannelSale = JSON.parse(body.toString());
      return said.lines
        ? { kind: 'sales', sales: [{ ...said, messageId }] }
        : { kind: 'unreadable', reason: 'lines: missing', externalOrderId: said.externalOrderId };
    },
  }) as unknown as ChannelConnector;

/** Orders as this service sees them. */
class RecordingOrders implements SalesIntake {
  readonly recorded: ChannelSale[] = [];
  readonly answers = new Map<string, Error>();
  throwsFor: string | undefined;
  outages = 0;
  outage = (): Error => new Overloaded('The service', 10);

  async record(sales: readonly ChannelSale[]): Promise<readonly (SaleResult | Error)[]> {
    if (this.outages > 0) {
      this.outages -= 1;
      throw this.outage();
    }
    if (sales.some(({ externalOrderId }) => externalOrderId === this.throwsFor)) throw new Error('a fault');
    return sales.map((each) => {
      const answer = this.answers.get(each.externalOrderId);
      if (answer) return answer;
      this.recorded.push(each);
      return { orderId: each.externalOrderId, status: 'recorded' };
    });
  }
}
