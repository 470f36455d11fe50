import { type ChannelPolicyEvent, channelPolicyEvents, typesOf } from '#contracts';
import type { Decider } from '#event-sourcing';

export type ChannelPolicyCommand =
  | { readonly type: 'SetSupplyMap'; readonly channel: string; readonly locationIds: readonly string[] }
  | {
      readonly type: 'SetChannelDefaults';
      readonly channel: string;
      readonly buffer: number;
      readonly cap?: number | undefined;
      readonly sharePercent: number;
    };

/** What was last set; a repeat changes nothing. */
interface PolicyState {
  supply?: string;
  defaults?: string;
}

/** Streams `channelpolicy-<channel>`: supply map and default rule of one channel. */
export const channelPolicyDecider: Decider<ChannelPolicyCommand, ChannelPolicyEvent, PolicyState> = {
  category: 'channelpolicy',
  eventTypes: typesOf(channelPolicyEvents),
  initialState: () => ({}),
  decide: (command, state) => {
    const { type, ...data } = command;
    if (type === 'SetSupplyMap') {
      const { channel, locationIds } = command;
      if (JSON.stringify(locationIds) === state.supply) return [];
      return [{ type: 'SupplyMapSet', data: { channel, locationIds: [...locationIds] } }];
    }
    if (JSON.stringify(data) === state.defaults) return [];
    const { channel, buffer, cap, sharePercent } = command;
    return [{ type: 'ChannelDefaultsSet', data: { channel, buffer, ...(cap !== undefined && { cap }), sharePercent } }];
  },
  evolve: (state, event) =>
    event.type === 'SupplyMapSet'
      ? { ...state, supply: JSON.stringify(event.data.locationIds) }
      : { ...state, defaults: JSON.stringify(event.data) },
};
