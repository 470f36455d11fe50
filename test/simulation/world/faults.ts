import { rebuild } from '#read-models';
import { catalogProjections } from '../../../apps/catalog/src/assemble.js';
import { customersProjections } from '../../../apps/customers/src/assemble.js';
import { inventoryProjections } from '../../../apps/inventory/src/assemble.js';
import { ordersProjections } from '../../../apps/orders/src/assemble.js';
import type { People } from './people.js';
import { FAIR } from './weather.js';
import type { World } from './world.js';

/** Everything that goes wrong in a world, one thing at a time of its own choosing. */
export class Faults {
  constructor(
    private readonly world: World,
    private readonly people: People,
  ) {
    const { scheduler } = world.machinery;
    const often = world.pace.strikesAfterCommits;
    // At the most delicate moment: something is durable, and its caller does not know yet.
    world.afterCommit = (toLog) => {
      if (!scheduler.random.chance(toLog ? 3 * often : often)) return;
      const delayMs = scheduler.random.chance(0.5) ? 0 : scheduler.random.exponential(0.5);
      scheduler.after(delayMs, () => this.#strike(AFTER_COMMITS), 'a fault', scheduler.world);
    };
  }

  strike(): void {
    const { sleeps } = this.world.pace;
    this.#strike(sleeps ? FAULTS : FAULTS.filter(([fault]) => fault !== 'sleep'));
  }

  #strike(faults: readonly (readonly [Fault, number])[]): void {
    const fault = this.#random.pickWeighted(faults);
    this.world.machinery.scheduler.trace(`fault: ${fault}`);
    this[fault]();
  }

  /** From now on nothing goes wrong. */
  cease(): void {
    this.world.afterCommit = () => {};
    this.world.weather.troubles = { ...FAIR };
  }

  kill(): void {
    this.world.installation.kill();
  }

  restart(): void {
    void this.world.installation.restart();
  }

  pauseAndReplace(): void {
    const endMs = this.#random.between(50, 3_000);
    const wakesInMs = endMs + this.#random.between(500, 6_000);
    this.world.installation.pauseAndReplace(endMs, wakesInMs);
    if (!this.#random.chance(0.3)) return;
    // The successor has just died when the first one wakes: no process holds the lock.
    const { scheduler } = this.world.machinery;
    scheduler.after(wakesInMs - this.#random.between(1, 150), () => this.kill(), 'the successor dies', scheduler.world);
  }

  stall(): void {
    this.world.installation.stall(this.#random.between(50, 4_000));
  }

  /** Everybody comes at once. */
  rush(withinMs = this.#random.pick([50, 200, 1_000])): void {
    const { scheduler } = this.world.machinery;
    for (let left = this.#random.between(5, 15); left > 0; left -= 1)
      scheduler.after(
        this.#random.exponential(withinMs),
        () => void this.people.act(),
        'in the crowd',
        scheduler.world,
      );
  }

  crashDatabase(): void {
    this.world.machinery.database.crash(this.#random.between(100, 3_000));
  }

  cutOff(): void {
    this.world.installation.cutOff();
  }

  breakConnections(): void {
    for (let left = this.#random.between(1, 4); left > 0; left -= 1) this.world.machinery.database.breakOne();
  }

  partition(): void {
    this.#for(this.#random.between(300, 6_000), () => {
      this.world.weather.troubles.partitioned = true;
      return () => (this.world.weather.troubles.partitioned = false);
    });
  }

  badNetwork(): void {
    this.#trouble('network');
  }

  badShops(): void {
    this.#trouble('shops');
  }

  /** Now and then while many want the same thing: a turn fails, and what was decided ahead of it. */
  badDisk(): void {
    this.#trouble('disk');
    if (this.#random.chance(0.5)) void this.people.drop();
  }

  /** The machine sleeps through an evening, a night, a weekend: clocks jump, timers do not. */
  sleep(): void {
    this.world.machinery.scheduler.sleep(this.#random.exponential(10 * 3_600_000));
  }

  /** From the operator's own machine; now and then while everybody comes, so that more happens meanwhile. */
  rebuildView(): void {
    if (this.#random.chance(0.2)) this.badNetwork();
    if (this.#random.chance(0.7)) this.rush(1_000);
    const projection = this.#random.pick(REBUILT);
    this.world.installation.operate(
      ({ readModels, store }) => rebuild(readModels, projection, store, { pageSize: 40 }),
      this.#random.exponential(10_000),
    );
  }

  get #random() {
    return this.world.machinery.scheduler.random;
  }

  #trouble(kind: 'network' | 'shops' | 'disk'): void {
    this.#for(this.#random.exponential(5_000) * Math.sqrt(this.world.pace.leisure), () => {
      this.world.weather.troubles[kind] = 0.2 + 0.8 * this.#random.next();
      return () => (this.world.weather.troubles[kind] = 0);
    });
  }

  #for(durationMs: number, begin: () => () => void): void {
    const { scheduler } = this.world.machinery;
    scheduler.after(durationMs, begin(), 'it gets better', scheduler.world);
  }
}

const REBUILT = [...catalogProjections, ...inventoryProjections, ...ordersProjections, ...customersProjections];

const FAULTS = [
  ['kill', 10],
  ['restart', 4],
  ['pauseAndReplace', 6],
  ['stall', 4],
  ['rush', 4],
  ['crashDatabase', 6],
  ['breakConnections', 10],
  ['cutOff', 3],
  ['partition', 4],
  ['badNetwork', 6],
  ['badShops', 10],
  ['badDisk', 24],
  ['sleep', 12],
  ['rebuildView', 20],
] as const satisfies readonly (readonly [keyof Faults, number])[];

type Fault = (typeof FAULTS)[number][0];

const AFTER_COMMITS: readonly (readonly [Fault, number])[] = [
  ['kill', 4],
  ['cutOff', 4],
  ['breakConnections', 4],
  ['crashDatabase', 1],
  ['restart', 1],
  ['pauseAndReplace', 1],
];
