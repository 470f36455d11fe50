import { median } from './statistics.js';

export interface Figure {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What was measured: one value per round and metric. */
export class Measurements {
  readonly #values = new Map<string, number[]>();

  record(metric: string, value: number): void {
    const values = this.#values.get(metric) ?? [];
    this.#values.set(metric, [...values, value]);
  }

  /** The value of a metric in the round that was recorded last. */
  last(metric: string): number {
    return this.of(metric).at(-1) ?? Number.NaN;
  }

  figures(): Figure[] {
    return [...this.#values.keys()].map((name) => this.figure(name));
  }

  /** Throws for a metric that was not recorded. */
  figure(metric: string): Figure {
    return figureOf(metric, this.of(metric));
  }

  /** Of two metrics of the same rounds: the quotient per round, then its median. Machines drift; one round does not. */
  ratio(name: string, numerator: string, denominator: string): Figure {
    const below = this.of(denominator);
    return figureOf(
      name,
      this.of(numerator).map((value, round) => value / (below[round] ?? Number.NaN)),
    );
  }

  private of(metric: string): readonly number[] {
    const values = this.#values.get(metric);
    if (!values) throw new Error(`Nothing was measured under the name ${metric}.`);
    return values;
  }
}

const figureOf = (name: string, values: readonly number[]): Figure => ({
  name,
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});
