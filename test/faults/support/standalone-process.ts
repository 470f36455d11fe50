import type { ChildProcess } from 'node:child_process';
import { Api } from '../../e2e/support/api.js';
import { addressOf, endOf, outputOf, startProgram } from '../../e2e/support/programs.js';

/** The system as `npm start` runs it, seen from outside. */
export class StandaloneProcess {
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #address: Promise<string>;

  constructor(environment: Readonly<Record<string, string>>) {
    this.#child = startProgram('apps/standalone/src/main', [], environment, { sourceMaps: false });
    this.ended = endOf(this.#child);
    this.#address = addressOf(this.#child, outputOf(this.#child));
    this.#address.catch(() => {});
  }

  /** Resolves once it says that it answers. */
  async ready(): Promise<Api> {
    return new Api(await this.#address);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
