import { describe, expect, it } from '@jest/globals';
import { newId } from '#kernel';
import { InMemoryEventStore } from '#testing';
import { checkOfChannels, type ReadableChannel } from './channel-check.js';

describe('comparing a channel with the stock view', () => {
  it('finds a wrong number and a listing that is not shown, and no others', async () => {
    const check = await checkOf([
      pages(
        [['a-1', 5]],
        [
          ['b-1', 7],
          ['not-ours', 1],
        ],
      ),
    ]);
    expect(await check.channels()).toEqual(['ebay']);
    expect(await check.differences('ebay')).toEqual({
      listings: 4,
      differences: [
        { sku: 'B', externalId: 'b-1', shown: 7, available: 8 },
        { sku: 'C', externalId: 'c-1', shown: undefined, available: 0 },
        { sku: 'A', externalId: 'a-2', shown: undefined, available: 5 },
      ],
    });
  });

  it('does not count what was only on its way', async () => {
    const check = await checkOf([
      pages([
        ['a-1', 4],
        ['b-1', 7],
        ['c-1', 0],
        ['a-2', 5],
      ]),
      pages([
        ['a-1', 5],
        ['b-1', 7],
        ['c-1', 0],
        ['a-2', 5],
      ]),
    ]);
    expect((await check.differences('ebay')).differences).toEqual([
      { sku: 'B', externalId: 'b-1', shown: 7, available: 8 },
    ]);
  });

  it('leaves out a closed channel, and looks at one that was opened again', async () => {
    const store = new InMemoryEventStore();
    const check = await checkOf([pages([])], store);
    await append(store, 'channel-ebay', 'ChannelClosed', { channel: 'ebay', reason: 'sold' });
    expect(await check.channels()).toEqual([]);
    await append(store, 'channel-ebay', 'ChannelReopened', EBAY);
    expect(await check.channels()).toEqual(['ebay']);
  });

  it('fails when the channel cannot be reached', async () => {
    const check = await checkOf([{ readStock: () => Promise.reject(new Error('The channel is away.')) }]);
    await expect(check.differences('ebay')).rejects.toThrow('The channel is away.');
  });
});

const EBAY = {
  channel: 'ebay',
  name: 'eBay',
  connector: 'simulated',
  currency: 'GBP',
  baseUrl: 'http://here',
  pushesPerSecond: 1,
};

/** Each look asks the next of `channels`, the last one without end. */
async function checkOf(channels: ReadableChannel[], store = new InMemoryEventStore()) {
  await append(store, 'channel-ebay', 'ChannelRegistered', EBAY);
  for (const sku of ['A', 'B', 'C', 'D'])
    await append(store, `variant-${sku}`, 'ListingCreated', {
      sku,
      channel: 'ebay',
      externalId: `${sku.toLowerCase()}-1`,
    });
  await append(store, 'variant-D', 'ListingEnded', { sku: 'D', channel: 'ebay', externalId: 'd-1' });
  await append(store, 'variant-A', 'ListingCreated', { sku: 'A', channel: 'amazon', externalId: 'B00A' });
  // A second offer, under an id that D gives up in the same commit.
  await append(store, 'variant-D', 'ListingCreated', { sku: 'D', channel: 'ebay', externalId: 'a-2' });
  await append(store, 'variant-A', 'ListingCreated', { sku: 'A', channel: 'ebay', externalId: 'a-2' });
  await append(store, 'variant-D', 'ListingEnded', { sku: 'D', channel: 'ebay', externalId: 'a-2' });
  let look = 0;
  return checkOfChannels({
    store,
    connect: async () => {
      const channel = channels[Math.min(look, channels.length - 1)];
      look += 1;
      if (!channel) throw new Error('There is no such look.');
      return channel;
    },
    available: async () =>
      new Map([
        ['A', 5],
        ['B', 8],
      ]),
    signal: new AbortController().signal,
    secondLookMs: 1,
  });
}

function pages(...all: [externalId: string, quantity: number][][]): ReadableChannel {
  return {
    readStock: async (after) => {
      const index = after === undefined ? 0 : Number(after);
      const items = (all[index] ?? []).map(([externalId, quantity]) => ({ externalId, quantity }));
      return { items, next: index + 1 < all.length ? String(index + 1) : undefined };
    },
  };
}

const append = (store: InMemoryEventStore, stream: string, type: string, data: object) =>
  store.append([
    {
      stream,
      expected: 'any',
      events: [
        {
          id: newId(),
          type,
          data,
          metadata: { commandId: newId(), correlationId: 'c', actor: 'test', occurredAt: '2026-01-01T00:00:00.000Z' },
        },
      ],
    },
  ]);
