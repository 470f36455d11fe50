import { createServer, type IncomingMessage, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { channelSale } from '#contracts';
import type { RunningSystem } from '../system/system.js';

type Sale = z.output<typeof channelSale>;

const movement = z.strictObject({
  commandId: z.string().min(1),
  kind: z.enum(['receipt', 'adjustment', 'return']),
  sku: z.string().min(1).max(64),
  locationId: z.string(),
  units: z.int(),
  reason: z.string().min(1).max(256).optional(),
  condition: z.literal('available').optional(),
  occurredAt: z.iso.datetime(),
});
type Movement = z.output<typeof movement>;
const channelSettings = z.strictObject({
  name: z.string().min(1),
  connector: z.literal('simulated'),
  currency: z.literal('GBP'),
  baseUrl: z.url(),
  pushesPerSecond: z.int().min(1).max(1_000),
});
const catalogRow = z.looseObject({ productId: z.string(), sku: z.string().max(64), title: z.string().min(1) });

/**
 * Takes what ops sends, over HTTP as the real system does, and remembers it by its ids: what comes twice is answered as
 * repeated and counted once.
 */
export class RecordingSystem implements RunningSystem {
  readonly sales = new Map<string, Sale>();
  readonly movements = new Map<string, Movement>();
  readonly catalog = new Map<string, z.output<typeof catalogRow>>();
  readonly locations = new Set<string>();
  readonly supplyMaps = new Set<string>();
  readonly onHand = new Map<string, number>();
  /** Where each registered channel is. */
  readonly channels = new Map<string, string>();
  /** External ids per channel of the shop. */
  readonly listings = new Map<string, Set<string>>();
  /** Numbers that channels still have to take; one of each goes with every look at them. */
  readonly waiting = new Map<string, number>();
  /** `METHOD path` of every request, in the order of arrival. */
  readonly requests: string[] = [];
  /** Called before a request has its effect. */
  onRequest: (request: string) => void = () => {};
  /** A status to answer with although the request has had its effect: the answer was lost. */
  answerWith: (request: string) => number | undefined = () => undefined;
  #head = 0;

  private constructor(
    private readonly server: Server,
    readonly httpUrl: string,
  ) {}

  static async start(): Promise<RecordingSystem> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port.');
    const system = new RecordingSystem(server, `http://127.0.0.1:${address.port}`);
    server.on('request', (request, response) => {
      system.#answer(request).then(
        ({ status, body }) =>
          response
            .writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' })
            .end(typeof body === 'string' ? body : JSON.stringify(body)),
        (error: unknown) => response.writeHead(500).end(JSON.stringify({ code: 'fault', detail: String(error) })),
      );
    });
    return system;
  }

  /** The shop of its channels. */
  readonly shop = {
    putListings: async (channel: string, listings: readonly { readonly externalId: string }[]): Promise<void> => {
      this.listings.set(channel, new Set(listings.map(({ externalId }) => externalId)));
    },
  };

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const route = `${request.method} ${request.url}`;
    const body: unknown = request.method === 'GET' ? undefined : await json(request);
    this.requests.push(route);
    this.onRequest(route);
    const answer = this.#handle(route, body);
    if (typeof answer === 'string') return { status: 200, body: answer };
    const status = this.answerWith(route);
    return status === undefined
      ? { status: 200, body: answer }
      : { status, body: { code: 'told-to', detail: 'The test wants it so.' } };
  }

  #handle(route: string, body: unknown): unknown {
    if (route === 'GET /health/live') return {};
    if (route === 'GET /v1/status') {
      return {
        head: this.#head,
        memoryBytes: 1,
        runners: [{ name: 'everything', kind: 'projection', position: this.#head, lag: 0 }],
      };
    }
    if (route === 'GET /v1/channels/lag') return { items: [...this.channels.keys()].map((name) => this.#lagOf(name)) };
    if (route === 'GET /metrics') return this.#metrics();
    const channel = /^PUT \/v1\/channels\/(.+)$/.exec(route)?.[1];
    if (channel !== undefined) {
      const { baseUrl } = channelSettings.parse(body);
      if (!this.listings.has(channel)) throw new Error(`Channel ${channel} has nothing listed yet.`);
      this.channels.set(channel, baseUrl);
      return { position: this.#head };
    }
    const put = /^PUT \/v1\/(locations|supply-maps)\/(.+)$/.exec(route);
    if (put?.[2] !== undefined) {
      (put[1] === 'locations' ? this.locations : this.supplyMaps).add(put[2]);
      return { position: this.#head };
    }
    if (route === 'POST /v1/channel-sales/bulk') {
      const { sales } = z.strictObject({ sales: z.array(channelSale).min(1).max(500) }).parse(body);
      return { results: sales.map((sale) => this.#takeSale(sale)), position: this.#head };
    }
    if (route === 'POST /v1/stock/movements/bulk') {
      const { movements } = z.strictObject({ movements: z.array(movement).min(1).max(1_000) }).parse(body);
      return { results: movements.map((line) => this.#takeMovement(line)), position: this.#head };
    }
    if (route === 'POST /v1/catalog/import') {
      const { rows } = z.strictObject({ rows: z.array(catalogRow).min(1).max(1_000) }).parse(body);
      return { results: rows.map((row) => this.#takeRow(row)) };
    }
    throw new Error(`Nothing answers ${route}.`);
  }

  #lagOf(channel: string): object {
    const waiting = this.waiting.get(channel) ?? 0;
    this.waiting.set(channel, Math.max(0, waiting - 1));
    return { channel, waiting };
  }

  /** As many numbers for each channel as there are sales, half of them within 0.1 s and all within 1 s. */
  #metrics(): string {
    const count = this.sales.size;
    return [...this.channels.keys()]
      .flatMap((channel) => [
        `einklang_channel_push_lag_seconds_bucket{le="0.1",channel="${channel}"} ${count / 2}`,
        `einklang_channel_push_lag_seconds_bucket{le="1",channel="${channel}"} ${count}`,
        `einklang_channel_push_lag_seconds_bucket{le="+Inf",channel="${channel}"} ${count}`,
        `einklang_channel_push_lag_seconds_count{channel="${channel}"} ${count}`,
        `einklang_channel_push_requests_total{channel="${channel}",outcome="answered"} 3`,
      ])
      .join('\n');
  }

  #takeSale(sale: Sale): object {
    const orderId = `${sale.channel}.${sale.externalOrderId}`;
    const known = this.sales.get(orderId);
    if (known) return { orderId, status: known.messageId === sale.messageId ? 'repeated' : 'duplicate' };
    if (!this.supplyMaps.has(sale.channel)) return refusal('unknown-channel');
    if (sale.lines.some(({ sku }) => !sku || !this.catalog.has(sku))) return refusal('unknown-sku');
    this.sales.set(orderId, sale);
    this.#head += 1;
    return { orderId, status: 'recorded' };
  }

  #takeMovement(line: Movement): object {
    if (this.movements.has(line.commandId)) return { sku: line.sku, repeated: true };
    const onHand = (this.onHand.get(line.sku) ?? 0) + line.units;
    if (onHand < 0) return refusal('adjustment-below-zero');
    this.onHand.set(line.sku, onHand);
    this.movements.set(line.commandId, line);
    this.#head += 1;
    return { sku: line.sku, repeated: false };
  }

  #takeRow(row: z.output<typeof catalogRow>): object {
    if (row.sku === 'REFUSED') return refusal('wrong-currency');
    const before = JSON.stringify(this.catalog.get(row.sku));
    this.catalog.set(row.sku, row);
    if (before === JSON.stringify(row)) return { sku: row.sku, status: 'unchanged' };
    this.#head += 1;
    return { sku: row.sku, status: 'created' };
  }
}

const refusal = (code: string): object => ({
  problem: { status: 409, code, detail: `The test's system says ${code}.` },
});
