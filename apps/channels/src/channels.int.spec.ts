import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import {
  AVAILABILITY_FEED,
  type AvailabilityChange,
  type AvailabilityFeed,
  type ChannelSale,
  SALES_INTAKE,
} from '#contracts';
import { newId, systemClock } from '#kernel';
import { Exceptions } from '#platform';
import { CoreModule, type RunningService, startService } from '#platform/host';
import { openReadModels, type ReadModels, Runners } from '#read-models';
import { createTestDatabase, eventually, InMemoryEventStore, type TestDatabase } from '#testing';
import { ChannelsModule } from './channels.module.js';
import { ConnectorRegistry } from './connectors/connector-registry.js';
import { derivedKey, webhookSignature } from './connectors/simulated/simulated.connector.js';

const SECRET = 'a secret for specs';
let database: TestDatabase;
let readModels: ReadModels;
let runners: Runners;
let service: RunningService;
let shop: Server;
const store = new InMemoryEventStore();
const recorded: ChannelSale[] = [];
const shown = new Map<string, number>();
/** Numbers it got, as `<external id> <number>`. */
const told: string[] = [];
let isAway = false;

beforeAll(async () => {
  process.env.SIMULATED_SHOP_SECRET = SECRET;
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url });
  runners = new Runners(readModels, store);
  shop = await startShop();
  service = await startService(rootModule(), {
    dataDir: '/nowhere',
    host: '127.0.0.1',
    httpPort: 0,
    grpcPort: 0,
    hashKey: Buffer.alloc(32, 1),
    logLevel: 'silent',
  });
});

afterAll(async () => {
  await service?.stop();
  await runners?.stop();
  await readModels?.close();
  await database?.drop();
  shop?.closeAllConnections();
  shop?.close();
});

const feed = new (class implements AvailabilityFeed {
  readonly #changes: AvailabilityChange[] = [];
  #wake: () => void = () => {};

  push(sku: string, quantity: number): void {
    const sequence = this.#changes.length + 1;
    this.#changes.push({
      sequence,
      sku,
      stockRevision: sequence,
      available: { 'web-shop': quantity },
      receivedAt: new Date().toISOString(),
    });
    this.#wake();
  }

  async *follow({
    after,
    signal,
  }: {
    after: number;
    signal: AbortSignal;
  }): AsyncIterable<readonly AvailabilityChange[]> {
    let seen = after;
    while (!signal.aborted) {
      const batch = this.#changes.slice(seen);
      seen += batch.length;
      if (batch.length > 0) yield batch;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      }
    }
  }
})();

@Global()
@Module({
  providers: [
    { provide: AVAILABILITY_FEED, useValue: feed },
    {
      provide: SALES_INTAKE,
      useValue: {
        record: async (sales: ChannelSale[]) =>
          sales.map((sale) => {
            recorded.push(sale);
            return { orderId: sale.externalOrderId, status: 'recorded' };
          }),
      },
    },
  ],
  exports: [AVAILABILITY_FEED, SALES_INTAKE],
})
class Ports {}

const rootModule = (): DynamicModule => ({
  module: Root,
  imports: [CoreModule.over({ store, readModels, runners, clock: systemClock }), Ports, ChannelsModule],
});

@Module({})
class Root {}

const settings = () => ({
  name: 'Our shop',
  connector: 'simulated',
  currency: 'EUR',
  baseUrl: urlOf(shop),
  pushesPerSecond: 1_000,
});

