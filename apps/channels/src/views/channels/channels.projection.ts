import type { ChannelEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { column, defineTable, orNull, type Projection, type RowOf } from '#read-models';
import { type ChannelSettings, type ChannelState, evolve, unknownChannel } from '../../channel/channel.js';

export const channelsTable = defineTable({
  name: 'channel',
  columns: {
    channel: column.code('The channel'),
    settings: column.json<ChannelSettings>('As they were set last'),
    pausedBecause: orNull(column.text('Why nothing is pushed; null while the channel is active')),
    closedBecause: orNull(column.text('Why nothing is sold on it any more; null while it is open')),
    revision: column.count('Of the last change of its settings or state'),
  },
  key: ['channel'],
});
export type ChannelRow = RowOf<typeof channelsTable>;

/** Every channel with its settings, and whether it is paused or closed. */
export const channelsProjection: Projection = {
  name: 'channels',
  version: 2,
  tables: [channelsTable],
  types: [
    'ChannelRegistered',
    'ChannelReconfigured',
    'ChannelPaused',
    'ChannelResumed',
    'ChannelClosed',
    'ChannelReopened',
  ],
  apply: async (page, tx) => {
    const events = page as readonly RecordedEvent<ChannelEvent>[];
    const keys = [...new Set(events.map(({ data }) => data.channel))].map((channel) => ({ channel }));
    const stored = await channelsTable.byKeys(tx, keys);
    const rows = new Map(stored.map((row) => [row.channel, row]));
    for (const event of events) {
      const { channel } = event.data;
      const row = rowOf(evolve(stateOf(rows.get(channel)), event), event.revision);
      if (row) rows.set(channel, row);
    }
    await channelsTable.upsert(tx, [...rows.values()]);
  },
};

function stateOf(row: ChannelRow | undefined): ChannelState {
  if (!row) return unknownChannel();
  const { settings, pausedBecause, closedBecause } = row;
  if (closedBecause !== null) return { status: 'closed', settings, reason: closedBecause };
  return pausedBecause === null
    ? { status: 'active', settings }
    : { status: 'paused', settings, reason: pausedBecause };
}

function rowOf(state: ChannelState, revision: number): ChannelRow | undefined {
  if (state.status === 'unknown') return undefined;
  const { settings } = state;
  return {
    channel: settings.channel,
    settings,
    pausedBecause: state.status === 'paused' ? state.reason : null,
    closedBecause: state.status === 'closed' ? state.reason : null,
    revision,
  };
}
