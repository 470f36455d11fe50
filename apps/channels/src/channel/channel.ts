import type { ChannelEvent } from '#contracts';

/** What is settled about a channel: of ChannelRegistered and ChannelReconfigured. */
export type ChannelSettings = Extract<ChannelEvent, { type: 'ChannelRegistered' }>['data'];

/** A channel as far as decisions need it. */
export type ChannelState =
  | { readonly status: 'unknown' }
  | { readonly status: 'active'; readonly settings: ChannelSettings }
  | { readonly status: 'paused'; readonly settings: ChannelSettings; readonly reason: string }
  | { readonly status: 'closed'; readonly settings: ChannelSettings; readonly reason: string };

export const unknownChannel = (): ChannelState => ({ status: 'unknown' });

export function evolve(state: ChannelState, event: ChannelEvent): ChannelState {
  switch (event.type) {
    case 'ChannelRegistered':
    case 'ChannelReopened':
      return { status: 'active', settings: event.data };
    case 'ChannelReconfigured':
      return state.status === 'unknown'
        ? { status: 'active', settings: event.data }
        : { ...state, settings: event.data };
    case 'ChannelPaused':
      return state.status === 'unknown'
        ? state
        : { status: 'paused', settings: state.settings, reason: event.data.reason };
    case 'ChannelResumed':
      return state.status === 'unknown' ? state : { status: 'active', settings: state.settings };
    case 'ChannelClosed':
      return state.status === 'unknown'
        ? state
        : { status: 'closed', settings: state.settings, reason: event.data.reason };
    case 'DriftFound':
      return state;
    default:
      return event satisfies never;
  }
}
