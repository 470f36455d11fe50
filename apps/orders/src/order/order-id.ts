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
