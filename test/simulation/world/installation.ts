import type { ChannelsOptions } from '../../../apps/channels/src/options.js';
import type { DatabaseServer } from '../database/server.js';
import { type NetworkWeather, SimulatedSocket } from '../database/socket.js';
import { type Scheduler, Scope } from '../kit/scheduler.js';
import { must } from '../oracle/violation.js';
import { type OperatorProgram, type SystemProcess, startOperatorProgram, startProcess } from '../process.js';

/** Unknown whether the call had its effect: no answer came. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

interface Running {
  readonly scope: Scope;
  system: SystemProcess | undefined;
  /** How callers whose answer can no longer come hear of it. */
  readonly callers: Set<(error: Error) => void>;
}

/** What is around the machine. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly database: DatabaseServer;
  readonly toDatabase: () => NetworkWeather;
  /** To the database from an operator's machine. */
  readonly fromAfar: () => NetworkWeather;
  readonly toCallers: () => NetworkWeather;
  /** How the installation sets the work on channels up. */
  readonly channels: () => ChannelsOptions;
  /** Runs a check; what it throws ends the seed. */
  readonly guard: (check: () => void) => void;
}

/** The machine the system runs on: starts processes, kills them, keeps one running, and carries calls to it. */
export class Installation {
  readonly #sockets = new Map<Scope, SimulatedSocket[]>();
  readonly #scheduler: Scheduler;
  readonly #outside: Surroundings;
  #current: Running | undefined;
  /** Those that stood still and may wake. */
  readonly #replaced: Running[] = [];
  readonly #operators = new Set<Scope>();
  #started = 0;
  #supervised = true;

  constructor(surroundings: Surroundings) {
    this.#outside = surroundings;
    this.#scheduler = surroundings.scheduler;
  }

