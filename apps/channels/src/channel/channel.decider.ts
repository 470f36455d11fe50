import { type ChannelEvent, channelEvents, typesOf } from '#contracts';
import type { Decider } from '#event-sourcing';
import { type ChannelCommand, decide } from './channel.decide.js';
import { type ChannelState, evolve, unknownChannel } from './channel.js';

export const channelDecider: Decider<ChannelCommand, ChannelEvent, ChannelState> = {
  category: 'channel',
  eventTypes: typesOf(channelEvents),
  initialState: unknownChannel,
  decide,
  evolve,
  // The stream grows with every drift found; the state does not.
  snapshot: { version: 1, everyEvents: 500, write: (state) => state, read: readSnapshot },
};

function readSnapshot(json: unknown): ChannelState {
  return json as ChannelState;
}
