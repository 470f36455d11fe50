import type { Clock } from '#kernel';
import { Metrics } from '#platform';
import type { PushResult } from './connectors/connector.js';
import type { PushObserver } from './push/channel-pusher.js';
import { PushLag } from './push/push-lag.js';

export type WebhookOutcome = 'stored' | 'repeated' | 'unsupported' | 'bad-signature' | 'unreadable';

/** What this service counts. */
export class ChannelMetrics implements PushObserver {
  readonly lags: PushLag;
  readonly #requests;
  readonly #listings;
  readonly #webhooks;
  readonly #pulled;

  constructor(metrics: Metrics, clock: Clock) {
    this.lags = new PushLag(clock, metrics);
    this.#requests = metrics.counter({
      name: 'einklang_channel_push_requests_total',
      help: 'Push requests by what came of them',
      labelNames: ['channel', 'outcome'],
    });
    this.#listings = metrics.counter({
      name: 'einklang_channel_pushed_listings_total',
      help: 'Listings in push requests, repeats included',
      labelNames: ['channel'],
    });
    this.#webhooks = metrics.counter({
      name: 'einklang_channel_webhooks_total',
      help: 'Webhook messages by what came of them',
      labelNames: ['channel', 'outcome'],
    });
    this.#pulled = metrics.counter({
      name: 'einklang_channel_pulled_sales_total',
      help: 'Sales that a pull found and no webhook had brought',
      labelNames: ['channel'],
    });
  }

  lag(channel: string, lagMs: number): void {
    this.lags.record(channel, lagMs);
  }

  request(channel: string, outcome: PushResult['kind'], listings: number): void {
    this.#requests.inc({ channel, outcome });
    this.#listings.inc({ channel }, listings);
  }

  webhook(channel: string, outcome: WebhookOutcome): void {
    this.#webhooks.inc({ channel, outcome });
  }

  pulled(channel: string, sales: number): void {
    this.#pulled.inc({ channel }, sales);
  }
}
