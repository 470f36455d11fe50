import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { Api } from '../../e2e/support/api.js';
import { endOf, outputOf, startProgram } from '../../e2e/support/programs.js';
import type { Ledger } from './ledger.js';
import type { Order, Report } from './messages.js';

/** A worker (`worker.ts`) seen from outside. What it acknowledges goes into the ledger. */
export class WorkerProcess {
  /** Commands that were not acknowledged at once, by the error they met. */
  readonly refused = new Map<string, number>();
  readonly output: () => string;
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #ready = Promise.withResolvers<Api>();
  readonly #probes = new Map<string, () => void>();
  #resting: (() => void) | undefined;

  constructor(
    environment: Readonly<Record<string, string>>,
    private readonly ledger: Ledger,
  ) {
    this.#child = startProgram('test/faults/support/worker', [], environment);
    this.output = outputOf(this.#child);
    this.ended = endOf(this.#child);
    // An order that no longer reaches it: `whileAlive` tells how it ended.
    this.#child.on('error', () => {});
    this.#child.on('message', (report: Report) => this.#take(report));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves once it answers HTTP. */
  ready(): Promise<Api> {
    return this.whileAlive(this.#ready.promise);
  }

  /** Starts the callers, each where the ledger says that it stands. */
  load(): void {
    this.#order({ type: 'load', acknowledgedBy: this.ledger.acknowledgedBy });
  }

  /** Resolves when every command that was sent is acknowledged, and no more are sent. */
  async rest(): Promise<void> {
    const resting = new Promise<void>((resolve) => {
      this.#resting = resolve;
    });
    this.#order({ type: 'rest' });
    await this.whileAlive(resting);
  }

  /** One reservation; resolves when it is acknowledged. Where the worker still starts, as soon as it has started. */
  async probe(id: string): Promise<void> {
    const probed = new Promise<void>((resolve) => this.#probes.set(id, resolve));
    this.#order({ type: 'probe', id });
    await this.whileAlive(probed);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** Resolves or rejects as `work` does; rejects when the process ends before, or nothing happens for minutes. */
  async whileAlive<Value>(work: Promise<Value>): Promise<Value> {
    const done = new AbortController();
    const died = this.ended.then((code) => {
      throw new Error(`The process ended with ${code}: ${this.output()}`);
    });
    const late = delay(RETRY_FOR_MS, undefined, { signal: done.signal, ref: false }).then(() => {
      throw new Error(`Nothing happened for ${RETRY_FOR_MS / 1_000} s: ${this.output()}`);
    });
    for (const failure of [died, late]) failure.catch(() => {});
    try {
      return await Promise.race([work, died, late]);
    } finally {
      done.abort();
    }
  }

  #order(order: Order): void {
    this.#child.send(order);
  }

  #take(report: Report): void {
    switch (report.type) {
      case 'ready':
        this.#ready.resolve(new Api(report.httpUrl));
        break;
      case 'acknowledged':
        this.#note(report.pairs);
        break;
      case 'probed':
        this.ledger.noteProbe(report.id);
        this.#probes.get(report.id)?.();
        break;
      case 'resting':
        this.#resting?.();
        break;
      case 'refused':
        this.refused.set(report.code, (this.refused.get(report.code) ?? 0) + 1);
        break;
      case 'wrong':
        this.ledger.violations.push(report.sentence);
        break;
      default:
        report satisfies never;
    }
  }

  #note(pairs: readonly number[]): void {
    for (let index = 0; index < pairs.length; index += 2) this.ledger.note(pairs[index] ?? 0, pairs[index + 1] ?? 0);
  }
}

const RETRY_FOR_MS = 180_000;
