import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { credentialsOf, isSameToken } from './credentials.js';
import { happens, type Random, seededRandom } from './random.js';
import { findRoute, type ShopAnswer } from './routes.js';
import { ShopChannel } from './shop-channel.js';
import { type ShopClock, systemShopClock } from './shop-clock.js';
import { ShopError } from './shop-error.js';
import { type ChannelState, ShopStore } from './shop-store.js';
import { WebhookSender } from './webhook-sender.js';

export interface SimulatedShopOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** What tokens and webhook keys of all channels are derived from. */
  readonly secret: string;
  /** Path of the SQLite file, created when missing, or `:memory:`. */
  readonly file: string;
  /** Decides which requests fail and which webhooks go astray; the same numbers every time unless given. */
  readonly random?: Random;
  readonly clock?: ShopClock;
}

export interface SimulatedShop {
  /** The port it listens on, on 127.0.0.1. */
  readonly port: number;
  /** `http://127.0.0.1:<port>`; a channel is below it. */
  readonly url: string;
  /** Stops the shoppers and the server, and saves what is to be saved. Webhooks that wait are not sent any more. */
  close(): Promise<void>;
}

/** Starts a shop with any number of channels, as README.md describes. Rejects where the port or the file cannot be had. */
export async function startSimulatedShop(options: SimulatedShopOptions): Promise<SimulatedShop> {
  const shop = new Shop(options);
  try {
    const port = await shop.listen(options.port);
    return { port, url: `http://127.0.0.1:${port}`, close: () => shop.close() };
  } catch (error) {
    await shop.close();
    throw error;
  }
}

class Shop {
  readonly #secret: string;
  readonly #clock: ShopClock;
  readonly #random: Random;
  readonly #store: ShopStore;
  readonly #sender: WebhookSender;
  readonly #server: Server;
  readonly #channels = new Map<string, ShopChannel>();

  constructor({ secret, file, random = seededRandom(1), clock = systemShopClock }: SimulatedShopOptions) {
    this.#secret = secret;
    this.#clock = clock;
    this.#random = random;
    this.#store = new ShopStore(file);
    this.#sender = new WebhookSender(clock);
    for (const [channel, state] of this.#store.channels()) this.#open(channel, state);
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => resolve(portOf(this.#server.address())));
    });
  }

  async close(): Promise<void> {
    for (const channel of this.#channels.values()) channel.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    this.#sender.close();
    this.#store.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer(request, response);
    } catch (error) {
      const refusal = error instanceof ShopError ? error : internalError(error);
      const { status, code, message, headers } = refusal;
      reply(response, { status, body: JSON.stringify({ code, message }) }, headers);
      request.resume();
    }
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://shop');
    const [, name = '', rest = ''] = /^\/([^/]*)\/?(.*)$/.exec(url.pathname) ?? [];
    const channel = this.#channelFor(name, incoming.headers.authorization);
    const { route, captured } = findRoute(incoming.method ?? 'GET', rest);
    if (route.forSellers) this.#failWhenTold(channel);
    const answer = await route.answer({ channel, incoming, url, captured });
    const latencyMs = route.forSellers ? channel.behaviour.latencyMs : 0;
    if (latencyMs === 0) reply(response, answer);
    else this.#clock.after(latencyMs, () => reply(response, answer));
  }

  /** A channel begins to exist with the first request that shows its token. */
  #channelFor(name: string, authorization: string | undefined): ShopChannel {
    if (!CHANNEL.test(name)) throw new ShopError(404, 'unknown-route', 'Addresses begin with a channel: /{channel}/…');
    const channel = this.#channels.get(name);
    const { apiToken } = channel ?? credentialsOf(this.#secret, name);
    if (!isSameToken(authorization ?? '', `Bearer ${apiToken}`)) {
      throw new ShopError(401, 'unauthenticated', 'Send the token of this channel as "Authorization: Bearer …".');
    }
    return channel ?? this.#open(name, NEW_CHANNEL);
  }

  #open(name: string, state: ChannelState): ShopChannel {
    if (this.#channels.size >= MAX_CHANNELS) {
      throw new ShopError(409, 'too-many-channels', `One shop has at most ${MAX_CHANNELS} channels.`);
    }
    const channel = new ShopChannel(name, {
      state,
      store: this.#store,
      secret: this.#secret,
      clock: this.#clock,
      random: this.#random,
      sender: this.#sender,
    });
    this.#channels.set(name, channel);
    return channel;
  }

  #failWhenTold(channel: ShopChannel): void {
    const { failNext, answer429Percent, answer500Percent, retryAfterSeconds } = channel.behaviour;
    if (failNext.count > 0) {
      channel.behaviour = { ...channel.behaviour, failNext: { ...failNext, count: failNext.count - 1 } };
      throw failure(failNext.status, retryAfterSeconds);
    }
    if (happens(this.#random, answer429Percent)) throw failure(429, retryAfterSeconds);
    if (happens(this.#random, answer500Percent)) throw failure(500, retryAfterSeconds);
  }
}

const CHANNEL = /^[a-z0-9][a-z0-9-]{0,62}$/;
const MAX_CHANNELS = 100;
const NEW_CHANNEL: ChannelState = {
  sequence: 0,
  orders: 0,
  soldUnits: 0,
  soldOutAttempts: 0,
  stockWrites: 0,
  webhooksSent: 0,
  webhooksFailed: 0,
};

function reply(
  response: ServerResponse,
  { status, body }: ShopAnswer,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

function failure(status: number, retryAfterSeconds: number): ShopError {
  if (status !== 429) return new ShopError(status, 'told-to-fail', `The shop was told to answer ${status}.`);
  const message = `The shop was told to have enough. Send the request again in ${retryAfterSeconds} s.`;
  return new ShopError(429, 'too-many-requests', message, { 'retry-after': String(retryAfterSeconds) });
}

function internalError(error: unknown): ShopError {
  console.error(error);
  return new ShopError(500, 'internal-error', 'The shop failed. What happened is in its log.');
}

const portOf = (address: AddressInfo | string | null): number => {
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address.port;
};
