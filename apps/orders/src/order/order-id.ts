import { Rejected } from '#kernel';

/**
 * The id of a channel's order: the same sale always leads to the same stream. Own-shop orders have a UUID, which holds
 * no dot. Refuses text that is no valid Unicode, which cannot be percent-encoded.
 */
export function channelOrderId(channel: string, externalOrderId: string): string {
  if (!externalOrderId.isWellFormed()) {
    throw new Rejected(
      'invalid',
      'unusable-text',
      'The order number is not valid Unicode. Send it as the channel shows it.',
    );
  }
  return `${channel}.${encodeURIComponent(externalOrderId)}`;
}

/** The channel whose order has this id; `unknown` for one that is none of a channel. */
export const channelOf = (orderId: string): string => /^([a-z0-9][a-z0-9-]{0,62})\../.exec(orderId)?.[1] ?? 'unknown';

/** Whether an order could have this id: see {@link channelOrderId}. */
export const isOrderId = (text: string): boolean =>
  /^[a-z0-9][a-z0-9-]{0,62}\.[\x21-\x7e]+$/.test(text) || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
