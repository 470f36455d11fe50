import { describe, expect, it } from '@jest/globals';
import type { ChannelEvent } from '#contracts';
import { Rejected } from '#kernel';
import type { ChannelCommand } from './channel.decide.js';
import { channelDecider } from './channel.decider.js';
import { evolve, unknownChannel } from './channel.js';

const settings = {
  channel: 'web-shop',
  name: 'Our shop',
  connector: 'simulated',
  currency: 'EUR',
  baseUrl: 'http://127.0.0.1:4000',
  pushesPerSecond: 10,
};
const registered: ChannelEvent = { type: 'ChannelRegistered', data: settings };
const paused: ChannelEvent = { type: 'ChannelPaused', data: { channel: 'web-shop', reason: 'stocktake' } };
const closed: ChannelEvent = { type: 'ChannelClosed', data: { channel: 'web-shop', reason: 'sold' } };
const drift = { channel: 'web-shop', sku: 'A', externalId: 'x-1', shown: 3, acknowledged: 5 };

const decideAfter = (past: readonly ChannelEvent[], command: ChannelCommand) =>
  channelDecider.decide(command, past.reduce(evolve, unknownChannel()), { now: 0 });

describe('a channel', () => {
  it('is registered by its first configuration', () => {
    expect(decideAfter([], { type: 'ConfigureChannel', settings })).toEqual([registered]);
  });

  it('is not reconfigured by the settings it has', () => {
    expect(decideAfter([registered], { type: 'ConfigureChannel', settings: { ...settings } })).toEqual([]);
  });

  it.each([
    ['name', { name: 'Other' }],
    ['connector', { connector: 'other' }],
    ['currency', { currency: 'USD' }],
    ['address', { baseUrl: 'http://127.0.0.1:4001' }],
    ['rate limit', { pushesPerSecond: 11 }],
  ])('is reconfigured by another %s', (_, change) => {
    const changed = { ...settings, ...change };
    expect(decideAfter([registered], { type: 'ConfigureChannel', settings: changed })).toEqual([
      { type: 'ChannelReconfigured', data: changed },
    ]);
  });

  it('stays paused when it is reconfigured', () => {
    const changed: ChannelEvent = { type: 'ChannelReconfigured', data: { ...settings, name: 'Other' } };
    expect(decideAfter([registered, paused, changed], { type: 'ResumeChannel', channel: 'web-shop' })).toEqual([
      { type: 'ChannelResumed', data: { channel: 'web-shop' } },
    ]);
  });

  it('is paused once and resumed once', () => {
    const pause: ChannelCommand = { type: 'PauseChannel', channel: 'web-shop', reason: 'stocktake' };
    expect(decideAfter([registered], pause)).toEqual([paused]);
    expect(decideAfter([registered, paused], pause)).toEqual([]);
    expect(decideAfter([registered], { type: 'ResumeChannel', channel: 'web-shop' })).toEqual([]);
  });

  it.each([
    ['an active', [registered]],
    ['a paused', [registered, paused]],
  ])('is closed once, %s one', (_, past) => {
    const close: ChannelCommand = { type: 'CloseChannel', channel: 'web-shop', reason: 'sold' };
    expect(decideAfter(past, close)).toEqual([closed]);
    expect(decideAfter([...past, closed], { ...close, reason: 'another' })).toEqual([]);
  });

  it('is opened again by a configuration, also by the one it had, and is active then', () => {
    const reopened: ChannelEvent = { type: 'ChannelReopened', data: settings };
    const past = [registered, paused, closed];
    expect(decideAfter(past, { type: 'ConfigureChannel', settings })).toEqual([reopened]);
    expect(decideAfter([...past, reopened], { type: 'ConfigureChannel', settings })).toEqual([]);
    expect(decideAfter([...past, reopened], { type: 'ResumeChannel', channel: 'web-shop' })).toEqual([]);
    expect(decideAfter([...past, reopened], { type: 'CloseChannel', channel: 'web-shop', reason: 'sold' })).toEqual([
      closed,
    ]);
  });

  it.each<ChannelCommand>([
    { type: 'PauseChannel', channel: 'web-shop', reason: 'stocktake' },
    { type: 'ResumeChannel', channel: 'web-shop' },
  ])('that is closed refuses $type', (command) => {
    expect(decideAfter([registered, closed], command)).toMatchObject({ kind: 'conflict', code: 'channel-closed' });
  });

  it('keeps a drift found while it was closed', () => {
    expect(decideAfter([registered, closed], { type: 'RecordDrift', found: [drift] })).toHaveLength(1);
  });

  it.each<ChannelCommand>([
    { type: 'CloseChannel', channel: 'web-shop', reason: 'sold' },
    { type: 'PauseChannel', channel: 'web-shop', reason: 'stocktake' },
    { type: 'ResumeChannel', channel: 'web-shop' },
    { type: 'RecordDrift', found: [drift] },
  ])('must be registered before $type', (command) => {
    const answer = decideAfter([], command);
    expect(answer).toBeInstanceOf(Rejected);
    expect(answer).toMatchObject({ kind: 'not-found', code: 'unknown-channel' });
  });

  it('keeps every drift found as an event of its own', () => {
    const other = { ...drift, sku: 'B', externalId: 'x-2' };
    expect(decideAfter([registered], { type: 'RecordDrift', found: [drift, other] })).toEqual([
      { type: 'DriftFound', data: drift },
      { type: 'DriftFound', data: other },
    ]);
  });
});
