import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { MAX_QUANTITY } from '#kernel';
import { readBody, readQuery } from './request.js';
import { type ChannelBehaviour, type ShopChannel, WELL_BEHAVED } from './shop-channel.js';
import { ShopError } from './shop-error.js';

/** A request to one channel. */
export interface ShopRequest {
  readonly channel: ShopChannel;
  readonly incoming: IncomingMessage;
  readonly url: URL;
  /** What the pattern of the route captured, decoded. */
  readonly captured: string;
}

export interface ShopAnswer {
  readonly status: number;
  /** JSON. */
  readonly body: string;
}

export interface Route {
  readonly method: string;
  /** Of what follows the channel: `orders`, `orders/1234/cancel`. */
  readonly path: RegExp;
  /** True for what a seller's system calls: only these routes fail and dawdle when told to. */
  readonly forSellers: boolean;
  readonly answer: (request: ShopRequest) => ShopAnswer | Promise<ShopAnswer>;
}

/** Every route below `/{channel}/`. */
export const ROUTES: readonly Route[] = [
  {
    method: 'PUT',
    path: /^listings$/,
    forSellers: true,
    async answer({ channel, incoming }) {
      const { listings } = await readBody(incoming, listingsBody);
      channel.putListings(listings);
      return json(200, { results: listings.map(({ externalId }) => ({ externalId, status: 'ok' })) });
    },
  },
  {
    method: 'PUT',
    path: /^stock$/,
    forSellers: true,
    async answer({ channel, incoming }) {
      const { updates } = await readBody(incoming, stockBody);
      const known = channel.setStock(updates);
      const results = updates.map(({ externalId }, index) => ({
        externalId,
        status: known[index] ? 'ok' : 'unknown-listing',
      }));
      return json(200, { results });
    },
  },
  {
    method: 'GET',
    path: /^stock$/,
    forSellers: true,
    answer({ channel, url }) {
      const { after, limit } = readQuery(url, stockQuery);
      const rows = channel.stockAfter(after, limit + 1);
      const items = rows.slice(0, limit);
      return json(200, { items, next: rows.length > limit ? (items.at(-1)?.externalId ?? null) : null });
    },
  },
  {
    method: 'GET',
    path: /^orders$/,
    forSellers: true,
    answer({ channel, url }) {
      const { after, limit } = readQuery(url, ordersQuery);
      const { orders, next } = channel.ordersAfter(after, limit);
      return { status: 200, body: `{"orders":[${orders.join(',')}],"next":${next}}` };
    },
  },
  {
    method: 'POST',
    path: /^orders\/([^/]+)\/cancel$/,
    forSellers: true,
    answer: ({ channel, captured }) => json(200, channel.cancel(captured)),
  },
  {
    method: 'POST',
    path: /^buy$/,
    forSellers: false,
    async answer({ channel, incoming }) {
      const { lines } = await readBody(incoming, buyBody);
      return json(201, channel.buy(lines));
    },
  },
  {
    method: 'POST',
    path: /^shoppers$/,
    forSellers: false,
    async answer({ channel, incoming }) {
      const { perSecond, seed, webhookUrl } = await readBody(incoming, shoppersBody);
      channel.startShoppers(perSecond, seed, new URL(webhookUrl));
      return json(200, { perSecond, seed, webhookUrl });
    },
  },
  {
    method: 'PUT',
    path: /^behaviour$/,
    forSellers: false,
    async answer({ channel, incoming }) {
      channel.behaviour = withDefaults(await readBody(incoming, behaviourBody));
      return json(200, channel.behaviour);
    },
  },
  {
    method: 'GET',
    path: /^statistics$/,
    forSellers: false,
    answer: ({ channel }) => json(200, channel.statistics()),
  },
];

/** The route for a method and a path; throws {@link ShopError} 404 or 405. */
export function findRoute(method: string, rest: string): { readonly route: Route; readonly captured: string } {
  const candidates = ROUTES.filter(({ path }) => path.test(rest));
  const route = candidates.find((candidate) => candidate.method === method);
  if (route !== undefined) return { route, captured: decoded(route.path.exec(rest)?.[1] ?? '') };
  if (candidates.length === 0) throw new ShopError(404, 'unknown-route', 'There is no such route.');
  const allowed = candidates.map((candidate) => candidate.method).join(', ');
  throw new ShopError(405, 'method-not-allowed', `This route takes ${allowed}.`, { allow: allowed });
}

const json = (status: number, value: unknown): ShopAnswer => ({ status, body: JSON.stringify(value) });

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ShopError(404, 'unknown-route', 'The address is not valid.');
  }
}

/** What a new behaviour does not name is as it should be: each PUT replaces all of the one before. */
const withDefaults = (given: z.output<typeof behaviourBody>): ChannelBehaviour => ({ ...WELL_BEHAVED, ...given });

const externalId = z.string().min(1).max(128);
const percent = z.number().min(0).max(100);
const delayMs = z.int().min(0).max(600_000);

const listingsBody = z.strictObject({
  listings: z
    .array(
      z.strictObject({
        externalId,
        sku: z.string().min(1).max(64),
        title: z.string().max(500),
        priceMinor: z.int().min(0),
        currency: z.string().regex(/^[A-Z]{3}$/, 'A currency is three capital letters.'),
      }),
    )
    .min(1)
    .max(1_000),
});

const stockBody = z.strictObject({
  updates: z
    .array(z.strictObject({ externalId, quantity: z.int().min(0).max(MAX_QUANTITY), revision: z.int().min(0) }))
    .min(1)
    .max(250),
});

const stockQuery = z.strictObject({
  after: z.string().max(128).default(''),
  limit: z.coerce.number<string>().int().min(1).max(1_000).default(1_000),
});

const ordersQuery = z.strictObject({
  after: z.coerce.number<string>().int().min(0).default(0),
  limit: z.coerce.number<string>().int().min(1).max(250).default(250),
});

const buyBody = z.strictObject({
  lines: z
    .array(z.strictObject({ externalId, units: z.int().min(1).max(10_000) }))
    .min(1)
    .max(100),
});

const shoppersBody = z.strictObject({
  perSecond: z.number().min(0).max(1_000),
  seed: z.int(),
  webhookUrl: z.url({ protocol: /^https?$/ }),
});

const behaviourBody = z.strictObject({
  webhookDelayMs: delayMs.exactOptional(),
  duplicatePercent: percent.exactOptional(),
  outOfOrder: z.boolean().exactOptional(),
  loseWebhookPercent: percent.exactOptional(),
  answer429Percent: percent.exactOptional(),
  answer500Percent: percent.exactOptional(),
  retryAfterSeconds: z.int().min(0).max(3_600).exactOptional(),
  latencyMs: delayMs.exactOptional(),
  failNext: z.strictObject({ count: z.int().min(0).max(1_000_000), status: z.int().min(400).max(599) }).exactOptional(),
});
