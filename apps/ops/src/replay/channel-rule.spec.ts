import { describe, expect, it } from '@jest/globals';
import { channelRule, stableHash } from './channel-rule.js';

const channels = [
  { channel: 'web-shop', weight: 60 },
  { channel: 'amazon', weight: 30 },
  { channel: 'till', weight: 10, countries: ['United Kingdom'] },
];

describe('the channel of a buyer', () => {
  it('is always the same, in every process', () => {
    expect(['', '17850', '536365', 'ß'].map(stableHash)).toEqual(SEEN);
    const [one, other] = [channelRule(channels), channelRule(channels)];
    expect(one('United Kingdom', '17850')).toBe(other('United Kingdom', '17850'));
  });

  it('follows the weights', () => {
    const shares = sharesOf('United Kingdom');
    expect(shares['web-shop']).toBeCloseTo(0.6, 1);
    expect(shares.amazon).toBeCloseTo(0.3, 1);
    expect(shares.till).toBeCloseTo(0.1, 1);
  });

  it('is none that sells elsewhere only', () => {
    const shares = sharesOf('Germany');
    expect(shares.till).toBeUndefined();
    expect(shares['web-shop']).toBeCloseTo(2 / 3, 1);
  });
});

/** As of the first release: other numbers would put a replay that was stopped on other channels. */
const SEEN = [1572119809, 3178608006, 388336984, 1948022857];

function sharesOf(country: string): Record<string, number> {
  const rule = channelRule(channels);
  const shares: Record<string, number> = {};
  for (let customer = 12_000; customer < 22_000; customer += 1) {
    const channel = rule(country, String(customer));
    shares[channel] = (shares[channel] ?? 0) + 1 / 10_000;
  }
  return shares;
}