describe('the channels API', () => {
  it('registers a channel once, and reconfigures it', async () => {
    expect(await call('PUT', '/v1/channels/web-shop', settings())).toMatchObject({
      status: 200,
      body: { changed: true, revision: 0 },
    });
    expect(await call('PUT', '/v1/channels/web-shop', settings())).toMatchObject({
      status: 200,
      body: { changed: false, revision: 0 },
    });
    expect(await call('PUT', '/v1/channels/web-shop', { ...settings(), name: 'Shop' })).toMatchObject({
      body: { changed: true, revision: 1 },
    });
    expect(await call('GET', '/v1/channels/web-shop')).toMatchObject({
      status: 200,
      body: { name: 'Shop', status: 'active' },
    });
    expect((await call('GET', '/v1/channels')).body.items).toHaveLength(1);
  });

  it.each<[string, string, string, unknown, number, string]>([
    ['no name', 'PUT', '/v1/channels/other', { name: undefined }, 400, 'invalid-request'],
    [
      'a credential in the address',
      'PUT',
      '/v1/channels/other',
      { baseUrl: 'http://me:secret@127.0.0.1' },
      400,
      'invalid-request',
    ],
    [
      'a secret in the query',
      'PUT',
      '/v1/channels/other',
      { baseUrl: 'http://127.0.0.1/?token=1' },
      400,
      'invalid-request',
    ],
    ['a file for an address', 'PUT', '/v1/channels/other', { baseUrl: 'file:///etc/passwd' }, 400, 'invalid-request'],
    ['no push at all', 'PUT', '/v1/channels/other', { pushesPerSecond: 0 }, 400, 'invalid-request'],
    ['an unknown connector', 'PUT', '/v1/channels/other', { connector: 'telex' }, 422, 'connector-unavailable'],
    ['the name of a route', 'PUT', '/v1/channels/lag', {}, 405, 'method-not-allowed'],
    ['a name in capitals', 'PUT', '/v1/channels/OTHER', {}, 400, 'invalid-request'],
    ['an unknown channel', 'GET', '/v1/channels/other', undefined, 404, 'unknown-channel'],
    ['an unknown channel to pause', 'POST', '/v1/channels/other/pause', { reason: 'x' }, 404, 'unknown-channel'],
    [
      'a pause for a reason with a NUL',
      'POST',
      '/v1/channels/web-shop/pause',
      { reason: 'a\u0000' },
      400,
      'invalid-request',
    ],
    ['a name that is no Unicode', 'PUT', '/v1/channels/other', { name: '\ud800' }, 400, 'invalid-request'],
    ['an unknown channel to close', 'POST', '/v1/channels/other/close', { reason: 'x' }, 404, 'unknown-channel'],
    ['a close without a reason', 'POST', '/v1/channels/web-shop/close', {}, 400, 'invalid-request'],
    ['a close without a body', 'POST', '/v1/channels/web-shop/close', undefined, 400, 'invalid-request'],
    ['a close for no text', 'POST', '/v1/channels/web-shop/close', { reason: 7 }, 400, 'invalid-request'],
    [
      'a close for a reason with a NUL',
      'POST',
      '/v1/channels/web-shop/close',
      { reason: 'a\u0000' },
      400,
      'invalid-request',
    ],
    ['more than a reason', 'POST', '/v1/channels/web-shop/close', { reason: 'x', at: 'noon' }, 400, 'invalid-request'],
    ['a pause without a reason', 'POST', '/v1/channels/web-shop/pause', {}, 400, 'invalid-request'],
    ['an unknown state of pushes', 'GET', '/v1/channels/web-shop/pushes?state=lost', undefined, 400, 'invalid-request'],
    ['a foreign cursor', 'GET', '/v1/channels/web-shop/pushes?cursor=abc', undefined, 400, 'invalid-request'],
    ['pushes of an unknown channel', 'GET', '/v1/channels/other/pushes', undefined, 404, 'unknown-channel'],
    ['a parked sale that is none', 'POST', '/v1/channels/web-shop/parked-sales/7/retry', undefined, 404, 'not-parked'],
    [
      'a parked sale of no number',
      'POST',
      '/v1/channels/web-shop/parked-sales/x/retry',
      undefined,
      400,
      'invalid-request',
    ],
    [
      'a drift check of an unknown channel',
      'POST',
      '/v1/channels/other/drift-check',
      undefined,
      404,
      'unknown-channel',
    ],
  ])('refuses %s', async (_, method, path, body, status, code) => {
    const sent = path.startsWith('/v1/channels/') && method === 'PUT' ? { ...settings(), ...(body as object) } : body;
    expect(await call(method, path, sent)).toMatchObject({ status, body: { code } });
  });

  it('takes a signed webhook once and records the sale with hashes', async () => {
    expect(await webhook(order('A-1'), { id: 'm-1' })).toMatchObject({ status: 202, body: { status: 'stored' } });
    expect(await webhook(order('A-1'), { id: 'm-1' })).toMatchObject({ status: 202, body: { status: 'repeated' } });
    await eventually(() => recorded.length === 1);
    expect(recorded[0]).toMatchObject({
      externalOrderId: 'A-1',
      buyer: { emailHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(JSON.stringify(recorded)).not.toContain('ada@');
  });

  it.each<[string, string, { id?: string; signature?: string; channel?: string }, number, string]>([
    ['a wrong signature', order('A-9'), { signature: 'AAAA' }, 401, 'unauthenticated'],
    ['no signature', order('A-9'), { signature: '' }, 401, 'unauthenticated'],
    ['a body that is too large', `{"topic":"${'x'.repeat(300_000)}"}`, {}, 413, 'body-too-large'],
    ['an unknown channel', order('A-9'), { channel: 'other' }, 404, 'unknown-channel'],
  ])('stores nothing of a webhook with %s', async (_, body, how, status, code) => {
    const [before] = await readModels.query<{ rows: number }>('select count(*) as rows from channels.intake');
    expect(await webhook(body, { id: 'm-9', ...how })).toMatchObject({ status, body: { code } });
    const [after] = await readModels.query<{ rows: number }>('select count(*) as rows from channels.intake');
    expect(after).toEqual(before);
  });

  it.each([
    ['of another form', '{"topic":"order.created","order":{"externalOrderId":"U-1"}}', 'U-1'],
    ['that is no JSON', '{"topic":"order.created","order":{"externalOrderId":"U-2","customer":{"email":"ada@', 'U-2'],
    ['that is no text', Buffer.from([0xff, 0x00, 0xfe]), null],
  ])(
    'keeps a signed message %s, shows it, and closes the case when a retry understands it',
    async (_, body, number) => {
      expect(await webhook(body, { id: `u-${number}` })).toMatchObject({ status: 202, body: { status: 'unreadable' } });
      expect(await webhook(body, { id: `u-${number}` })).toMatchObject({ status: 202, body: { status: 'repeated' } });
      const shownParked = async () => (await call('GET', '/v1/channels/web-shop/parked-sales')).body.items;
      const [parked, ...others] = await shownParked();
      expect(others).toEqual([]);
      expect(parked).toMatchObject({ kind: 'unreadable', externalOrderId: number, error: expect.any(String) });
      const cases = () => service.app.get(Exceptions).list('unreadable-message', undefined, 10);
      expect(await cases()).toMatchObject([
        { subject: `web-shop ${parked.id}`, detail: expect.stringContaining('not understood') },
      ]);
      expect(JSON.stringify([parked, await cases()])).not.toContain('ada@');
      const retry = () => call('POST', `/v1/channels/web-shop/parked-sales/${parked.id}/retry`);
      expect(await retry()).toMatchObject({ status: 422, body: { code: 'unreadable-message' } });
      const connector = service.app.get(ConnectorRegistry).of({ channel: 'web-shop', ...settings() });
      const older = connector.read;
      connector.read = ({ messageId, via }) =>
        older.call(connector, { messageId, via, body: Buffer.from(order(`mended-${number}`)) });
      expect(await retry()).toMatchObject({ status: 202 });
      connector.read = older;
      await eventually(() => recorded.some(({ externalOrderId }) => externalOrderId === `mended-${number}`));
      expect(await cases()).toEqual([]);
      expect(await shownParked()).toEqual([]);
    },
  );

  it('closes the case of a message that a person has seen to, and knows the message still', async () => {
    await webhook('no order', { id: 'seen' });
    const [parked] = (await call('GET', '/v1/channels/web-shop/parked-sales')).body.items;
    const dismiss = () =>
      call('POST', `/v1/channels/web-shop/parked-sales/${parked.id}/dismiss`, { reason: 'No order at the channel' });
    expect(await dismiss()).toMatchObject({ status: 200, body: { id: parked.id, state: 'done' } });
    expect(await service.app.get(Exceptions).list('unreadable-message', undefined, 10)).toEqual([]);
    expect((await call('GET', '/v1/channels/web-shop/parked-sales')).body.items).toEqual([]);
    expect(await dismiss()).toMatchObject({ status: 404, body: { code: 'not-parked' } });
    expect(await webhook('no order', { id: 'seen' })).toMatchObject({ body: { status: 'repeated' } });
  });

  it.each([
    ['milliseconds for a revision', 'B-1', { revision: 1_767_225_600_000 }, { revision: 1_767_225_600_000 }],
    [
      'an instant with an offset',
      'B-2',
      { placedAt: '2026-01-31T13:00:00+01:00' },
      { placedAt: '2026-01-31T12:00:00.000Z' },
    ],
    ['an order number with a blank at its end', 'B-3 ', {}, { externalOrderId: 'B-3' }],
    ['an order number in Japanese', '注文-4', {}, { externalOrderId: '注文-4' }],
    ['a SKU with its marks apart', 'B-5', { lines: [line('KA\u0308SE\u00a0')] }, { lines: [{ sku: 'KÄSE' }] }],
  ])('takes a sale with %s, and those beside it', async (_, number, changes, taken) => {
    const sent = [
      { number, changes },
      ...Array.from({ length: 9 }, (_row, index) => ({ number: `${number}/${index}`, changes: {} })),
    ];
    const answers = await Promise.all(
      sent.map((each) => webhook(order(each.number, each.changes), { id: `m-${encodeURIComponent(each.number)}` })),
    );
    expect(answers.map(({ status }) => status)).toEqual(sent.map(() => 202));
    const ofThese = () => recorded.filter(({ externalOrderId }) => externalOrderId.startsWith(number.trim()));
    await eventually(() => ofThese().length === sent.length);
    const [first] = ofThese().filter(({ messageId }) => messageId === `m-${encodeURIComponent(number)}`);
    expect(first).toMatchObject(taken);
  });

  it('acknowledges a topic it does not follow', async () => {
    expect(await webhook('{"topic":"shop.renamed"}', { id: 'm-2' })).toMatchObject({
      status: 202,
      body: { status: 'unsupported' },
    });
  });

  it('pushes a number as soon as the SKU is listed and counted, shows the lag, and mends drift', async () => {
    await append('variant-a', 'ListingCreated', { sku: 'a', channel: 'web-shop', externalId: 'x-a' });
    feed.push('a', 7);
    await eventually(() => shown.get('x-a') === 7);
    await eventually(async () => (await pushes('acknowledged')).length === 1);
    expect((await call('GET', '/v1/channels/lag')).body.items).toMatchObject([
      { channel: 'web-shop', pushes: 1, waiting: 0 },
    ]);
    shown.set('x-a', 9);
    const { body } = await call('POST', '/v1/channels/web-shop/drift-check');
    expect(body).toMatchObject({ compared: 1, found: 1, examples: [{ sku: 'a', shown: 9, acknowledged: 7 }] });
    await eventually(() => shown.get('x-a') === 7);
    expect((await store.readStream('channel-web-shop')).at(-1)).toMatchObject({
      type: 'DriftFound',
      data: { shown: 9, acknowledged: 7 },
    });
  });

  it('shows how many listings a channel gets a number for, and why not for the others', async () => {
    const numbers = async (channel: string) => (await call('GET', `/v1/channels/${channel}`)).body.numbers;
    expect(await numbers('web-shop')).toEqual({ state: 'told', told: 1, untold: 0 });
    await call('PUT', '/v1/channels/quiet', settings());
    expect(await numbers('quiet')).toMatchObject({ state: 'no-number', because: expect.stringContaining('listed') });
    await append('variant-a', 'ListingCreated', { sku: 'a', channel: 'quiet', externalId: 'q-a' });
    await eventually(async () => (await numbers('quiet')).untold === 1);
    expect(await numbers('quiet')).toMatchObject({
      state: 'no-number',
      told: 0,
      because: expect.stringContaining('PUT /v1/supply-maps/quiet'),
    });
    expect((await call('GET', '/v1/channels/quiet/pushes?state=no-number')).body.items).toMatchObject([
      { sku: 'a', noNumberBecause: 'No location supplies this channel.' },
    ]);
    const { items } = (await call('GET', '/v1/channels')).body;
    expect(
      items.map(({ channel, unreachable }: { channel: string; unreachable: unknown[] }) => [channel, unreachable]),
    ).toEqual([
      ['quiet', []],
      ['web-shop', []],
    ]);
  });

  it('pushes nothing to a paused channel, still takes its sales, and pushes the newest number when it is resumed', async () => {
    expect(await call('POST', '/v1/channels/web-shop/pause', { reason: 'stocktake' })).toMatchObject({
      status: 200,
      body: { changed: true },
    });
    await eventually(async () => (await call('GET', '/v1/channels/web-shop')).body.push === undefined);
    feed.push('a', 5);
    feed.push('a', 4);
    await eventually(async () => (await pushes('waiting')).some(({ wantedQuantity }) => wantedQuantity === 4));
    expect(await webhook(order('A-3'), { id: 'm-3' })).toMatchObject({ status: 202 });
    await eventually(() => recorded.some(({ externalOrderId }) => externalOrderId === 'A-3'));
    expect(shown.get('x-a')).toBe(7);
    await call('POST', '/v1/channels/web-shop/resume');
    await eventually(() => shown.get('x-a') === 4);
  });

  const channel = async () => (await call('GET', '/v1/channels/web-shop')).body;
  const closeIt = () => call('POST', '/v1/channels/web-shop/close', { reason: 'sold' });

  it('shows 0 on a channel that is closed, although it was paused, and is closed once that is acknowledged', async () => {
    await call('POST', '/v1/channels/web-shop/pause', { reason: 'stocktake' });
    isAway = true;
    expect(await closeIt()).toMatchObject({ status: 200, body: { changed: true } });
    expect(await closeIt()).toMatchObject({ status: 200, body: { changed: false } });
    expect(await channel()).toMatchObject({ status: 'closing', closedBecause: 'sold' });
    await eventually(async () => (await pushes('ending')).some(({ wantedQuantity }) => wantedQuantity === 0));
    await eventually(async () => (await channel()).unreachable.length > 0);
    await readModels.execute(
      `update channels.closing set since = since - interval '6 minutes'; update channels.unreachable set since = since - interval '6 minutes'`,
    );
    const cases = async () =>
      (await service.app.get(Exceptions).list(undefined, undefined, 100))
        .filter(({ subject }) => subject.startsWith('web-shop'))
        .map(({ kind }) => kind);
    expect(await cases()).toEqual(expect.arrayContaining(['channel-unreachable', 'ending-offer']));
    expect(await channel()).toMatchObject({ status: 'closing' });

    isAway = false;
    await eventually(async () => (await channel()).status === 'closed', 60_000);
    expect(shown.get('x-a')).toBe(0);
    expect(await cases()).toEqual([]);
    expect(await channel()).toMatchObject({ unreachable: [], push: { waiting: 0 } });
    expect(await pushes('acknowledged')).toMatchObject([{ wantedQuantity: 0 }]);
    expect((await call('GET', '/v1/channels/lag')).body.items).not.toContainEqual(
      expect.objectContaining({ channel: 'web-shop' }),
    );
  }, 90_000);

  it('tells a closed channel nothing, still takes its sales, and cannot pause or resume it', async () => {
    const before = told.length;
    feed.push('a', 6);
    await eventually(async () => (await readModels.query('select from channels.feed where sequence = 4')).length === 1);
    expect(told).toHaveLength(before);
    expect(await webhook(order('A-4'), { id: 'm-4' })).toMatchObject({ status: 202 });
    await eventually(() => recorded.some(({ externalOrderId }) => externalOrderId === 'A-4'));
    expect(await call('POST', '/v1/channels/web-shop/pause', { reason: 'x' })).toMatchObject({
      status: 409,
      body: { code: 'channel-closed' },
    });
    expect(await call('POST', '/v1/channels/web-shop/resume')).toMatchObject({
      status: 409,
      body: { code: 'channel-closed' },
    });
    expect(await channel()).toMatchObject({ status: 'closed' });
  });

  it('shows numbers on a channel that is opened again', async () => {
    expect(await call('PUT', '/v1/channels/web-shop', settings())).toMatchObject({
      status: 200,
      body: { changed: true },
    });
    await eventually(() => shown.get('x-a') === 6);
    expect(await channel()).toMatchObject({ status: 'active' });
    expect(await channel()).not.toHaveProperty('closedBecause');
  });
});

const pushes = async (state: string): Promise<{ wantedQuantity: number }[]> =>
  (await call('GET', `/v1/channels/web-shop/pushes?state=${state}`)).body.items;

describe('a channel, by a command with If-Match,', () => {
  it('is changed as its caller had read it, and else answers 412 and changes nothing', async () => {
    await call('PUT', '/v1/channels/if-match', settings());
    const etag = (await fetch(`${service.httpUrl}/v1/channels/if-match`)).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"0\.[\w-]{20,}"$/);
    const rename = (name: string, ifMatch: string) =>
      call('PUT', '/v1/channels/if-match', { ...settings(), name }, { 'if-match': ifMatch });
    const racing = await Promise.all([rename('One', etag), rename('Two', etag)]);
    expect(racing.map(({ status }) => status).toSorted()).toEqual([200, 412]);
    const pause = (ifMatch: string) =>
      call('POST', '/v1/channels/if-match/pause', { reason: 'stock-taking' }, { 'if-match': ifMatch });
    expect(await pause(etag)).toMatchObject({ status: 412, body: { code: 'revision-moved', revision: 1 } });
    expect(await store.readStream('channel-if-match')).toHaveLength(2);
    expect((await pause('"1"')).status).toBe(200);
  });
});

async function append(stream: string, type: string, data: object): Promise<void> {
  const at = new Date().toISOString();
  const metadata = { commandId: newId(), correlationId: newId(), actor: 'spec', occurredAt: at, receivedAt: at };
  await store.append([{ stream, expected: 'any', events: [{ id: newId(), type, data, metadata }] }]);
}

function line(sku: string): object {
  return { lineId: '1', externalId: 'x-a', sku, units: 1, unitPriceMinor: 100 };
}

function order(externalOrderId: string, changes: object = {}): string {
  return JSON.stringify({
    topic: 'order.created',
    order: {
      externalOrderId,
      revision: 0,
      placedAt: '2026-01-31T12:00:00.000Z',
      currency: 'EUR',
      cancelled: false,
      lines: [line('a')],
      customer: { email: 'ada@example.com', phone: '+4930123456', customerId: 'c-7' },
      ...changes,
    },
  });
}

function webhook(
  body: string | Buffer,
  { id = 'm', channel = 'web-shop', signature }: { id?: string; channel?: string; signature?: string },
) {
  const right = webhookSignature(Buffer.from(body), derivedKey(SECRET, 'webhook', channel));
  return call('POST', `/v1/channels/${channel}/webhooks`, body, {
    'x-simulated-signature': signature ?? right,
    'x-simulated-message-id': id,
  });
}

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${service.httpUrl}${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && {
      body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** Shows what it gets. */
async function startShop(): Promise<Server> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (isAway) return void response.writeHead(503).end();
    if (request.method === 'PUT') {
      const { updates }: { updates: { externalId: string; quantity: number }[] } = JSON.parse(body);
      for (const { externalId, quantity } of updates) {
        shown.set(externalId, quantity);
        told.push(`${externalId} ${quantity}`);
      }
      response.end(JSON.stringify({ results: updates.map(({ externalId }) => ({ externalId, status: 'ok' })) }));
    } else if (request.url?.includes('/stock')) {
      response.end(
        JSON.stringify({ items: [...shown].map(([externalId, quantity]) => ({ externalId, quantity })), next: null }),
      );
    } else {
      response.end(JSON.stringify({ orders: [], next: 0 }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function urlOf(server: Server): string {
  const address = server.address();
  return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
}
