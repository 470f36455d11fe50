import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { credentialsOf } from '../credentials.js';
import { seededRandom } from '../random.js';
import { type SimulatedShop, startSimulatedShop } from '../start-simulated-shop.js';
import { ManualClock } from './manual-clock.js';

export const SECRET = 'a secret that only specs know, 32+';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: specs compare whatever came with what they expect
  readonly body: any;
}

/** A shop in this process under a clock that only moves by hand, and a client of its channel `web`. */
export async function openShop({ file = ':memory:', clock = new ManualClock() } = {}) {
  const shop = await startSimulatedShop({ port: 0, secret: SECRET, file, clock, random: seededRandom(1) });
  return { shop, clock, call: clientOf(shop, 'web') };
}

/** `call('PUT', 'stock', {…})`; a string body is sent as it is. */
export function clientOf(shop: SimulatedShop, channel: string, token = credentialsOf(SECRET, channel).apiToken) {
  return async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${shop.url}/${channel}/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && {
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      }),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
}

export interface ReceivedWebhook {
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
}

/** Takes webhooks and answers as set up; `next` resolves with each of them in turn. */
export async function openReceiver(answers: number[] = []) {
  const received: ReceivedWebhook[] = [];
  let wake = () => {};
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ headers: request.headers, raw: Buffer.concat(chunks).toString('utf8') });
    response.writeHead(answers.shift() ?? 202).end();
    wake();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/channels/web/webhooks`,
    async next(): Promise<ReceivedWebhook> {
      for (;;) {
        const webhook = received.shift();
        if (webhook !== undefined) return webhook;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export const listing = (number: number, over: object = {}) => ({
  externalId: `L-${String(number).padStart(4, '0')}`,
  sku: `SKU-${number}`,
  title: `Thing ${number}`,
  priceMinor: 1_000 + number,
  currency: 'EUR',
  ...over,
});
