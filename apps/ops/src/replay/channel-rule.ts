import type { Mapping } from './mapping.js';

/**
 * Spreads buyers over channels by weight: the same key in the same country always buys on the same channel. The key is
 * the customer, or the invoice where no customer is named; a channel that names countries sells only there.
 */
export function channelRule(channels: Mapping['channels']): (country: string, key: string) => string {
  const candidatesOf = new Map<string, Candidates>();
  return (country, key) => {
    let candidates = candidatesOf.get(country);
    if (!candidates) {
      if (candidatesOf.size >= MAX_COUNTRIES) candidatesOf.clear();
      candidates = candidatesIn(channels, country);
      candidatesOf.set(country, candidates);
    }
    return pick(candidates, stableHash(key));
  };
}

/** FNV-1a with 32 bits over the UTF-16 units, mixed once more because its last bits alone follow short keys too closely. */
export function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

interface Candidates {
  readonly channels: Mapping['channels'];
  readonly totalWeight: number;
}

const MAX_COUNTRIES = 1_000;

function candidatesIn(all: Mapping['channels'], country: string): Candidates {
  const channels = all.filter(({ countries }) => !countries || countries.includes(country));
  return { channels, totalWeight: channels.reduce((sum, { weight }) => sum + weight, 0) };
}

function pick({ channels, totalWeight }: Candidates, hash: number): string {
  let rest = hash % totalWeight;
  for (const { channel, weight } of channels) {
    if (rest < weight) return channel;
    rest -= weight;
  }
  throw new Error('The weights do not add up to their sum.');
}
