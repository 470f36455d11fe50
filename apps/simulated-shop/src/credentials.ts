import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/** What one channel and its connector both derive from the secret they share; nothing of it is ever stored. */
export interface ChannelCredentials {
  /** Goes into `Authorization: Bearer …`. */
  readonly apiToken: string;
  /** Key of the signature on every webhook. */
  readonly webhookSecret: string;
}

export const credentialsOf = (secret: string, channel: string): ChannelCredentials => ({
  apiToken: createHmac('sha256', secret).update(`api:${channel}`).digest('hex'),
  webhookSecret: createHmac('sha256', secret).update(`webhook:${channel}`).digest('hex'),
});

/** Value of `x-simulated-signature`: HMAC-SHA-256 over the body as it is sent, in base64. */
export const signatureOf = (body: string, webhookSecret: string): string =>
  createHmac('sha256', webhookSecret).update(body).digest('base64');

/** Compares in a time that tells nothing about where two tokens differ. */
export const isSameToken = (left: string, right: string): boolean =>
  timingSafeEqual(hash('sha256', left, 'buffer'), hash('sha256', right, 'buffer'));
