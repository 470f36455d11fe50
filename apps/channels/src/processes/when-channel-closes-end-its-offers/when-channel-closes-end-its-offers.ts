import type { ChannelEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import type { Reaction } from '#read-models';
import type { ChannelClosing, PushLedger } from '../../push/push-ledger.js';

type ClosingEvent = Extract<ChannelEvent, { type: 'ChannelClosed' | 'ChannelReopened' }>;

/** What keeps due offers in memory. */
export interface ClosingTarget {
  /** Reads again what is wanted on a channel. */
  reread(channel: string): void;
}

/**
 * Ends the offers of a closed channel, and makes them again when it is opened. The ledger knows the revision that it follows, so
 * events that come again change nothing.
 */
export const whenChannelClosesEndItsOffers = (ledger: PushLedger, target: ClosingTarget): Reaction => ({
  name: 'when-channel-closes-end-its-offers',
  types: ['ChannelClosed', 'ChannelReopened'],
  react: async (events) => {
    const closings = newestClosings(events as readonly RecordedEvent<ClosingEvent>[]);
    await ledger.close(closings);
    for (const { channel } of closings) target.reread(channel);
  },
});

/** What a page comes to: the last of each channel. */
export function newestClosings(events: readonly RecordedEvent<ClosingEvent>[]): ChannelClosing[] {
  const newest = new Map<string, ChannelClosing>();
  for (const { type, data, revision, position, recordedAt, metadata } of events) {
    const { channel } = data;
    const at = metadata.receivedAt ?? recordedAt;
    newest.set(channel, { channel, closed: type === 'ChannelClosed', revision, position, at });
  }
  return [...newest.values()];
}
