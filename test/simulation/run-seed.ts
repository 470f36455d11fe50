import { Logger } from '@nestjs/common';
import { checkAtRest, unsettled } from './oracle/convergence.js';
import { must, Violation } from './oracle/violation.js';
import type { Shop } from './shops/shop.js';
import { Faults } from './world/faults.js';
import { calm, storm } from './world/pace.js';
import { People } from './world/people.js';
import { CHANNELS, newShops, setUp } from './world/set-up.js';
import { type Machinery, World } from './world/world.js';

export interface SeedResult {
  readonly seed: number;
  /** Undefined where every invariant held. */
  readonly failure: { readonly invariant: string; readonly message: string; readonly step: number } | undefined;
  /** The same for the same seed and the same program. */
  readonly hash: string;
  readonly steps: number;
  readonly events: number;
  readonly simulatedMs: number;
  /** Of it, the time in which timers ran. */
  readonly awakeMs: number;
}

/** What every seed begins with, beside what the database keeps. */
export type Beginning = ReadonlyMap<string, Shop>;

/** Sets up a shop with five channels, lets it come to rest, and keeps the database as it then is. */
export async function prepareBeginning(machinery: Machinery): Promise<Beginning> {
  Logger.overrideLogger(false);
  const shops = newShops();
  const world = new World(machinery, 0, shops);
  const { scheduler } = machinery;
  const prepared = async (): Promise<void> => {
    world.installation.start();
    await setUp(world);
    await settle(world);
    await world.installation.stop();
  };
  await scheduler.until(Promise.race([prepared(), world.failure]));
  machinery.backend.keep();
  return shops;
}

export interface SeedOptions {
  /** A shorter life, for many seeds in little time. */
  readonly brief?: boolean;
  /** Whole days awake instead of a storm of seconds. */
  readonly calmDays?: number;
}

/** One seed from its beginning to rest, or to the first invariant that is broken. */
export async function runSeed(
  machinery: Machinery,
  beginning: Beginning,
  seed: number,
  { brief = false, calmDays }: SeedOptions = {},
): Promise<SeedResult> {
  const { scheduler, backend } = machinery;
  backend.restore();
  const shops = new Map([...beginning].map(([channel, shop]) => [channel, shop.copy()]));
  const world = new World(machinery, seed, shops);
  world.pace = calmDays === undefined ? storm(scheduler.random, brief) : calm(scheduler.random, calmDays);
  const failure = await scheduler.until(Promise.race([live(world), world.failure]).then(() => undefined, failureOf));
  const step = scheduler.steps;
  world.installation.end();
  return {
    seed,
    failure: failure && { ...failure, step },
    hash: scheduler.hash,
    steps: step,
    events: world.log.head,
    simulatedMs: scheduler.passedMs,
    awakeMs: scheduler.nowMs,
  };
}

async function live(world: World): Promise<void> {
  const { pace } = world;
  const { scheduler } = world.machinery;
  const people = new People(world);
  const faults = new Faults(world, people);
  world.log.read();
  world.installation.start();
  const { random } = scheduler;
  every(world, pace.actEveryMs, () => {
    if (!random.chance(pace.bustle(scheduler.epochMs))) return;
    // People come in groups, so that things happen at once.
    for (let left = random.chance(0.3) ? random.between(2, 4) : 1; left > 0; left -= 1) void people.act();
  });
  if (pace.strikeEveryMs !== undefined) every(world, pace.strikeEveryMs, () => faults.strike());
  await pause(world, pace.lifeMs);
  faults.cease();
  for (const channel of CHANNELS) void people.resumeChannel(channel);
  await settle(world);
  checkAtRest(world);
}

/** Lets things happen at random intervals as long as life lasts. */
function every(world: World, meanMs: number, happen: () => void): void {
  const { scheduler } = world.machinery;
  const wait = scheduler.random.exponential(meanMs);
  scheduler.after(
    wait,
    () => {
      if (scheduler.nowMs >= world.pace.lifeMs) return;
      happen();
      every(world, meanMs, happen);
    },
    'the world turns',
    scheduler.world,
  );
}

async function settle(world: World): Promise<void> {
  const { scheduler } = world.machinery;
  const deadlineMs = scheduler.nowMs + world.pace.settledWithinMs;
  const stepsMax = scheduler.steps + STEPS_MAX;
  for (let quietLooks = 0; quietLooks < 2; ) {
    // First, so that what is checked afterwards is what was looked at, and no transaction is open then either.
    await pause(world, 1_000);
    must(
      scheduler.steps < stepsMax,
      'it comes to rest once faults stop',
      () => `it is busy without end, ${STEPS_MAX} steps`,
    );
    const open = unsettled(world);
    quietLooks = open === undefined ? quietLooks + 1 : 0;
    if (open !== undefined && scheduler.nowMs > deadlineMs)
      throw new Violation('it comes to rest once faults stop', open);
  }
}

const pause = ({ machinery: { scheduler } }: World, ms: number): Promise<void> =>
  new Promise((resolve) => void scheduler.after(ms, resolve, 'looks again', scheduler.world));

/** Some ten times what a seed takes. */
const STEPS_MAX = 60_000;

function failureOf(error: unknown): { invariant: string; message: string } {
  if (error instanceof Violation) return { invariant: error.invariant, message: error.message };
  return {
    invariant: 'the simulation itself',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
