import { setTimeout as delay } from 'node:timers/promises';
import { integerBetween, type Random, seededRandom } from '../../../../apps/simulated-shop/src/random.js';
import type { Api } from '../../../e2e/support/api.js';
import { CHANNELS, orderWebhook } from '../../../e2e/support/trade.js';

export const SKUS = Array.from({ length: 20 }, (_, index) => `SKU-${String(index).padStart(2, '0')}`);
/** The last ones are too few for everybody: orders of the own shop are declined, sales of channels become shortages. */
export const STOCK = {
  ...Object.fromEntries(SKUS.map((sku, index) => [sku, index < 14 ? 100_000 : 60])),
  // No shopper of the traffic buys it, so that its numbers are not overtaken.
  LAMP: 100,
};

export interface Line {
  readonly lineId: string;
  readonly sku: string;
  readonly units: number;
  readonly unitPriceMinor: number;
}

/** Everything that was acknowledged. */
export interface Acknowledged {
  /** Lines by `<channel>.<external id>`. */
  readonly sales: Map<string, readonly Line[]>;
  /** Orders of the own shop by their id: their lines, and what their buyer was answered. */
  readonly orders: Map<string, { readonly lines: readonly Line[]; readonly told: 'placed' | 'declined' | 'undecided' }>;
}

/**
 * People who buy, in all channels and in our own shop, one purchase after the other. What is not answered, or with
 * "later", is sent again as it was until it is acknowledged.
 */
export class Traffic {
  readonly acknowledged: Acknowledged = { sales: new Map(), orders: new Map() };
  /** Requests that had to be sent again. */
  repeats = 0;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>[];

  /** `buyers` at once; every one pauses for up to `pauseMs` between purchases. */
  constructor(
    private readonly api: Api,
    { buyers = 12, pauseMs = 40, seed = 20_261_122 } = {},
  ) {
    this.#running = Array.from({ length: buyers }, (_, buyer) => this.#buy(buyer, seededRandom(seed + buyer), pauseMs));
  }

  get count(): number {
    return this.acknowledged.sales.size + this.acknowledged.orders.size;
  }

  /** Lets every purchase that was begun be acknowledged, and starts no more. */
  async end(): Promise<Acknowledged> {
    this.#stopping.abort();
    await Promise.all(this.#running);
    return this.acknowledged;
  }

  async #buy(buyer: number, random: Random, pauseMs: number): Promise<void> {
    for (let purchase = 0; !this.#stopping.signal.aborted; purchase += 1) {
      const name = `${buyer}-${purchase}`;
      if (random() < 0.75) await this.#onChannel(name, random);
      else await this.#inOurShop(name, random);
      await delay(integerBetween(random, 0, pauseMs));
    }
  }

  async #onChannel(name: string, random: Random): Promise<void> {
    const channel = CHANNELS[integerBetween(random, 0, CHANNELS.length - 1)] ?? CHANNELS[0];
    const lines = basket(random);
    const customer = { email: `buyer-${name.split('-')[0]}@example.test` };
    const { body, headers } = orderWebhook(channel, name, { externalOrderId: name, revision: 1, lines, customer });
    await this.#untilAcknowledged(`/v1/channels/${channel}/webhooks`, body, headers, [200, 202, 204]);
    this.acknowledged.sales.set(`${channel}.${name}`, lines);
  }

  async #inOurShop(name: string, random: Random): Promise<void> {
    const lines = basket(random);
    const body = JSON.stringify({ channel: 'own-shop-eu', currency: 'EUR', lines });
    const answer = await this.#untilAcknowledged('/v1/orders', body, { 'idempotency-key': name }, [201, 202, 409]);
    const told = ({ 201: 'placed', 202: 'undecided', 409: 'declined' } as const)[answer.status];
    this.acknowledged.orders.set(String(answer.body.orderId), { lines, told: told ?? 'undecided' });
  }

  async #untilAcknowledged(path: string, body: string, headers: Record<string, string>, statuses: readonly number[]) {
    for (;;) {
      const answer = await this.api.send('POST', path, body, headers).catch(() => undefined);
      if (answer && statuses.includes(answer.status) && (answer.status !== 409 || answer.body.code === DECLINED))
        return answer;
      if (answer && answer.status >= 400 && answer.status < 500 && ![409, 429].includes(answer.status))
        throw new Error(`${path} was answered ${answer.status}: ${answer.text}`);
      this.repeats += 1;
      await delay(100);
    }
  }
}

const DECLINED = 'insufficient-stock';

/** One to three SKUs, the scarce ones as often as the others. */
function basket(random: Random): Line[] {
  const count = integerBetween(random, 1, 3);
  const skus = new Set(
    Array.from({ length: count }, () => SKUS[integerBetween(random, 0, SKUS.length - 1)] ?? SKUS[0]),
  );
  return Array.from(skus, (sku, index) => ({
    lineId: `${index + 1}`,
    sku: sku ?? '',
    units: integerBetween(random, 1, 2),
    unitPriceMinor: 999,
  }));
}
