import type { ChildProcess } from 'node:child_process';
import { type ServiceName, serviceNames } from '#contracts';
import { Api } from '../../../e2e/support/api.js';
import { addressOf, endOf, outputOf, startProgram } from '../../../e2e/support/programs.js';

export const SERVICES = serviceNames;
export type Service = ServiceName;
export type Role = 'all' | 'api' | 'worker';

/** One process of one service. */
export class ServiceProcess {
  readonly output: () => string;
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #httpUrl = '';

  constructor(
    readonly service: Service,
    readonly role: Role,
    environment: Readonly<Record<string, string>>,
  ) {
    this.#child = startProgram(`apps/${service}/src/main`, [], { ...environment, EINKLANG_ROLE: role });
    this.output = outputOf(this.#child);
    this.ended = endOf(this.#child);
  }

  /** Where it answers, once it does. */
  get httpUrl(): string {
    return this.#httpUrl;
  }

  get api(): Api {
    return new Api(this.#httpUrl);
  }

  /** Resolves once it answers; rejects when it ends before. */
  async answers(): Promise<this> {
    this.#httpUrl = await addressOf(this.#child, this.output);
    return this;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** SIGTERM, as a rolling restart sends it. Resolves with the exit code. */
  stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.ended;
  }
}
