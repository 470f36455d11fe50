import { Logger } from '@nestjs/common';
import { checkAtRest, unsettled } from './oracle/convergence.js';
import { Violation } from './oracle/violation.js';
import type { Shop } from './shops/shop.js';
import { Faults } from './world/faults.js';
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
}

/** One seed from its beginning to rest, or to the first invariant that is broken. */
export async function runSeed(
  machinery: Machinery,
  beginning: Beginning,
  seed: number,
  { brief = false }: SeedOptions = {},
): Promise<SeedResult> {
  const { scheduler, backend } = machinery;
  backend.restore();
  const shops = new Map([...beginning].map(([channel, shop]) => [channel, shop.copy()]));
  const world = new World(machinery, seed, shops);
  const failure = await scheduler.until(
    Promise.race([live(world, brief), world.failure]).then(() => undefined, failureOf),
  );
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

async function live(world: World, brief: boolean): Promise<void> {
  const { scheduler } = world.machinery;
  const people = new People(world);
  const faults = new Faults(world, people);
  world.log.read();
  world.installation.start();
  const { random } = scheduler;
  const endMs = random.between(2_000, 7_000) / (brief ? 4 : 1);
  const faulty = random.chance(0.9);
  const [actEveryMs, strikeEveryMs] = [random.between(100, 500), random.between(800, 4_000)];
  every(world, actEveryMs, endMs, () => {
    // People come in groups, so that things happen at once.
    for (let left = random.chance(0.3) ? random.between(2, 4) : 1; left > 0; left -= 1) void people.act();
  });
  if (faulty) every(world, strikeEveryMs, endMs, () => faults.strike());
  await pause(world, endMs);
  faults.cease();
  for (const channel of CHANNELS) void people.resumeChannel(channel);
  await settle(world);
  checkAtRest(world);
}

/** Lets things happen at random intervals until a moment. */
function every(world: World, meanMs: number, endMs: number, happen: () => void): void {
  const { scheduler } = world.machinery;
  const wait = scheduler.random.exponential(meanMs);
  scheduler.after(
    wait,
    () => {
      if (scheduler.nowMs >= endMs) return;
      happen();
      every(world, meanMs, endMs, happen);
    },
    'the world turns',
    scheduler.world,
  );
}

async function settle(world: World): Promise<void> {
  const { scheduler } = world.machinery;
  const deadlineMs = scheduler.nowMs + SETTLED_WITHIN_MS;
  for (let quietLooks = 0; quietLooks < 2; ) {
    // First, so that what is checked afterwards is what was looked at, and no transaction is open then either.
    await pause(world, 1_000);
    const open = unsettled(world);
    quietLooks = open === undefined ? quietLooks + 1 : 0;
    if (open !== undefined && scheduler.nowMs > deadlineMs)
      throw new Violation('it comes to rest once faults stop', open);
  }
}

const pause = ({ machinery: { scheduler } }: World, ms: number): Promise<void> =>
  new Promise((resolve) => void scheduler.after(ms, resolve, 'looks again', scheduler.world));

/** Several drift checks, the longest pause of a runner and of a circuit breaker fit in. */
const SETTLED_WITHIN_MS = 150_000;

function failureOf(error: unknown): { invariant: string; message: string } {
  if (error instanceof Violation) return { invariant: error.invariant, message: error.message };
  return {
    invariant: 'the simulation itself',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
