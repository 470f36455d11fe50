import { asStored, externalIdEvents, productEvents, publishesOf, variantEvents } from '#contracts';

/** Which of its events the others get, and in which shape: the only door. */
export const catalogPublishes = publishesOf('catalog', asStored(productEvents, variantEvents, externalIdEvents));
