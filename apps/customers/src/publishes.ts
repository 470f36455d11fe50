import { asStored, identityEvents, profileEvents, publishesOf } from '#contracts';

/** Which of its events the others get, and in which shape: the only door. */
export const customersPublishes = publishesOf('customers', asStored(profileEvents, identityEvents));
