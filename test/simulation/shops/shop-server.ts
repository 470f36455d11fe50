import type { Random } from '../kit/random.js';
import type { Scheduler } from '../kit/scheduler.js';
import type { PushedNumber, Shop } from './shop.js';

export interface ShopWeather {
  /** One way, in milliseconds; undefined where the message is lost. */
  delayMs(): number | undefined;
  /** Status a request is answered with, without any effect; undefined for one that is served. */
  refusal(): number | undefined;
}

export interface ShopServerOptions {
  readonly scheduler: Scheduler;
  readonly shops: () => ReadonlyMap<string, Shop>;
  readonly weather: () => ShopWeather;
  /** Told of numbers as they are sent, before the network has them. */
  readonly onPush: (channel: string, numbers: readonly PushedNumber[]) => void;
  /** Told that a shop lists its orders, when it does. */
  readonly onPull: (process: string, channel: string) => void;
}

/** `fetch` to the simulated shops: the requests of the simulated connector, over a network that delays and loses. */
export const fetchFromShops =
  ({ scheduler, shops, weather, onPush, onPull }: ShopServerOptions): typeof fetch =>
  (input, init = {}) => {
    if (init.signal?.aborted) return Promise.reject(init.signal.reason);
    const process = scheduler.scope;
    const url = new URL(String(input));
    const [, channel = '', resource = ''] = url.pathname.split('/');
    const shop = shops().get(channel);
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    const numbers = (body as { updates: PushedNumber[] } | undefined)?.updates;
    if (numbers) onPush(channel, numbers);
    return new Promise((resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true });
      const there = weather().delayMs();
      if (there === undefined || !shop) return;
      scheduler.after(
        there,
        () => {
          const answer = answerOf(shop, resource, url.searchParams, numbers, weather(), scheduler.random);
          if (resource === 'orders' && answer.ok) onPull(process.name, channel);
          const back = weather().delayMs();
          if (back !== undefined)
            scheduler.after(back, () => resolve(answer), `${channel} answers ${answer.status}`, process);
        },
        `${channel} gets ${init.method ?? 'GET'} ${resource}`,
        scheduler.world,
      );
    });
  };

function answerOf(
  shop: Shop,
  resource: string,
  query: URLSearchParams,
  numbers: readonly PushedNumber[] | undefined,
  weather: ShopWeather,
  random: Random,
): Response {
  const status = weather.refusal();
  if (status !== undefined)
    return new Response(null, { status, headers: status === 429 ? { 'retry-after': '1' } : {} });
  if (numbers) {
    const known = shop.take(numbers);
    // Now and then a shop takes a number and then says that it did not.
    const lies = random.chance(0.01);
    const results = numbers.map(({ externalId }, index) => ({
      externalId,
      status: known[index] && !lies ? 'ok' : 'unknown-listing',
    }));
    return Response.json({ results });
  }
  if (resource === 'stock') return Response.json({ items: shop.stock(), next: null });
  const { orders, next } = shop.changesAfter(Number(query.get('after')), Number(query.get('limit')));
  return Response.json({ orders, next });
}
