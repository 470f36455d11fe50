import { AsyncLocalStorage } from 'node:async_hooks';
import TinyQueue from 'tinyqueue';
import { Random } from './random.js';

/** A simulated operating-system process, or the world around it: whose timers and messages live and die together. */
export class Scope {
  dead = false;
  paused = false;
  /** What came due while it was paused. */
  readonly held: Timer[] = [];

  constructor(readonly name: string) {}
}

/** Looks enough like the timers of Node for who calls `unref` or `clearTimeout`. */
export class Timer {
  cancelled = false;

  constructor(
    readonly atMs: number,
    readonly place: number,
    readonly scope: Scope,
    readonly label: string,
    readonly run: () => void,
  ) {}

  unref(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
}

/** Events that may fire within one instant before it is taken for an endless loop. */
const EVENTS_PER_INSTANT_MAX = 100_000;

const EPOCH_MS = Date.parse('2026-03-02T08:00:00Z');
const drain = setImmediate;
const quiet = (): Promise<void> => new Promise((resolve) => void drain(resolve));

/**
 * The one loop under everything: lets promises settle until nothing moves, then fires the next timer. Time passes only
 * here. What code does is attributed to the scope it runs in, through every await.
 */
export class Scheduler {
  readonly world = new Scope('world');
  random = new Random(0);
  /** Told of every event, for a person who reads the trace. */
  onTrace: ((line: string) => void) | undefined;
  steps = 0;
  /** How often random bytes were asked for. */
  pagesOfChance = 0;
  readonly #scopes = new AsyncLocalStorage<Scope>();
  #timers = new TinyQueue<Timer>([], (a, b) => a.atMs - b.atMs || a.place - b.place);
  #places = 0;
  #nowMs = 0;
  #sleptMs = 0;
  #hash = 0;
  #atThisInstant = 0;

  /** Forgets every timer and begins at the same instant with the chance of this seed. */
  reset(seed: number): void {
    this.#timers = new TinyQueue<Timer>([], (a, b) => a.atMs - b.atMs || a.place - b.place);
    this.random = new Random(seed);
    this.#places = 0;
    this.#nowMs = 0;
    this.#sleptMs = 0;
    this.#hash = 0;
    this.steps = 0;
    this.world.held.length = 0;
  }

  /** Milliseconds of this machine since it began, without the time it was asleep: `performance.now()`. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** The time on the wall: `Date.now()`. */
  get epochMs(): number {
    return Math.floor(EPOCH_MS + this.#nowMs + this.#sleptMs);
  }

  /** Simulated time in all. */
  get passedMs(): number {
    return this.#nowMs + this.#sleptMs;
  }

  /** The machine was asleep (a closed lid, a suspended host): the wall clock jumps, timers stand where they were. */
  sleep(ms: number): void {
    this.#sleptMs += ms;
  }

  get scope(): Scope {
    return this.#scopes.getStore() ?? this.world;
  }

  within<Result>(scope: Scope, work: () => Result): Result {
    return this.#scopes.run(scope, work);
  }

  after(delayMs: number, run: () => void, label = 'timer', scope = this.scope): Timer {
    const timer = new Timer(this.#nowMs + Math.max(0, delayMs), this.#places, scope, label, run);
    this.#places += 1;
    this.#timers.push(timer);
    return timer;
  }

  kill(scope: Scope): void {
    scope.dead = true;
    scope.held.length = 0;
  }

  /** Lets a paused scope go on: everything it has missed happens at once, in its order. */
  resume(scope: Scope): void {
    scope.paused = false;
    for (const timer of scope.held.splice(0)) this.after(0, timer.run, timer.label, scope);
  }

  trace(line: string): void {
    const text = `${this.#nowMs.toFixed(3)} ${line}`;
    let hash = this.#hash;
    for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    this.#hash = hash;
    this.onTrace?.(text);
  }

  /** The same for two runs in which the same happened. */
  get hash(): string {
    return `${(this.#hash >>> 0).toString(16).padStart(8, '0')}/${this.steps}`;
  }

  /** Runs until the promise has settled, and gives what it came to. */
  async until<Result>(promise: Promise<Result>): Promise<Result> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    for (await quiet(); !settled; await quiet()) if (!this.#fireNext()) throw new Error('Nothing is left to happen.');
    return promise;
  }

  #fireNext(): boolean {
    for (let timer = this.#timers.pop(); timer; timer = this.#timers.pop()) {
      if (timer.cancelled || timer.scope.dead) continue;
      if (timer.scope.paused) {
        timer.scope.held.push(timer);
        continue;
      }
      this.#advance(timer);
      this.#scopes.run(timer.scope, timer.run);
      return true;
    }
    return false;
  }

  #advance(timer: Timer): void {
    this.#atThisInstant = timer.atMs === this.#nowMs ? this.#atThisInstant + 1 : 0;
    if (this.#atThisInstant > EVENTS_PER_INSTANT_MAX) throw new Error('Time stands still: something runs in a circle.');
    this.#nowMs = timer.atMs;
    this.steps += 1;
    this.trace(`${timer.scope.name} ${timer.label}`);
  }
}
