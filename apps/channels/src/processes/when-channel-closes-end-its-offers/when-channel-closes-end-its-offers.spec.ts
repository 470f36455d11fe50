import { expect, it } from '@jest/globals';
import { newestClosings } from './when-channel-closes-end-its-offers.js';

type Event = Parameters<typeof newestClosings>[0][number];

const at = '2026-01-31T12:00:00.000Z';
const settings = {
  name: 'Shop',
  connector: 'simulated',
  currency: 'EUR',
  baseUrl: 'http://127.0.0.1',
  pushesPerSecond: 1,
};
const recorded = (channel: string, position: number) => ({
  id: `e-${position}`,
  metadata: { commandId: 'c', correlationId: 'c', actor: 'spec', occurredAt: at },
  stream: `channel-${channel}`,
  revision: position,
  position,
  recordedAt: at,
});
const closed = (channel: string, position: number): Event => ({
  type: 'ChannelClosed',
  data: { channel, reason: 'sold' },
  ...recorded(channel, position),
});
const reopened = (channel: string, position: number): Event => ({
  type: 'ChannelReopened',
  data: { channel, ...settings },
  ...recorded(channel, position),
});

it('takes the last of each channel of a page', () => {
  const page = [closed('etsy', 1), closed('ebay', 2), reopened('etsy', 3), reopened('ebay', 4), closed('ebay', 5)];
  expect(newestClosings(page)).toEqual([
    { channel: 'etsy', closed: false, revision: 3, position: 3, at },
    { channel: 'ebay', closed: true, revision: 5, position: 5, at },
  ]);
});
