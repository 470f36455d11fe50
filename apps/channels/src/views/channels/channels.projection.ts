import type { ChannelEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { bulkUpsert, type Projection, selectByKeys } from '#read-models';
import { type ChannelSettings, type ChannelState, evolve, unknownChannel } from '../../channel/channel.js';

export interface ChannelRow {
  channel: string;
  settings: ChannelSettings;
  /** Why nothing is pushed; null while the channel is active. */
  paused_because: string | null;
  /** Why nothing is sold on it any more; null while it is open. */
  closed_because: string | null;
  revision: number;
}

const shape = {
  table: 'channel',
  key: ['channel'],
  columns: { channel: 'text', settings: 'jsonb', paused_because: 'text', closed_because: 'text', revision: 'bigint' },
} as const;

/** Every channel with its settings, and whether it is paused or closed. */
export const channelsProjection: Projection = {
  name: 'channels',
  version: 2,
  schema: `
    create table channel (
      channel text collate "C" primary key,
      settings jsonb not null,
      paused_because text,
      closed_because text,
      revision bigint not null
    );
  `,
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
    const stored = await selectByKeys<ChannelRow, typeof shape.columns>(tx, { ...shape, keys });
    const rows = new Map(stored.map((row) => [row.channel, row]));
    for (const event of events) {
      const { channel } = event.data;
      const row = rowOf(evolve(stateOf(rows.get(channel)), event), event.revision);
      if (row) rows.set(channel, row);
    }
    await bulkUpsert(tx, { ...shape, rows: [...rows.values()] });
  },
};

function stateOf(row: ChannelRow | undefined): ChannelState {
  if (!row) return unknownChannel();
  const { settings, paused_because: paused, closed_because: closed } = row;
  if (closed !== null) return { status: 'closed', settings, reason: closed };
  return paused === null ? { status: 'active', settings } : { status: 'paused', settings, reason: paused };
}

function rowOf(state: ChannelState, revision: number): ChannelRow | undefined {
  if (state.status === 'unknown') return undefined;
  const { settings } = state;
  return {
    channel: settings.channel,
    settings,
    paused_because: state.status === 'paused' ? state.reason : null,
    closed_because: state.status === 'closed' ? state.reason : null,
    revision,
  };
}
