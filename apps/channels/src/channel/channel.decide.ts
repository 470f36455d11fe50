import type { ChannelEvent } from '#contracts';
import { Rejected } from '#kernel';
import type { ChannelSettings, ChannelState } from './channel.js';

export type ChannelCommand = ConfigureChannel | PauseChannel | ResumeChannel | CloseChannel | RecordDrift;

/** Registers the channel, replaces its settings when it exists, or opens it again when it is closed. */
export interface ConfigureChannel {
  readonly type: 'ConfigureChannel';
  readonly settings: ChannelSettings;
}

export interface PauseChannel {
  readonly type: 'PauseChannel';
  readonly channel: string;
  readonly reason: string;
}

export interface ResumeChannel {
  readonly type: 'ResumeChannel';
  readonly channel: string;
}

/** Ends every offer of the channel. */
export interface CloseChannel {
  readonly type: 'CloseChannel';
  readonly channel: string;
  readonly reason: string;
}

/** Notes that the channel showed other numbers than it had acknowledged. */
export interface RecordDrift {
  readonly type: 'RecordDrift';
  readonly found: readonly Drift[];
}

export type Drift = Extract<ChannelEvent, { type: 'DriftFound' }>['data'];

/** Routes a command to its decision. */
export function decide(command: ChannelCommand, state: ChannelState): readonly ChannelEvent[] | Rejected {
  switch (command.type) {
    case 'ConfigureChannel':
      return configure(command, state);
    case 'PauseChannel':
      return pause(command, state);
    case 'ResumeChannel':
      return resume(command, state);
    case 'CloseChannel':
      return close(command, state);
    case 'RecordDrift':
      return recordDrift(command, state);
    default:
      return command satisfies never;
  }
}

export function configure({ settings }: ConfigureChannel, state: ChannelState): readonly ChannelEvent[] {
  if (state.status === 'unknown') return [{ type: 'ChannelRegistered', data: settings }];
  if (state.status === 'closed') return [{ type: 'ChannelReopened', data: settings }];
  return areSame(settings, state.settings) ? [] : [{ type: 'ChannelReconfigured', data: settings }];
}

export function pause({ channel, reason }: PauseChannel, state: ChannelState): readonly ChannelEvent[] | Rejected {
  if (state.status === 'unknown') return unknown(channel);
  if (state.status === 'closed') return closed(channel);
  return state.status === 'paused' ? [] : [{ type: 'ChannelPaused', data: { channel, reason } }];
}

export function resume({ channel }: ResumeChannel, state: ChannelState): readonly ChannelEvent[] | Rejected {
  if (state.status === 'unknown') return unknown(channel);
  if (state.status === 'closed') return closed(channel);
  return state.status === 'active' ? [] : [{ type: 'ChannelResumed', data: { channel } }];
}

export function close({ channel, reason }: CloseChannel, state: ChannelState): readonly ChannelEvent[] | Rejected {
  if (state.status === 'unknown') return unknown(channel);
  return state.status === 'closed' ? [] : [{ type: 'ChannelClosed', data: { channel, reason } }];
}

export function recordDrift({ found }: RecordDrift, state: ChannelState): readonly ChannelEvent[] | Rejected {
  if (state.status === 'unknown') return unknown(found[0]?.channel ?? '');
  return found.map((drift) => ({ type: 'DriftFound', data: drift }));
}

const areSame = (a: ChannelSettings, b: ChannelSettings): boolean =>
  a.name === b.name &&
  a.connector === b.connector &&
  a.currency === b.currency &&
  a.baseUrl === b.baseUrl &&
  a.pushesPerSecond === b.pushesPerSecond;

const unknown = (channel: string): Rejected =>
  new Rejected(
    'not-found',
    'unknown-channel',
    `There is no channel ${channel}. Register it with PUT /v1/channels/${channel}.`,
  );

const closed = (channel: string): Rejected =>
  new Rejected(
    'conflict',
    'channel-closed',
    `The channel ${channel} is closed. Open it with PUT /v1/channels/${channel}.`,
  );
