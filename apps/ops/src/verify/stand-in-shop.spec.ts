import { describe, expect, it } from '@jest/globals';
import type { ReadableChannel, RegisteredChannel } from './channel-check.js';
import { StandInShop } from './stand-in-shop.js';

const AWAY = 'http://away';
const STAND_IN = 'http://stand-in';
const ebay: RegisteredChannel = { channel: 'ebay', connector: 'simulated', baseUrl: AWAY };

describe('the stand-in for a simulated shop', () => {
  it('is started once for all channels without an answer, and ended with the check', async () => {
    const { standIn, events } = standInWith({});
    expect(await quantityOf(await standIn.connect(ebay))).toBe(7);
    expect(await quantityOf(await standIn.connect({ ...ebay, channel: 'etsy' }))).toBe(7);
    await standIn.close();
    expect(events).toEqual(['start', 'close']);
  });

  it('is not needed where a channel answers, and never stands in for another kind of channel', async () => {
    const { standIn, events } = standInWith({});
    expect(await quantityOf(await standIn.connect({ ...ebay, baseUrl: 'http://here' }))).toBe(7);
    const other = await standIn.connect({ ...ebay, connector: 'marketplace' });
    await expect(quantityOf(other)).rejects.toThrow('The shop is away.');
    await standIn.close();
    expect(events).toEqual([]);
  });

  it('leaves a channel as it is where the data directory has no shop', async () => {
    const { standIn } = standInWith({ hasShop: false });
    await expect(quantityOf(await standIn.connect(ebay))).rejects.toThrow('The shop is away.');
    await standIn.close();
  });
});

function standInWith({ hasShop = true }) {
  const events: string[] = [];
  const standIn = new StandInShop({
    connect: ({ baseUrl }) => (baseUrl === AWAY ? unreachable : showing(7)),
    startShop: async () => {
      if (!hasShop) return undefined;
      events.push('start');
      return { url: STAND_IN, close: async () => void events.push('close') };
    },
    signal: new AbortController().signal,
  });
  return { standIn, events };
}

const unreachable: ReadableChannel = { readStock: () => Promise.reject(new Error('The shop is away.')) };
const showing = (quantity: number): ReadableChannel => ({
  readStock: async () => ({ items: [{ externalId: 'a-1', quantity }], next: undefined }),
});

async function quantityOf(channel: ReadableChannel): Promise<number | undefined> {
  const { items } = await channel.readStock(undefined, new AbortController().signal);
  return items[0]?.quantity;
}
