import { Api } from '../../e2e/support/api.js';
import { endOf, outputOf, startProgram } from '../../e2e/support/programs.js';

/** The system as `npm start` runs it, seen from outside. */
export class StandaloneProcess {
  readonly ended: Promise<number | null>;
  readonly #child: ReturnType<typeof startProgram>;
  readonly #output: () => string;
  readonly #ready = Promise.withResolvers<Api>();

  constructor(environment: Readonly<Record<string, string>>) {
    this.#child = startProgram('apps/standalone/src/main', [], environment, { sourceMaps: false });
    this.#output = outputOf(this.#child);
    this.ended = endOf(this.#child);
    this.#child.stdout?.on('data', () => this.#look());
    this.#ready.promise.catch(() => {});
    void this.ended.then((code) => this.#ready.reject(new Error(`It ended with ${code}: ${this.#output()}`)));
  }

  /** Resolves once it says that it answers. */
  ready(): Promise<Api> {
    return this.#ready.promise;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  #look(): void {
    const url = /answers at (http:\S+) /.exec(this.#output())?.[1];
    if (url !== undefined) this.#ready.resolve(new Api(url));
  }
}
