import { asStored, channelPolicyEvents, locationEvents, publishesOf, stockEvents, transferEvents } from '#contracts';

/** Which of its events the others get, and in which shape: the only door. */
export const inventoryPublishes = publishesOf(
  'inventory',
  asStored(stockEvents, locationEvents, channelPolicyEvents, transferEvents),
);
