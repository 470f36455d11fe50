import { Agent as HttpAgent, type RequestOptions, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { toIso } from '#kernel';
import { signatureOf } from './credentials.js';
import type { ShopClock } from './shop-clock.js';
import type { WebhookMessage, WebhookOutcome } from './webhook-queue.js';

/** Signs and posts webhooks over connections that stay open. */
export class WebhookSender {
  readonly #clock: ShopClock;
  readonly #httpAgent = new HttpAgent({ keepAlive: true });
  readonly #httpsAgent = new HttpsAgent({ keepAlive: true });

  constructor(clock: ShopClock) {
    this.#clock = clock;
  }

  /** One attempt. Anything but a 2xx within {@link TIMEOUT_MS} counts as not delivered; it never rejects. */
  send(url: URL, webhookSecret: string, { messageId, body }: WebhookMessage): Promise<WebhookOutcome> {
    const isPlain = url.protocol === 'http:';
    const options: RequestOptions = {
      method: 'POST',
      agent: isPlain ? this.#httpAgent : this.#httpsAgent,
      timeout: TIMEOUT_MS,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'x-simulated-signature': signatureOf(body, webhookSecret),
        'x-simulated-message-id': messageId,
        'x-simulated-sent-at': toIso(this.#clock.now()),
      },
    };
    return new Promise((resolve) => {
      const request = (isPlain ? requestHttp : requestHttps)(url, options, (response) => {
        response.resume();
        // A retry starts only when the connection is free again.
        response.once('close', () => resolve(outcomeOf(response.statusCode ?? 0, response.headers['retry-after'])));
      });
      request.once('timeout', () => request.destroy(new Error('No answer in time.')));
      request.once('error', () => resolve({ delivered: false }));
      request.end(body);
    });
  }

  close(): void {
    this.#httpAgent.destroy();
    this.#httpsAgent.destroy();
  }
}

const TIMEOUT_MS = 10_000;
const MAX_RETRY_AFTER_SECONDS = 60;

function outcomeOf(status: number, retryAfter: string | undefined): WebhookOutcome {
  if (status >= 200 && status < 300) return { delivered: true };
  const seconds = Number(retryAfter ?? 0);
  return { delivered: false, retryAfterMs: seconds > 0 ? Math.min(seconds, MAX_RETRY_AFTER_SECONDS) * 1_000 : 0 };
}
