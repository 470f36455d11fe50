import { derivedKey, webhookSignature } from '../../../apps/channels/src/connectors/simulated/simulated.connector.js';
import type { Scheduler } from '../kit/scheduler.js';
import { SHOP_SECRET } from './secret.js';
import type { ShopOrder } from './shop.js';

export interface Webhook {
  readonly channel: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** No version of ours understands it. */
  readonly isRiddle: boolean;
}

export interface WebhookSenderOptions {
  readonly scheduler: Scheduler;
  /** Hands a message to the system; false where it has to be sent again. */
  readonly deliver: (webhook: Webhook) => Promise<boolean>;
  /** Milliseconds until a copy of a message goes out; an empty list loses it. */
  readonly copies: () => readonly number[];
}

/** Tells the system of orders as shops do: late, twice, in any order, and not without end. */
export class WebhookSender {
  constructor(private readonly options: WebhookSenderOptions) {}

  send(channel: string, order: ShopOrder): void {
    const body = Buffer.from(JSON.stringify({ topic: topicOf(order), order }));
    this.#post(channel, `${order.externalOrderId}/${order.revision}`, body, false);
  }

  /** A message under a right signature that breaks off before its end. */
  sendBroken(channel: string, order: ShopOrder): void {
    const body = Buffer.from(JSON.stringify({ topic: topicOf(order), order }));
    const messageId = `${order.externalOrderId}/${order.revision}/broken`;
    this.#post(channel, messageId, body.subarray(0, body.length - 5), true);
  }

  #post(channel: string, messageId: string, body: Buffer, isRiddle: boolean): void {
    const headers = {
      'x-simulated-signature': webhookSignature(body, derivedKey(SHOP_SECRET, 'webhook', channel)),
      'x-simulated-message-id': messageId,
    };
    for (const delayMs of this.options.copies()) this.#attempt({ channel, body, headers, isRiddle }, delayMs, 0);
  }

  #attempt(webhook: Webhook, delayMs: number, attempt: number): void {
    const { scheduler, deliver } = this.options;
    scheduler.after(
      delayMs,
      () =>
        void deliver(webhook).then((delivered) => {
          const pauseMs = PAUSES_MS[attempt];
          if (!delivered && pauseMs !== undefined) this.#attempt(webhook, pauseMs, attempt + 1);
        }),
      `${webhook.channel} sends ${webhook.headers['x-simulated-message-id']}`,
      scheduler.world,
    );
  }
}

/** Between attempts; then the message is given up and only a pull finds what it told. */
const PAUSES_MS: readonly number[] = [250, 1_000, 4_000];

const topicOf = ({ cancelled, revision }: ShopOrder): string =>
  cancelled ? 'order.cancelled' : revision === 0 ? 'order.created' : 'order.updated';
