import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CHANNELS } from '../demo-plan.js';

/** Ways in which this Einklang is not as it should be. */
export interface Faults {
  /** Sales are answered and forgotten. */
  readonly losesSales?: boolean;
  /** Shortages reported whatever happens. */
  readonly oversoldUnits?: number;
  /** Does not tell its status. */
  readonly hidesStatus?: boolean;
  /** What an opening delivery brings, whatever was sent. */
  readonly openingUnits?: number;
}

interface Listed {
  readonly sku: string;
  readonly externalId: string;
}

/** The routes the demo drives, over a few maps: takes sales, counts stock and pushes it to the shop at once. */
export class FakeEinklang {
  readonly requests: { readonly route: string; readonly body: unknown }[] = [];
  readonly receiptIds = new Set<string>();
  readonly recorded = new Map<string, Set<string>>(CHANNELS.map(({ channel }) => [channel, new Set()]));
  shopUrl = '';
  url = '';
  faults: Faults = {};
  #buffer = 0;
  #events = 0;
  readonly #units = new Map<string, number>();
  readonly #locations = new Map<string, Set<string>>();
  readonly #listings = new Map<string, Listed[]>();
  readonly #changed = new Set<string>();
  #pushing = Promise.resolve();
  readonly #server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { status, body } = this.#answer(
      request,
      chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString()),
    );
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

  constructor(private readonly secret: string) {}

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    await this.#pushing;
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Everything that changed so far is shown on every channel. */
  pushed(): Promise<void> {
    return this.#pushing;
  }

  bodiesOf(route: string): unknown[] {
    return this.requests.filter((request) => request.route === route).map(({ body }) => body);
  }

  // biome-ignore lint/suspicious/noExplicitAny: a fake takes what the demo sends; the demo's spec looks at it
  #answer(request: IncomingMessage, body: any): { status: number; body: unknown } {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const route = `${request.method} ${path}`;
    const webhook = /^POST \/v1\/channels\/([^/]+)\/webhooks$/.exec(route);
    if (webhook) return this.#takeSale(webhook[1] ?? '', body.order);
    if (request.method !== 'GET') this.requests.push({ route, body });
    if (route.startsWith('PUT /v1/stock-rules/')) this.#buffer = body.buffer;
    if (this.faults.hidesStatus && path === '/v1/status')
      return { status: 500, body: { code: 'internal', detail: 'It broke.' } };
    if (request.method === 'PUT') return ok({ position: this.#events });
    if (route === 'POST /v1/catalog/import') return this.#import(body.rows);
    if (route === 'POST /v1/stock/movements/bulk') return this.#receive(body.movements);
    if (route === 'GET /v1/status') return ok({ head: this.#events, memoryBytes: 123_000_000, runners: [{ lag: 0 }] });
    if (route === 'GET /v1/channels/lag')
      return ok({ items: CHANNELS.map(({ channel }) => ({ channel, p50Ms: 8, p99Ms: 21, waiting: 0 })) });
    if (route === 'GET /v1/shortages')
      return ok({ items: [], openUnits: this.faults.oversoldUnits ?? this.#oversold() });
    if (route === 'GET /v1/sales/daily') return this.#dailySales(new URL(request.url ?? '', this.url).searchParams);
    if (route.startsWith('GET /v1/stock/')) return this.#stock(decodeURIComponent(path.slice('/v1/stock/'.length)));
    return { status: 404, body: { code: 'unknown-route', detail: 'There is no such route.' } };
  }

  #takeSale(channel: string, order: { externalOrderId: string; lines: { sku: string; units: number }[] }) {
    const recorded = this.recorded.get(channel);
    if (this.faults.losesSales || !recorded || recorded.has(order.externalOrderId)) return { status: 202, body: {} };
    recorded.add(order.externalOrderId);
    for (const { sku, units } of order.lines) this.#change(sku, -units);
    return { status: 202, body: {} };
  }

  #import(rows: readonly { sku: string; listings: readonly { channel: string; externalId: string }[] }[]) {
    for (const { channel } of CHANNELS) this.#listings.set(channel, []);
    for (const { sku, listings } of rows) {
      for (const { channel, externalId } of listings) this.#listings.get(channel)?.push({ sku, externalId });
    }
    return ok({ results: rows.map(() => ({ status: 'imported' })) });
  }

  #receive(movements: readonly { commandId: string; sku: string; locationId: string; units: number }[]) {
    for (const { commandId, sku, locationId, units } of movements) {
      if (this.receiptIds.has(commandId)) continue;
      this.receiptIds.add(commandId);
      this.#locations.set(sku, (this.#locations.get(sku) ?? new Set()).add(locationId));
      this.#change(sku, commandId.startsWith('demo/opening/') ? (this.faults.openingUnits ?? units) : units);
    }
    return ok({ results: movements.map(({ sku }) => ({ sku })), position: this.#events });
  }

  #stock(sku: string) {
    const locations = this.#locations.get(sku);
    if (!locations) return { status: 404, body: { code: 'unknown-sku', detail: 'There is no such SKU.' } };
    return ok({ sku, levels: [...locations].map((locationId) => ({ locationId })) });
  }

  /** One page per day, to make the demo turn pages. */
  #dailySales(query: URLSearchParams) {
    const orders = this.recorded.get(query.get('channel') ?? '')?.size ?? 0;
    return query.has('cursor')
      ? ok({ items: [{ orders: orders - Math.floor(orders / 2) }] })
      : ok({ items: [{ orders: Math.floor(orders / 2) }], nextCursor: 'second' });
  }

  #oversold(): number {
    return [...this.#units.values()].reduce((sum, units) => sum + Math.max(0, -units), 0);
  }

  #change(sku: string, units: number): void {
    this.#units.set(sku, (this.#units.get(sku) ?? 0) + units);
    this.#events += 1;
    this.#changed.add(sku);
    this.#pushing = this.#pushing.then(() => this.#push());
  }

  async #push(): Promise<void> {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    if (changed.size === 0) return;
    await Promise.all(CHANNELS.map(({ channel }) => this.#pushTo(channel, changed)));
  }

  async #pushTo(channel: string, changed: ReadonlySet<string>): Promise<void> {
    const listed = (this.#listings.get(channel) ?? []).filter(({ sku }) => changed.has(sku));
    for (let start = 0; start < listed.length; start += 250) {
      const updates = listed.slice(start, start + 250).map(({ sku, externalId }) => ({
        externalId,
        quantity: Math.max(0, (this.#units.get(sku) ?? 0) - this.#buffer),
        revision: this.#events,
      }));
      await fetch(`${this.shopUrl}/${channel}/stock`, {
        method: 'PUT',
        headers: {
          authorization: `Bearer ${createHmac('sha256', this.secret).update(`api:${channel}`).digest('hex')}`,
        },
        body: JSON.stringify({ updates }),
      });
    }
  }
}

const ok = (body: unknown) => ({ status: 200, body });
