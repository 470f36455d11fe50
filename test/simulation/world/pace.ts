import { type ChannelsOptions, defaultOptions } from '../../../apps/channels/src/options.js';
import type { Random } from '../kit/random.js';

/** How fast life goes by in one seed. */
export interface Pace {
  /** How long people act and things go wrong. */
  readonly lifeMs: number;
  /** Between two actions, on the mean and when most people are about. */
  readonly actEveryMs: number;
  /** Between two faults on the mean; undefined where nothing goes wrong. */
  readonly strikeEveryMs: number | undefined;
  /** How often something goes wrong right after a commit, as a share of commits. */
  readonly strikesAfterCommits: number;
  /** How many people there are at a time of the day, from 0 to 1. */
  readonly bustle: (epochMs: number) => number;
  /** What takes people seconds in a storm takes so many times longer. */
  readonly leisure: number;
  /** The machine may sleep: hours pass in which no shopper is awake. */
  readonly sleeps: boolean;
  /** Several drift checks, the longest pause of a runner and of a circuit breaker fit in. */
  readonly settledWithinMs: number;
  readonly channels: ChannelsOptions;
}

/** A few seconds in which everything happens at once, and what comes every quarter of an hour comes every few seconds. */
export function storm(random: Random, brief: boolean): Pace {
  const lifeMs = random.between(2_000, 7_000) / (brief ? 4 : 1);
  const faulty = random.chance(0.9);
  const [actEveryMs, strikeEveryMs] = [random.between(100, 500), random.between(800, 4_000)];
  const strikesAfterCommits = random.pick([0, 0.005, 0.015, 0.03]);
  return { ...STORM, lifeMs, actEveryMs, strikeEveryMs: faulty ? strikeEveryMs : undefined, strikesAfterCommits };
}

/** Whole days awake at the pace of a small retailer: opening hours, holds of a quarter of an hour, now and then a fault. */
export function calm(random: Random, days: number): Pace {
  const strikeEveryMs = random.chance(0.9) ? random.between(2, 12) * HOUR_MS : undefined;
  const actEveryMs = random.between(15, 40) * 60_000;
  const strikesAfterCommits = random.pick([0, 0.001, 0.002]);
  return { ...CALM, lifeMs: days * 24 * HOUR_MS, actEveryMs, strikeEveryMs, strikesAfterCommits };
}

const HOUR_MS = 3_600_000;

/** What is the same for both: late, so that the seed decides and not what Math.random was when this was loaded. */
const random = (): number => Math.random();

export const STORM: Pace = {
  lifeMs: 0,
  actEveryMs: 0,
  strikeEveryMs: undefined,
  strikesAfterCommits: 0,
  bustle: () => 1,
  leisure: 1,
  sleeps: true,
  settledWithinMs: 150_000,
  channels: {
    ...defaultOptions,
    pollOrdersMs: 10_000,
    driftCheckMs: 20_000,
    driftSecondLookMs: 1_500,
    rereadLedgerMs: 15_000,
    openMs: 4_000,
    random,
  },
};

const CALM: Pace = {
  ...STORM,
  bustle: bustleByHour,
  leisure: 100,
  sleeps: false,
  settledWithinMs: HOUR_MS,
  // Webhooks bring the orders; what is polled is the net below them.
  channels: { ...defaultOptions, pollOrdersMs: 900_000, intakePollMs: 300_000, rereadLedgerMs: 1_800_000, random },
};

/** Hardly any shopper at night, more during the day, most in the evening. */
function bustleByHour(epochMs: number): number {
  const hour = new Date(epochMs).getUTCHours();
  if (hour < 6) return 0.05;
  return hour < 17 ? 0.5 : 1;
}