  /** The driver of the process that runs now wants a connection. */
  openSocket(): SimulatedSocket {
    const { scope } = this.#scheduler;
    const weather = this.#operators.has(scope) ? this.#outside.fromAfar : this.#outside.toDatabase;
    const socket = new SimulatedSocket(this.#scheduler, this.#outside.database, weather);
    this.#sockets.set(scope, [...(this.#sockets.get(scope) ?? []).filter(({ writable }) => writable), socket]);
    return socket;
  }

  /** The process callers reach, once it is up. */
  get system(): SystemProcess | undefined {
    return this.#current?.system;
  }

  /** Starts a process; one that is running stays, as after a failover that was a mistake. */
  start(): void {
    const { world } = this.#scheduler;
    this.#started += 1;
    const running: Running = { scope: new Scope(`p${this.#started}`), system: undefined, callers: new Set() };
    this.#current = running;
    const { name } = running.scope;
    const log = (line: string): void => this.#scheduler.onTrace?.(`    ${name}: ${line}`);
    this.#scheduler
      .within(running.scope, () =>
        startProcess({ name, log, channels: this.#outside.channels(), onFenced: () => this.#fenced(running) }),
      )
      .then(
        (system) => {
          running.system = system;
          this.#scheduler.trace(`${name} is up`);
        },
        (error: unknown) => this.#scheduler.within(world, () => this.#turnedAway(running, String(error))),
      );
  }

  /** An operator runs a program on a machine of his own, and may give up in the middle of it. */
  operate(work: (program: OperatorProgram) => Promise<unknown>, givesUpInMs: number): void {
    const { world } = this.#scheduler;
    this.#started += 1;
    const scope = new Scope(`o${this.#started}`);
    this.#operators.add(scope);
    const end = (how: string) => (): void => {
      if (scope.dead) return;
      this.#scheduler.trace(`${scope.name} ${how}`);
      this.#scheduler.kill(scope);
      this.#dropSockets(scope);
      this.#operators.delete(scope);
    };
    this.#scheduler.within(scope, () => startOperatorProgram(scope.name, work)).then(end('is done'), end('has failed'));
    this.#scheduler.after(givesUpInMs, end('gives up'), 'an operator loses patience', world);
  }

  /** Every connection between the process and the database breaks, and answers on their way are lost. */
  cutOff(): void {
    if (this.#current) this.#dropSockets(this.#current.scope);
  }

  /** SIGKILL: from this instant nothing of it has any effect. */
  kill(): void {
    if (this.#current) this.#exit(this.#current, 'is killed');
  }

  /** SIGTERM: it ends in order, and is started again. */
  async restart(): Promise<void> {
    const running = this.#current;
    if (!running?.system || running.scope.dead) return;
    const { shutdown } = running.system;
    running.system = undefined;
    await this.#scheduler.within(running.scope, () => shutdown.run());
    this.#exit(running, 'has ended');
  }

  /** SIGSTOP. The database gives its sessions up after a while, another process takes over, and then the first one wakes. */
  pauseAndReplace(sessionsEndInMs: number, wakesInMs: number): void {
    const old = this.#current;
    if (!old) return;
    const { world } = this.#scheduler;
    this.#scheduler.trace(`${old.scope.name} stands still`);
    old.scope.paused = true;
    this.#refuseCallers(old);
    this.#scheduler.after(sessionsEndInMs, () => this.#dropSockets(old.scope), 'sessions time out', world);
    // One that was killed meanwhile is started again by the supervisor: two successors would turn each other away.
    this.#scheduler.after(sessionsEndInMs + 1, () => this.#current === old && this.start(), 'failover', world);
    this.#replaced.push(old);
    this.#wakeIn(wakesInMs, old);
  }

  /** SIGSTOP and SIGCONT before anybody has noticed: a busy host, a machine that is moved. */
  stall(durationMs: number): void {
    const running = this.#current;
    if (!running || running.scope.paused) return;
    running.scope.paused = true;
    this.#wakeIn(durationMs, running);
  }

  /** As {@link restart}, and nothing is started again. */
  async stop(): Promise<void> {
    this.#supervised = false;
    await this.restart();
  }

  /** Ends what runs, and starts nothing any more. */
  end(): void {
    this.#supervised = false;
    this.kill();
  }

  /** A call over the network to whatever process is up. Rejects with {@link Unanswered} where that is unknown. */
  call<Answer>(what: string, work: (system: SystemProcess) => Promise<Answer>): Promise<Answer> {
    const { world } = this.#scheduler;
    return new Promise((resolve, reject) => {
      const timeout = this.#scheduler.after(
        CALL_TIMEOUT_MS,
        () => reject(new Unanswered(what)),
        `${what} times out`,
        world,
      );
      const there = this.#outside.toCallers().delayMs();
      if (there === undefined) return;
      const answer = (settle: () => void): void => {
        const back = this.#outside.toCallers().delayMs();
        if (back === undefined) return;
        timeout.cancelled = true;
        this.#scheduler.after(back, settle, `${what} is answered`, world);
      };
      const arrive = (): void => {
        const running = this.#current;
        if (!running?.system || running.scope.paused) {
          answer(() => reject(new Unanswered(what)));
          return;
        }
        running.callers.add(reject);
        this.#scheduler
          .within(running.scope, () => work(running.system as SystemProcess))
          .then(
            (result) => answer(() => resolve(result)),
            (error: unknown) => answer(() => reject(error)),
          )
          .finally(() => running.callers.delete(reject));
      };
      this.#scheduler.after(there, arrive, `${what} arrives`, world);
    });
  }

  #wakeIn(delayMs: number, { scope }: Running): void {
    const wake = (): void => {
      this.#scheduler.trace(`${scope.name} wakes`);
      this.#scheduler.resume(scope);
    };
    this.#scheduler.after(delayMs, wake, 'wakes', this.#scheduler.world);
  }

  /** Where its successor died before it took over, the one that stood still is the writer yet: callers go on with it. */
  #turnedAway(running: Running, error: string): void {
    const holder = this.#replaced.find(
      ({ scope, system }) => system && !scope.dead && error.includes(`: ${scope.name} is writing`),
    );
    if (holder && this.#current === running) this.#current = holder;
    this.#exit(running, `cannot start: ${error}`);
  }

  #fenced(running: Running): void {
    this.#outside.guard(() =>
      must(this.#current !== running, 'only a writer that was replaced is fenced', () => running.scope.name),
    );
    this.#exit(running, 'is fenced');
  }

  #exit(running: Running, why: string): void {
    if (running.scope.dead) return;
    this.#scheduler.trace(`${running.scope.name} ${why}`);
    this.#scheduler.kill(running.scope);
    running.system = undefined;
    this.#refuseCallers(running);
    this.#dropSockets(running.scope);
    if (this.#current !== running || !this.#supervised) return;
    this.#current = undefined;
    const pauseMs = 200 + this.#scheduler.random.next() * 2_000;
    this.#scheduler.after(pauseMs, () => this.#supervised && this.start(), 'supervisor starts', this.#scheduler.world);
  }

  #dropSockets(scope: Scope): void {
    for (const socket of this.#sockets.get(scope) ?? []) socket.abandon();
    this.#sockets.delete(scope);
  }

  #refuseCallers({ callers }: Running): void {
    const refuse = [...callers];
    callers.clear();
    this.#scheduler.after(
      1,
      () => {
        for (const reject of refuse) reject(new Unanswered('the connection was reset'));
      },
      'callers are cut off',
      this.#scheduler.world,
    );
  }
}

const CALL_TIMEOUT_MS = 4_000;
