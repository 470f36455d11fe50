import { asStored, orderEvents, publishesOf } from '#contracts';

/** Which of its events the others get, and in which shape: the only door. */
export const ordersPublishes = publishesOf('orders', asStored(orderEvents));
