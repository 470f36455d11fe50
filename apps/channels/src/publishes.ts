import { asStored, channelEvents, publishesOf } from '#contracts';

/** Which of its events the others get, and in which shape: the only door. */
export const channelsPublishes = publishesOf('channels', asStored(channelEvents));
