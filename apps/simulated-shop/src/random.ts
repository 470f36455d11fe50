/** Gives numbers from 0 (included) to 1 (excluded). */
export type Random = () => number;

/**
 * The same seed gives the same numbers. Mulberry32 by Tommy Ettinger (public domain, 2017): 32 bits of state, far more
 * than good enough for shoppers, and no use for anything secret.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `least` to `most`, both included. */
export const integerBetween = (random: Random, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1));

/** True in `percent` of a hundred cases. Draws a number only where there is something to decide. */
export const happens = (random: Random, percent: number): boolean => percent > 0 && random() * 100 < percent;
